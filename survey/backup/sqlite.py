"""A SQLite database at one moment, by its backup interface."""

import hashlib
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from zipfile import ZipFile

from survey.backup.place import BOOKKEEPING, SnapshotError, TableState, compare

PAGES_AT_ONCE = 1000
DATABASE = "database.sqlite"


@dataclass(frozen=True)
class SqlitePlace:
    path: Path
    engine: str = "sqlite"

    def version(self) -> str:
        return sqlite3.sqlite_version

    def is_empty(self) -> bool:
        if not self.path.exists() or self.path.stat().st_size == 0:
            return True
        with closing(sqlite3.connect(self.path)) as database:
            return not database.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]

    def copy_out(self, archive: ZipFile) -> tuple[str, dict[str, TableState]]:
        with TemporaryDirectory(dir=self.path.parent, prefix=".backup-") as folder:
            copy = Path(folder) / DATABASE
            copy_pages(self.path, copy)
            with closing(sqlite3.connect(copy)) as database:
                found = revision_of(database), states_of(database)
            archive.write(copy, DATABASE)
        return found

    def copy_in(self, archive: ZipFile, revision: str, tables: dict[str, TableState]) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(dir=self.path.parent, prefix=".restore-") as folder:
            copy = Path(archive.extract(DATABASE, folder))
            with closing(sqlite3.connect(copy)) as database:
                check_file(database)
                if revision_of(database) != revision:
                    raise SnapshotError("The backup is of another revision than its manifest says.")
                compare(states_of(database), tables)
            copy.chmod(0o600)
            for leftover in ("-wal", "-shm"):
                self.path.with_name(self.path.name + leftover).unlink(missing_ok=True)
            copy.replace(self.path)


def copy_pages(source: Path, target: Path) -> None:
    """Copy a database as it is at one moment, a thousand pages at a time.

    The source is read in one transaction: without it, SQLite would begin again after every commit of another.
    """
    with closing(sqlite3.connect(source, isolation_level=None)) as live, closing(sqlite3.connect(target)) as copy:
        live.execute("BEGIN")
        live.execute("SELECT count(*) FROM sqlite_master").fetchone()
        live.backup(copy, pages=PAGES_AT_ONCE)
        live.execute("ROLLBACK")
        copy.execute("PRAGMA journal_mode=DELETE")


def check_file(database: sqlite3.Connection) -> None:
    if database.execute("PRAGMA integrity_check(1)").fetchone()[0] != "ok":
        raise SnapshotError("The database in the backup is damaged.")
    if row := database.execute("PRAGMA foreign_key_check").fetchone():
        raise SnapshotError(f"A row of {row[0]} in the backup refers to a row of {row[2]} that is not there.")


def revision_of(database: sqlite3.Connection) -> str:
    try:
        return str(database.execute(f"SELECT version_num FROM {BOOKKEEPING}").fetchone()[0])  # noqa: S608  # a constant
    except (sqlite3.Error, TypeError) as error:
        raise SnapshotError("There is no database of Whyleft here.") from error


def states_of(database: sqlite3.Connection) -> dict[str, TableState]:
    names = database.execute("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")
    return {name: _state_of(database, name) for (name,) in names.fetchall() if name != BOOKKEEPING}


def _state_of(database: sqlite3.Connection, table: str) -> TableState:
    described = database.execute(f'PRAGMA table_info("{table}")').fetchall()
    columns = [row[1] for row in described]
    key = [row[1] for row in sorted(described, key=lambda row: row[5]) if row[5]]
    listed, order = (", ".join(f'"{name}"' for name in names) for names in (columns, key or columns))
    rows = database.execute(f'SELECT {listed} FROM "{table}" ORDER BY {order}')  # noqa: S608  # names of the schema
    digest, count = hashlib.sha256(), 0
    for row in rows:
        digest.update(repr(row).encode(errors="surrogatepass"))
        count += 1
    return TableState(count, digest.hexdigest(), columns)
