"""What a monitor is told, and that it is told nothing more."""

from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text, update

from survey.checks import database, machine
from survey.clock import now
from survey.database import committed
from survey.extensions import db
from survey.jobs import queue
from survey.jobs.models import Job
from survey.write_gate import WriteGate
from tests.engines import SECRET


def test_the_process_answers(client: FlaskClient) -> None:
    answer = client.get("/healthz")
    assert (answer.status_code, answer.json) == (200, {"status": "ok"})


def test_a_site_in_order_is_ready(client: FlaskClient) -> None:
    answer = client.get("/readyz")
    assert answer.status_code == 200
    assert answer.json
    assert answer.json["status"] == "ready"
    assert set(answer.json["checks"].values()) == {"ok"}


def test_asking_changes_nothing_and_tells_no_secret(client: FlaskClient, app: Flask, tmp_path: Path) -> None:
    for path in ("/healthz", "/readyz"):
        told = client.get(path).get_data(as_text=True)
        assert SECRET not in told
        assert str(tmp_path) not in told
        assert "whyleft.db" not in told
        assert client.post(path).status_code in (400, 405)


@pytest.mark.sqlite
def test_a_writer_that_holds_the_database_makes_it_not_ready(
    client: FlaskClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "PROBE_SECONDS", 0.2)
    gate = WriteGate(tmp_path / "whyleft.db.gate", 1)
    gate.acquire(1)
    answer = client.get("/readyz")
    gate.release(1)
    assert answer.status_code == 503
    assert answer.json
    assert answer.json["checks"]["database"] == "fail"
    assert client.get("/readyz").status_code == 200


@pytest.mark.postgresql
def test_a_server_that_refuses_to_write_is_not_ready(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    def cut() -> None:
        db.session.execute(text("SELECT pg_terminate_backend(pg_backend_pid())"))

    monkeypatch.setattr(database, "try_to_write", cut)
    assert client.get("/readyz").status_code == 503
    monkeypatch.undo()
    assert client.get("/readyz").status_code == 200


def test_tables_of_another_version_are_not_ready(client: FlaskClient, app: Flask) -> None:
    with app.app_context():
        committed(db.session, lambda: db.session.execute(text("UPDATE alembic_version SET version_num = '0001'")))
    assert client.get("/readyz").status_code == 503


def test_a_full_disk_is_not_ready(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine.shutil, "disk_usage", lambda path: SimpleNamespace(free=1000))
    assert client.get("/readyz").status_code == 503


def test_a_queue_nobody_works_on_is_told_and_people_are_still_let_in(client: FlaskClient, app: Flask) -> None:
    with app.app_context():
        committed(db.session, lambda: queue.enqueue("count", "count:1"))
        long_ago = now() - timedelta(hours=1)
        committed(db.session, lambda: db.session.execute(update(Job).values(due_at=long_ago)))
    answer = client.get("/readyz")
    assert answer.status_code == 200
    assert answer.json
    assert (answer.json["status"], answer.json["checks"]["queue"]) == ("degraded", "fail")
