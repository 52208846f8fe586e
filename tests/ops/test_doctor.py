"""The doctor sees what is wrong, says what to do, and goes on looking."""

import hashlib
import os
import shutil
import socket
import sqlite3
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.handlers import Sink
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text, update

from survey import create_app
from survey.accounts import audit
from survey.accounts.models import AuditEntry
from survey.checks import database, machine, work
from survey.clock import now
from survey.database import committed, reading
from survey.doctor import CHECKS, THOROUGH, examine
from survey.extensions import db
from survey.jobs import queue
from survey.jobs.models import Job
from survey.reasons.models import ModelVersion, ServingModel
from tests.engines import settings_for


def change(table: type, **values: object) -> None:
    committed(db.session, lambda: db.session.execute(update(table).values(**values)))


@pytest.mark.usefixtures("context")
def test_a_fresh_installation_is_in_order(app: Flask) -> None:
    levels = {finding.name: finding.level for finding in examine(CHECKS + THOROUGH)}
    assert "fail" not in levels.values()
    assert len(levels) >= 12
    odd = {name for name, level in levels.items() if level == "warning"}
    # the PostgreSQL of the suite does not wait for the disk, and the doctor says so
    assert odd <= {"Settings", "Version of SQLite"} | ({"Rules of the database"} if on_postgres(app) else set())


def on_postgres(app: Flask) -> bool:
    return not app.settings.on_sqlite  # type: ignore[attr-defined,no-any-return]


def test_the_command_prints_each_check_and_what_to_do(app: Flask) -> None:
    done = app.test_cli_runner().invoke(args=["doctor"])
    assert done.exit_code == 0
    assert "Tables: The tables are those of this version" in done.output
    assert "-> Set WHYLEFT_PRIVACY_CONTACT" in done.output


@pytest.mark.sqlite
def test_the_command_ends_with_one_where_something_is_broken(app: Flask, tmp_path: Path) -> None:
    with app.app_context():
        committed(db.session, lambda: db.session.execute(text("UPDATE alembic_version SET version_num = '0001'")))
    done = app.test_cli_runner().invoke(args=["doctor"])
    assert done.exit_code == 1
    assert "db upgrade" in done.output
    assert "1 of 15 checks failed." in done.output


def test_the_page_shows_the_same(app: Flask, sign_in: Callable[..., FlaskClient]) -> None:
    with app.app_context():
        committed(db.session, lambda: queue.enqueue("count", "count:1"))
        change(Job, due_at=now() - timedelta(hours=3))
    page = sign_in("administrator").get("/doctor?lang=en").get_data(as_text=True)
    assert "1 thing is broken." in page
    assert "A job has waited for 3 hours" in page


@pytest.mark.parametrize(
    ("version", "affected"),
    [
        ((3, 6, 23), False), ((3, 7, 0), True), ((3, 40, 1), True), ((3, 44, 5), True), ((3, 44, 6), False),
        ((3, 45, 0), True), ((3, 50, 6), True), ((3, 50, 7), False), ((3, 51, 2), True), ((3, 51, 3), False),
        ((3, 52, 0), False),
    ],
)  # fmt: skip
def test_versions_of_sqlite_that_can_lose_data_are_known(version: tuple[int, ...], affected: bool) -> None:
    assert database.wal_reset_bug(version) is affected


@pytest.mark.sqlite
@pytest.mark.usefixtures("context")
def test_a_broken_rule_of_sqlite_is_seen() -> None:
    db.session.connection().exec_driver_sql("PRAGMA synchronous")  # the connection that is asked
    db.session.rollback()
    connection = db.session.connection().connection.dbapi_connection
    assert connection
    connection.execute("PRAGMA foreign_keys=OFF")  # takes hold outside a transaction only
    db.session.rollback()
    connection.execute("PRAGMA foreign_keys=OFF")
    finding = database.rules_check()
    assert (finding.level, "foreign_keys 0" in finding.sentence) == ("fail", True)


@pytest.mark.sqlite
def test_a_damaged_file_is_seen(app: Flask, tmp_path: Path) -> None:
    with app.app_context():
        committed(db.session, lambda: queue.enqueue("count", "count:1"))
        db.session.execute(text("PRAGMA wal_checkpoint(TRUNCATE)"))
        db.session.remove()
        db.engine.dispose()
        path = tmp_path / "whyleft.db"
        with path.open("r+b") as file:
            file.seek(8 * 4096)
            file.write(os.urandom(20 * 4096))
        levels = [finding.level for finding in examine((database.file_check,))]
    assert levels == ["fail"]


@pytest.mark.sqlite
@pytest.mark.usefixtures("context")
def test_a_reference_that_leads_nowhere_is_seen(tmp_path: Path) -> None:
    raw = sqlite3.connect(tmp_path / "whyleft.db")
    raw.execute("INSERT INTO user_branch VALUES (4711, 4711)")
    raw.commit()
    raw.close()
    assert database.file_check().level == "fail"


@pytest.mark.usefixtures("context")
def test_a_job_that_waits_or_was_left_is_seen() -> None:
    committed(db.session, lambda: queue.enqueue("count", "count:1"))
    assert work.queue_check().level == "ok"
    change(Job, due_at=now() - timedelta(minutes=11))
    assert work.queue_check().level == "fail"
    change(Job, state="failed")
    assert (work.queue_check().level, "1 job was left" in work.queue_check().sentence) == ("warning", True)


@pytest.mark.usefixtures("context")
def test_a_job_by_the_minute_that_was_not_done_for_hours_is_seen() -> None:
    committed(db.session, lambda: queue.enqueue("invite", "invite:1"))
    change(Job, state="done", ended_at=now() - timedelta(hours=2))
    assert (work.schedule_check().level, "Send invitations" in work.schedule_check().sentence) == ("warning", True)
    change(Job, ended_at=now() - timedelta(minutes=30))
    assert work.schedule_check().level == "ok"


def serve_model(content: bytes, fingerprint: str) -> Path:
    """A model file as the models' own module writes it, and the row that points at it."""
    from survey.web import settings

    folder = settings().instance / "models"
    folder.mkdir(exist_ok=True)
    path = folder / "m.model"
    path.write_bytes(b"whyleft reason model 1\n" + hashlib.sha256(content).hexdigest().encode() + b"\n" + content)
    version = ModelVersion(
        fingerprint=fingerprint,
        encoder_id="e",
        reason_codes=[],
        file_name="m.model",
        origin="starter",
        created_at=now(),
    )

    def store() -> None:
        db.session.add(version)
        db.session.flush()
        db.session.add(ServingModel(id=1, model_version_id=version.id, since=now()))

    committed(db.session, store)
    return path


@pytest.mark.sqlite
@pytest.mark.usefixtures("context")
def test_the_models_file_is_held_against_its_hash() -> None:
    assert work.model_check().level == "ok"
    content = b"weights" * 1000
    path = serve_model(content, hashlib.sha256(content).hexdigest()[:32])
    assert work.model_check().level == "ok"
    whole = path.read_bytes()
    for broken in (whole[:-1], whole[:500] + b"!" + whole[501:], b"", b"whyleft", whole + b"more"):
        path.write_bytes(broken)
        assert work.model_check().level == "fail"
    path.unlink()
    assert "is not there" in work.model_check().sentence


@pytest.mark.sqlite
@pytest.mark.usefixtures("context")
def test_another_model_under_the_same_name_is_seen() -> None:
    serve_model(b"another", "0" * 32)
    assert "holds another model" in work.model_check().sentence


@pytest.mark.usefixtures("context")
def test_little_room_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    for free, level in ((10**8, "fail"), (5 * 10**8, "warning"), (10**10, "ok")):
        monkeypatch.setattr(shutil, "disk_usage", lambda path, free=free: SimpleNamespace(free=free))
        assert machine.disk_check().level == level


@pytest.mark.usefixtures("context")
def test_a_clock_that_runs_behind_what_is_stored_is_seen() -> None:
    audit.record("sign-in", None)
    db.session.commit()
    assert machine.clock_check().level == "ok"
    change(AuditEntry, at=now() + timedelta(minutes=10))
    assert machine.clock_check().level == "warning"


@pytest.mark.usefixtures("context")
def test_an_altered_audit_log_is_seen() -> None:
    for action in ("sign-in", "export", "sign-in"):
        audit.record(action, None)
    db.session.commit()
    assert work.audit_check().level == "ok"
    committed(db.session, lambda: db.session.execute(text("UPDATE audit_entry SET action = 'x' WHERE id = 2")))
    assert (work.audit_check().level, "Entry 2" in work.audit_check().sentence) == ("fail", True)


def unused_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@pytest.mark.sqlite
def test_a_mail_server_is_asked_for_its_name(app: Flask, tmp_path: Path, database_url: str) -> None:
    server = Controller(Sink(), hostname="127.0.0.1", port=unused_port())
    server.start()
    url = f"smtp://127.0.0.1:{server.port}"
    site = create_app(settings_for(tmp_path, database_url, mail_url=url))
    with site.app_context():
        assert machine.mail_check().level == "ok"
        server.stop()
        assert machine.mail_check().level == "fail"
        db.engine.dispose()


@pytest.mark.sqlite
def test_a_mail_folder_that_cannot_be_one_is_seen(app: Flask, tmp_path: Path, database_url: str) -> None:
    (tmp_path / "file").write_text("")
    site = create_app(settings_for(tmp_path, database_url, mail_url=f"folder:{tmp_path / 'file' / 'mail'}"))
    with site.app_context():
        assert machine.mail_check().level == "fail"
        db.engine.dispose()


@pytest.mark.sqlite
def test_a_broker_that_is_away_is_seen(app: Flask, tmp_path: Path, database_url: str) -> None:
    broker = f"redis://127.0.0.1:{unused_port()}/0"
    site = create_app(settings_for(tmp_path, database_url, broker_url=broker))
    with site.app_context():
        assert machine.broker_check().level == "fail"
        db.engine.dispose()


@pytest.mark.sqlite
def test_a_site_without_encryption_is_seen(app: Flask, tmp_path: Path, database_url: str) -> None:
    site = create_app(settings_for(tmp_path, database_url, base_url="http://whyleft.example.org"))
    with site.app_context():
        assert machine.settings_check().level == "warning"
        db.engine.dispose()


@pytest.mark.sqlite
def test_a_check_that_cannot_be_made_is_a_finding_and_the_others_go_on(app: Flask) -> None:
    with app.app_context(), reading():
        findings = examine((broken_check, machine.disk_check))
    assert [finding.level for finding in findings] == ["fail", "ok"]
    assert "ZeroDivisionError" in findings[0].sentence


def broken_check() -> None:
    raise ZeroDivisionError
