"""A backup made while others write is one moment of the installation, and restores to it in an empty place."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile

import pytest
from click.testing import Result
from flask import Flask
from sqlalchemy import func, select, text

from survey import create_app
from survey.accounts import audit
from survey.accounts.audit import broken_entry
from survey.accounts.models import AuditEntry
from survey.config import Settings
from survey.customers.models import Branch
from survey.database import committed
from survey.doctor import THOROUGH, examine
from survey.extensions import db
from survey.jobs import queue
from survey.jobs.models import Job
from survey.notices import Notice, notify
from tests.engines import PostgresEngine, SqliteEngine, settings_for

Engine = SqliteEngine | PostgresEngine
WRITERS = 4


def run(app: Flask, *arguments: str) -> Result:
    return app.test_cli_runner().invoke(args=list(arguments))


@contextmanager
def empty_site(engine: Engine, folder: Path, **more: str) -> Iterator[Flask]:
    """An installation without anything in it."""
    folder.mkdir(exist_ok=True)
    with engine.empty(folder) as url:
        site = create_app(settings_for(folder, url, **more))
        yield site
        with site.app_context():
            db.session.remove()
            db.engine.dispose()


def answer(writer: int, number: int) -> None:
    """One change of several tables that belong together, as a request makes it."""
    queue.enqueue("count", f"count:{writer}:{number}", {"text": "naïve ☕ 'quoted' \\ \t\n"})
    audit.record("answered", writer, details={"number": number})
    db.session.add(Branch(name=f"Branch {writer}/{number}"))


@contextmanager
def load(app: Flask) -> Iterator[list[int]]:
    """Four writers without a pause; gives how many changes each has had acknowledged."""
    acknowledged, stop = [0] * WRITERS, threading.Event()

    def write(writer: int) -> None:
        with app.app_context():
            while not stop.is_set():
                committed(db.session, lambda: answer(writer, acknowledged[writer]))
                acknowledged[writer] += 1

    threads = [threading.Thread(target=write, args=(writer,)) for writer in range(WRITERS)]
    for thread in threads:
        thread.start()
    try:
        yield acknowledged
    finally:
        stop.set()
        for thread in threads:
            thread.join()


def fill(app: Flask) -> None:
    """A few thousand rows, a model, an upload, and a mail that was written to the folder."""
    instance: Path = app.settings.instance  # type: ignore[attr-defined]
    for name in ("models/abc.model", "uploads/2026/customers.csv", "mail/1.eml"):
        (instance / name).parent.mkdir(parents=True, exist_ok=True)
        (instance / name).write_bytes(name.encode() * 1000)
    with app.app_context():
        committed(db.session, lambda: db.session.add_all(Branch(name=f"Old {n}") for n in range(5000)))
        committed(db.session, lambda: notify("a", "info", "%(count)s left.", {"count": 3}))


def test_a_backup_under_load_restores_to_one_moment_of_it(app: Flask, engine: Engine, tmp_path: Path) -> None:
    fill(app)
    target = tmp_path / "whyleft.zip"
    with load(app) as acknowledged:
        wait_until(lambda: min(acknowledged) > 20)
        before = list(acknowledged)
        done = run(app, "backup", str(target))
        after = list(acknowledged)
    assert done.exit_code == 0, done.output
    assert sum(after) > sum(before)
    assert "Keep WHYLEFT_SECRET_KEY" in done.output
    with empty_site(engine, tmp_path / "new") as site:
        restored = run(site, "restore", str(target))
        assert restored.exit_code == 0, restored.output
        with site.app_context():
            check_one_moment(before, after)
            check_is_at_work()
        for name in ("models/abc.model", "uploads/2026/customers.csv"):
            assert (tmp_path / "new" / name).read_bytes() == (tmp_path / name).read_bytes()
        assert run(site, "db", "check").exit_code == 0


def wait_until(true: Any) -> None:
    waited = threading.Event()
    for _ in range(2000):
        if true():
            return
        waited.wait(0.01)
    raise AssertionError("it took too long")


def check_one_moment(before: list[int], after: list[int]) -> None:
    """Each writer's changes are there up to some number inside the window, each of them whole."""
    keys = [key.split(":") for key in db.session.scalars(select(Job.key))]
    for writer in range(WRITERS):
        numbers = sorted(int(number) for _, owner, number in keys if owner == str(writer))
        assert numbers == list(range(len(numbers)))
        # one more than acknowledged may be stored: its writer had not yet heard of it
        assert before[writer] <= len(numbers) <= after[writer] + 1
    entries = db.session.scalar(select(func.count()).select_from(AuditEntry).where(AuditEntry.action == "answered"))
    branches = db.session.scalar(select(func.count()).select_from(Branch).where(Branch.name.like("Branch %")))
    assert entries == branches == len(keys)
    assert broken_entry(db.session()) is None
    assert db.session.scalars(select(Job.arguments)).first() == {"text": "naïve ☕ 'quoted' \\ \t\n"}
    db.session.rollback()


def check_is_at_work() -> None:
    """The restored place takes new rows beside the old ones, and the doctor finds it whole."""
    highest = db.session.scalar(select(func.max(Job.id))) or 0
    db.session.rollback()
    committed(db.session, lambda: answer(99, 0))
    assert db.session.scalar(select(func.max(Job.id))) == highest + 1
    assert db.session.scalars(select(Notice.values)).one() == {"count": 3}
    db.session.rollback()
    assert {finding.level for finding in examine(THOROUGH)} == {"ok"}


@pytest.fixture
def saved(app: Flask, tmp_path: Path) -> Path:
    """A backup of a small installation."""
    fill(app)
    target = tmp_path / "whyleft.zip"
    assert run(app, "backup", str(target)).exit_code == 0
    return target


def test_the_backup_holds_no_secret_and_only_its_owner_reads_it(app: Flask, saved: Path) -> None:
    assert saved.stat().st_mode & 0o077 == 0
    settings: Settings = app.settings  # type: ignore[attr-defined]
    with ZipFile(saved) as archive:
        assert all(settings.secret_key.encode() not in archive.read(name) for name in archive.namelist())
        assert not [name for name in archive.namelist() if name.startswith("files/mail")]
        manifest = json.loads(archive.read("manifest.json"))
    assert manifest["tables"]["branch"]["rows"] == 5000
    assert manifest["revision"] >= "0002"


def test_a_backup_does_not_overwrite(app: Flask, saved: Path) -> None:
    stood = saved.read_bytes()
    done = run(app, "backup", str(saved))
    assert (done.exit_code, "is already there" in done.output) == (1, True)
    assert saved.read_bytes() == stood
    assert run(app, "backup", str(saved.parent / "nowhere" / "x.zip")).exit_code == 1


def test_a_place_in_use_is_left_alone(app: Flask, saved: Path) -> None:
    done = run(app, "restore", str(saved))
    assert (done.exit_code, "into an empty place only" in done.output) == (1, True)
    with app.app_context():
        assert db.session.scalar(select(func.count()).select_from(Branch)) == 5000


@pytest.mark.sqlite
def test_files_in_the_way_are_left_alone(engine: Engine, saved: Path, tmp_path: Path) -> None:
    with empty_site(engine, tmp_path / "new") as site:
        (tmp_path / "new" / "models").mkdir()
        (tmp_path / "new" / "models" / "other.model").write_text("mine")
        done = run(site, "restore", str(saved))
        assert (done.exit_code, "other.model is here already" in done.output) == (1, True)


def rewrite(source: Path, target: Path, change: dict[str, bytes]) -> Path:
    """The archive with some members replaced, their checksums right again."""
    with ZipFile(source) as old, ZipFile(target, "w", ZIP_DEFLATED) as new:
        for name in old.namelist():
            new.writestr(name, change.get(name, old.read(name)))
    return target


def test_a_backup_that_was_altered_is_refused_and_leaves_nothing(engine: Engine, saved: Path, tmp_path: Path) -> None:
    with ZipFile(saved) as archive:
        name = "database.sqlite" if isinstance(engine, SqliteEngine) else "tables/branch.copy"
        content = archive.read(name)
    assert b"Old 4711" in content
    altered = rewrite(saved, tmp_path / "altered.zip", {name: content.replace(b"Old 4711", b"Old 4x11")})
    with empty_site(engine, tmp_path / "new") as site:
        done = run(site, "restore", str(altered))
        assert done.exit_code == 1
        assert "branch" in done.output or "damaged" in done.output
        assert not list((tmp_path / "new" / "models").glob("*"))


@pytest.mark.sqlite
@pytest.mark.parametrize("harm", ["cut", "flipped", "not a zip", "empty", "no manifest", "file altered", "escaping"])
def test_what_is_no_whole_backup_is_refused(engine: Engine, saved: Path, tmp_path: Path, harm: str) -> None:
    broken = tmp_path / "broken.zip"
    whole = saved.read_bytes()
    with ZipFile(saved) as archive:
        manifest = json.loads(archive.read("manifest.json"))
    escaping = manifest | {"files": {"models/../../evil": "0" * 64}}
    if harm in ("cut", "flipped", "not a zip", "empty"):
        middle = len(whole) // 3
        flipped = whole[:middle] + bytes([whole[middle] ^ 255]) + whole[middle + 1 :]
        broken.write_bytes({"cut": whole[:-5000], "flipped": flipped, "not a zip": b"x" * 999, "empty": b""}[harm])
    else:
        changed = {
            "no manifest": {"manifest.json": b"{}"},
            "file altered": {"files/models/abc.model": b"other"},
            "escaping": {"manifest.json": json.dumps(escaping).encode()},
        }[harm]
        rewrite(saved, broken, changed)
    with empty_site(engine, tmp_path / "new") as site:
        done = run(site, "restore", str(broken))
        assert done.exit_code == 1, harm
        assert done.output.startswith("Error: ")
        assert not (tmp_path / "new" / "empty.db").exists()
        assert not (tmp_path / "evil").exists()


@pytest.mark.sqlite
def test_the_other_engine_is_refused(engine: Engine, saved: Path, tmp_path: Path) -> None:
    with ZipFile(saved) as archive:
        manifest = json.loads(archive.read("manifest.json"))
    foreign = manifest | {"engine": "postgresql"}
    other = rewrite(saved, tmp_path / "other.zip", {"manifest.json": json.dumps(foreign).encode()})
    with empty_site(engine, tmp_path / "new") as site:
        done = run(site, "restore", str(other))
    assert "This is a backup of postgresql; this installation uses sqlite." in done.output


def test_another_secret_key_is_told(engine: Engine, saved: Path, tmp_path: Path) -> None:
    with empty_site(engine, tmp_path / "new", secret_key="another secret, as long as it has to be") as site:
        done = run(site, "restore", str(saved))
    assert done.exit_code == 0
    assert "is not the key of the backup" in done.output


def test_a_revision_this_version_does_not_know_is_refused(engine: Engine, saved: Path, tmp_path: Path) -> None:
    with ZipFile(saved) as archive:
        manifest = json.loads(archive.read("manifest.json"))
    later = manifest | {"revision": "9999"}
    other = rewrite(saved, tmp_path / "later.zip", {"manifest.json": json.dumps(later).encode()})
    with empty_site(engine, tmp_path / "new") as site:
        done = run(site, "restore", str(other))
        assert done.exit_code == 1
        assert "revision" in done.output


@pytest.mark.sqlite
def test_a_reference_that_leads_nowhere_is_refused(app: Flask, engine: Engine, tmp_path: Path) -> None:
    with app.app_context():
        raw = db.engine.raw_connection()
        raw.execute("PRAGMA foreign_keys=OFF")  # type: ignore[attr-defined]
        raw.execute("INSERT INTO user_branch VALUES (4711, 4711)")  # type: ignore[attr-defined]
        raw.close()
        db.session.execute(text("SELECT 1"))
        db.session.remove()
        db.engine.dispose()
    target = tmp_path / "whyleft.zip"
    assert run(app, "backup", str(target)).exit_code == 0
    with empty_site(engine, tmp_path / "new") as site:
        done = run(site, "restore", str(target))
    assert (done.exit_code, "refers to a row" in done.output) == (1, True)
