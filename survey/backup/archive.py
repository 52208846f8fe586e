"""Everything that cannot be made again, in one file, checked on the way out and on the way in.

The file is a zip: the database as it was at one moment, the models and the uploads, and a manifest with what must be
found again when it is restored. Secrets and the mail folder stay out.
"""

import hashlib
import hmac
import json
import os
import platform
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any
from zipfile import ZIP_DEFLATED, BadZipFile, ZipFile

from survey.backup.place import Place, SnapshotError, TableState
from survey.backup.postgresql import PostgresPlace
from survey.backup.sqlite import SqlitePlace
from survey.clock import now
from survey.web import settings

FORMAT = 1
FOLDERS = ("models", "uploads")
MANIFEST = "manifest.json"
LARGEST_MANIFEST = 10_000_000
BLOCK = 1024 * 1024


class BackupError(Exception):
    """The backup cannot be made or used; the message says why."""


@dataclass(frozen=True)
class Manifest:
    """What is in the file, and what must be found again."""

    engine: str
    revision: str
    made_at: str
    versions: dict[str, str]
    #: tells one secret key from another and neither from anything else
    key_mark: str
    tables: dict[str, TableState]
    #: SHA-256 of every file of the instance folder, by its path in it
    files: dict[str, str]
    format: int = field(default=FORMAT)

    @property
    def rows(self) -> int:
        return sum(table.rows for table in self.tables.values())


def place() -> Place:
    """Where the database of this installation stands."""
    url = settings().database_url
    if settings().on_sqlite:
        return SqlitePlace(Path(url.removeprefix("sqlite:///")))
    return PostgresPlace(url.replace("postgresql+psycopg://", "postgresql://", 1))


def make_backup(target: Path) -> Manifest:
    """Write the whole backup to `target`, which appears when it is complete. Raises BackupError."""
    if target.exists():
        raise BackupError(f"{target} is already there. Choose another name.")
    unfinished = target.with_name(f"{target.name}.part")
    try:
        descriptor = os.open(unfinished, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w+b") as file:
            with ZipFile(file, "w", ZIP_DEFLATED, compresslevel=3) as archive:
                manifest = _fill(archive)
            file.flush()
            os.fsync(file.fileno())
        unfinished.rename(target)
    except OSError as error:
        raise BackupError(f"{target} cannot be written: {error.strerror or error}.") from error
    finally:
        unfinished.unlink(missing_ok=True)
    return manifest


def _fill(archive: ZipFile) -> Manifest:
    source = place()
    revision, tables = source.copy_out(archive)
    # after the database: every model that a row names was on disk before the row
    files = {name: _store(archive, path, name) for name, path in _instance_files()}
    manifest = Manifest(
        engine=source.engine,
        revision=revision,
        made_at=now().isoformat(timespec="seconds"),
        versions={"python": platform.python_version(), source.engine: source.version()},
        key_mark=key_mark(settings().secret_key),
        tables=tables,
        files=files,
    )
    archive.writestr(MANIFEST, json.dumps(asdict(manifest), indent=1))
    return manifest


def key_mark(secret_key: str) -> str:
    return hmac.new(secret_key.encode(), b"whyleft backup", hashlib.sha256).hexdigest()[:16]


def _instance_files() -> Iterator[tuple[str, Path]]:
    instance = settings().instance
    for folder in FOLDERS:
        for path in sorted((instance / folder).rglob("*")):
            if path.is_file() and not path.is_symlink():
                yield path.relative_to(instance).as_posix(), path


def _store(archive: ZipFile, path: Path, name: str) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as source, archive.open(f"files/{name}", "w", force_zip64=True) as target:
        while block := source.read(BLOCK):
            digest.update(block)
            target.write(block)
    return digest.hexdigest()


def use_backup(source: Path) -> Manifest:
    """Restore into this empty installation: checked before anything is stored, and again after. Raises BackupError."""
    target = place()
    with opened(source) as (archive, manifest):
        if manifest.engine != target.engine:
            raise BackupError(f"This is a backup of {manifest.engine}; this installation uses {target.engine}.")
        if not target.is_empty():
            raise BackupError("There is a database here already. A backup is restored into an empty place only.")
        if standing := next(_instance_files(), None):
            raise BackupError(f"{standing[0]} is here already. A backup is restored into an empty place only.")
        with _undone_on_failure() as restored:
            for name, digest in manifest.files.items():
                restored.append(_restore_file(archive, name, digest))
            target.copy_in(archive, manifest.revision, manifest.tables)
    return manifest


@contextmanager
def _undone_on_failure() -> Iterator[list[Path]]:
    """A list of files that are taken away again when what follows fails, so that it can be tried again."""
    made: list[Path] = []
    try:
        yield made
    except BaseException:
        for path in made:
            path.unlink(missing_ok=True)
        raise


@contextmanager
def opened(source: Path) -> Iterator[tuple[ZipFile, Manifest]]:
    """The archive and its manifest. Raises BackupError for what is no whole backup."""
    try:
        with ZipFile(source) as archive:
            manifest = _manifest(archive)
            if damaged := archive.testzip():
                raise BackupError(f"The backup is damaged: {damaged} cannot be read.")
            yield archive, manifest
    except (OSError, BadZipFile) as error:
        raise BackupError(f"{source} cannot be read: {getattr(error, 'strerror', None) or error}.") from error
    except SnapshotError as error:
        raise BackupError(str(error)) from error


def _manifest(archive: ZipFile) -> Manifest:
    try:
        if archive.getinfo(MANIFEST).file_size > LARGEST_MANIFEST:
            raise BackupError("This is not a backup of Whyleft: its manifest is too large.")
        given: dict[str, Any] = json.loads(archive.read(MANIFEST))
        if given.get("format") != FORMAT:
            raise BackupError(f"This backup has format {given.get('format')}; this version reads format {FORMAT}.")
        tables = {name: TableState(**state) for name, state in given.pop("tables").items()}
        return Manifest(tables=tables, **given)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise BackupError("This is not a backup of Whyleft: it has no manifest that can be read.") from error


def _restore_file(archive: ZipFile, name: str, wanted: str) -> Path:
    parts = PurePosixPath(name).parts
    if parts[0] not in FOLDERS or ".." in parts:
        raise BackupError(f"The backup names a file that belongs elsewhere: {name}.")
    target, digest = settings().instance.joinpath(*parts), hashlib.sha256()
    target.parent.mkdir(parents=True, exist_ok=True)
    with archive.open(f"files/{name}") as source, target.open("xb") as file:
        while block := source.read(BLOCK):
            digest.update(block)
            file.write(block)
    if digest.hexdigest() != wanted:
        target.unlink()
        raise BackupError(f"The backup is damaged: {name} is not what was stored.")
    return target
