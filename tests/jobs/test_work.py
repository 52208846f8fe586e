"""The worker: what it runs, what it survives, and how it stops."""

import os
import signal
import subprocess
import sys
import threading
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select, text, update
from sqlalchemy.exc import OperationalError

from survey.clock import now
from survey.customers.models import Branch
from survey.database import committed, writing
from survey.extensions import db
from survey.jobs import queue, running
from survey.jobs.models import Job, Schedule
from survey.jobs.running import run_next
from survey.jobs.work import Worker
from tests.engines import SECRET
from tests.jobs.tasks import stand_in

ROOT = Path(__file__).parent.parent.parent


def put(kind: str, number: int = 1) -> int:
    return committed(db.session, lambda: queue.enqueue(kind, f"{kind}:{number}").id)


def nothing_scheduled() -> None:
    committed(db.session, lambda: db.session.execute(update(Schedule).values(enabled=False)))


def job(job_id: int) -> Job:
    db.session.rollback()
    return db.session.get_one(Job, job_id)


def add_branches(job: Job) -> dict[str, Any]:
    for number in range(job.done, 3):
        db.session.add(Branch(name=f"Branch {number}"))
        job.done, job.total = number + 1, 3
        db.session.commit()
    return {"branches": 3}


@pytest.mark.usefixtures("context")
def test_a_job_is_run_and_its_outcome_kept() -> None:
    job_id = put("count")
    with stand_in("count", add_branches):
        ended = run_next("one")
    assert ended
    assert ended.line.startswith("count:1 done in 0.")
    assert ended.line.endswith("branches 3")
    assert (job(job_id).state, job(job_id).outcome, job(job_id).done) == ("done", {"branches": 3}, 3)
    db.session.rollback()
    assert run_next("one") is None


@pytest.mark.usefixtures("context")
def test_what_a_task_left_uncommitted_is_stored_with_its_end() -> None:
    job_id = put("count")
    with stand_in("count", lambda job: db.session.add(Branch(name="Delft"))):
        run_next("one")
    assert job(job_id).state == "done"
    assert db.session.scalars(select(Branch.name)).all() == ["Delft"]


def raise_value_error(job: Job) -> None:
    db.session.add(Branch(name="Delft"))
    db.session.flush()
    raise ValueError("jan.de.vries@example.org is unknown")


def break_a_rule(job: Job) -> None:
    db.session.add_all([Branch(name="Secret Name"), Branch(name="Secret Name")])
    db.session.flush()


@pytest.mark.usefixtures("context")
@pytest.mark.parametrize(
    ("task", "told"),
    [
        (raise_value_error, "ValueError: (address) is unknown (test_work.py, line "),
        (break_a_rule, "IntegrityError: "),
        (lambda job: sys.exit(3), "SystemExit: 3"),
    ],
)
def test_a_task_that_raises_is_recorded_and_undone(task: Any, told: str) -> None:
    job_id = put("count")
    with stand_in("count", task):
        ended = run_next("one")
    assert ended
    assert ended.state == "later"
    stored = job(job_id)
    assert (stored.state, stored.attempts, stored.worker) == ("queued", 1, None)
    assert stored.error
    assert stored.error.startswith(told)
    assert "@" not in stored.error
    assert "Secret" not in stored.error
    assert stored.due_at > now() + timedelta(minutes=1)
    assert db.session.scalars(select(Branch.name)).all() == []


@pytest.mark.usefixtures("context")
@pytest.mark.parametrize("kind", ["nonsense", "../../etc/passwd", "__init__x"])
def test_a_kind_that_does_not_exist_is_a_recorded_failure(kind: str) -> None:
    job_id = put(kind)
    assert run_next("one")
    assert "there is no job called" in str(job(job_id).error)


@pytest.mark.usefixtures("context")
def test_a_poison_job_does_not_keep_the_others_waiting() -> None:
    nothing_scheduled()
    ids = [put("poison"), *(put("count", number) for number in range(5))]
    with stand_in("poison", raise_value_error), stand_in("count", lambda job: {}):
        assert Worker().until_empty() == 1
    assert [job(job_id).state for job_id in ids] == ["queued", *["done"] * 5]


@pytest.mark.usefixtures("context")
def test_the_lease_of_a_long_thinking_task_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """The lease lasts one second here, the task thinks for three; another worker looks all the while."""
    monkeypatch.setattr(queue, "LEASE", timedelta(seconds=1))
    monkeypatch.setattr(running, "BEAT_SECONDS", 0.2)
    put("count")
    taken: list[object] = []

    def think(job: Job) -> dict[str, int]:
        db.session.rollback()
        deadline = time.monotonic() + 3
        while time.monotonic() < deadline:
            taken.append(queue.claim("another"))
            time.sleep(0.1)
        return {}

    with stand_in("count", think):
        ended = run_next("one")
    assert ended
    assert ended.state == "done"
    assert set(taken) == {None}


def test_a_worker_whose_job_was_taken_over_stores_nothing_more(app: Flask) -> None:
    def lose(job: Job) -> dict[str, Any]:
        job_id = job.id
        db.session.rollback()
        with db.engine.begin() as connection:
            connection.execute(update(Job).where(Job.id == job_id).values(worker="two", attempts=2))
        db.session.add(Branch(name="Delft"))
        db.session.commit()
        return {}

    with app.app_context(), writing(), stand_in("count", lose):
        job_id = put("count")
        ended = run_next("one")
        assert ended
        assert ended.state == "lost"
        assert (job(job_id).state, job(job_id).worker) == ("running", "two")
        assert db.session.scalars(select(Branch.name)).all() == []


def test_a_database_that_is_away_does_not_end_the_worker(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("survey.jobs.work.AWAY_SECONDS", 0.01)
    steps: list[int] = []

    def step(self: Worker) -> str:
        steps.append(1)
        if len(steps) == 1:
            raise OperationalError("SELECT 1", {}, Exception("server closed the connection"))
        self.stop()
        return ""

    monkeypatch.setattr(Worker, "step", step)
    with app.app_context():
        Worker().until_stopped()
    assert len(steps) == 2


@pytest.mark.postgresql
def test_the_worker_goes_on_after_its_connections_are_cut(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("survey.jobs.work.AWAY_SECONDS", 0.1)
    worker = Worker()

    def work() -> None:
        with app.app_context(), writing():
            worker.until_stopped()

    with app.app_context(), writing(), stand_in("count", lambda job: {}):
        nothing_scheduled()
        first = put("count", 1)
        thread = threading.Thread(target=work)
        thread.start()
        until_done(first)
        db.session.execute(
            text(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid != pg_backend_pid()"
            )
        )
        db.session.rollback()
        until_done(put("count", 2))
        worker.stop()
        thread.join(10)
    assert not thread.is_alive()


def until_done(job_id: int) -> None:
    deadline = time.monotonic() + 15
    while job(job_id).state != "done":
        db.session.rollback()
        assert time.monotonic() < deadline
        time.sleep(0.05)
    db.session.rollback()


def environment(tmp_path: Path, database_url: str) -> dict[str, str]:
    return os.environ | {
        "WHYLEFT_INSTANCE": str(tmp_path),
        "WHYLEFT_DATABASE_URL": database_url,
        "WHYLEFT_SECRET_KEY": SECRET,
        "WHYLEFT_BASE_URL": "http://127.0.0.1:8000",
        "WHYLEFT_MAIL_URL": f"folder:{tmp_path / 'mail'}",
        "PYTHONUNBUFFERED": "1",
    }


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_the_worker_between_jobs(
    app: Flask, tmp_path: Path, database_url: str, number: signal.Signals
) -> None:
    with app.app_context():
        nothing_scheduled()
        first = put("detect")
        command = [sys.executable, "-m", "flask", "--app", "wsgi", "work"]
        started = subprocess.Popen(
            command, cwd=ROOT, env=environment(tmp_path, database_url), stdout=subprocess.PIPE, text=True
        )
        try:
            until_done(first)
            started.send_signal(number)
            output, _ = started.communicate(timeout=15)
        finally:
            started.kill()
    assert started.returncode == 0
    assert "detect:1 done in" in output
    assert output.endswith("Stopped.\n")


def test_one_job_by_command(app: Flask) -> None:
    run = app.test_cli_runner().invoke
    with stand_in("count", lambda job: {"counted": 7}):
        done = run(args=["jobs", "run", "count"])
    assert done.exit_code == 0
    assert "counted 7" in done.output
    with stand_in("count", raise_value_error):
        failed = run(args=["jobs", "run", "count"])
    assert failed.exit_code == 1
    assert "later in" in failed.output
    unknown = run(args=["jobs", "run", "nonsense"])
    assert unknown.exit_code == 1
    assert "there is no job called 'nonsense'" in unknown.output
    assert "1 open." in run(args=["jobs", "list"]).output


def test_once_says_when_something_failed(app: Flask) -> None:
    with app.app_context():
        nothing_scheduled()
        put("count")
    run = app.test_cli_runner().invoke
    with stand_in("count", raise_value_error):
        done = run(args=["work", "--once"])
    assert done.exit_code == 1
    assert "1 attempts failed" in done.output
    assert run(args=["work", "--once"]).exit_code == 0
