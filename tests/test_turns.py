"""Long work beside people who want to write: batches of a fitting size, and room for who waits."""

import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import text

from survey import turns
from survey.customers.models import Branch
from survey.database import committed
from survey.extensions import db
from survey.turns import Turns, make_room
from survey.write_gate import WriteGate, let_others_in

WAITS = """
import sys
from pathlib import Path
from survey.write_gate import WriteGate
gate = WriteGate(Path(sys.argv[1]), 30)
print("about to wait", flush=True)
gate.acquire(1)
gate.release(1)
"""


def add_branch(name: str) -> None:
    db.session.add(Branch(name=name))


def sizes_of(seconds: list[float], monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The sizes of batches that were in for so long, and of the next."""
    took = iter(seconds)
    monkeypatch.setattr(turns, "held_for", lambda _engine, _took: next(took))
    batches, found = Turns(lambda work: work(), 1000), []
    for _ in seconds:
        found.append(batches.take(lambda size: size))
    return [*found, batches.size]


@pytest.mark.usefixtures("context")
def test_a_batch_becomes_as_large_as_its_time_allows(monkeypatch: pytest.MonkeyPatch) -> None:
    assert sizes_of([0.05, 0.2, 0.1, 0.08], monkeypatch) == [1000, 2000, 1000, 1000, 1250]


@pytest.mark.usefixtures("context")
def test_a_batch_becomes_no_less_than_half_and_no_more_than_ten_times(monkeypatch: pytest.MonkeyPatch) -> None:
    assert sizes_of([5.0, 5.0], monkeypatch)[-1] == 500
    assert sizes_of([0.0] * 6, monkeypatch)[-1] == 10_000


@pytest.mark.usefixtures("context")
def test_a_batch_that_was_not_full_may_make_the_next_smaller_and_no_larger(monkeypatch: pytest.MonkeyPatch) -> None:
    took = iter([0.01, 0.2, 0.05])
    monkeypatch.setattr(turns, "held_for", lambda _engine, _took: next(took))
    batches, sizes = Turns(lambda work: work(), 1000), []
    for left in (999, 900, 500):
        batches.take(lambda size: size, left)
        sizes.append(batches.size)
    assert sizes == [1000, 500, 1000]


@pytest.mark.sqlite
@pytest.mark.usefixtures("context")
def test_a_long_job_has_room_for_its_pages() -> None:
    make_room()
    assert db.session.scalar(text("PRAGMA cache_size")) == -turns.KEPT_PAGES


@pytest.mark.sqlite
def test_who_waits_in_a_thread_is_seen_and_let_in(app: Flask) -> None:
    with app.app_context():
        gate = db.engine.dialect.gate  # type: ignore[attr-defined]
        gate.acquire(1)
        other = threading.Thread(target=lambda: (gate.acquire(2), gate.release(2)))
        assert not gate.waiting.anybody()
        other.start()
        _until(gate.waiting.anybody)
        gate.release(1)
        let_others_in(db.engine, 5)
        assert not gate.waiting.anybody()
        other.join()


def test_who_waits_in_another_process_is_seen_and_let_in(tmp_path: Path) -> None:
    gate = WriteGate(tmp_path / "gate", 5)
    gate.acquire(1)
    assert not gate.waiting.anybody()
    with subprocess.Popen(
        [sys.executable, "-c", WAITS, str(tmp_path / "gate")], stdout=subprocess.PIPE,
        cwd=Path(__file__).parents[1], env=dict(os.environ),
    ) as other:  # fmt: skip
        _until(gate.waiting.anybody)
        gate.release(1)
        assert other.wait(30) == 0
    assert not gate.waiting.anybody()


def test_a_killed_process_waits_no_more(tmp_path: Path) -> None:
    gate = WriteGate(tmp_path / "gate", 5)
    gate.acquire(1)
    with subprocess.Popen(
        [sys.executable, "-c", WAITS, str(tmp_path / "gate")], stdout=subprocess.PIPE,
        cwd=Path(__file__).parents[1], env=dict(os.environ),
    ) as other:  # fmt: skip
        _until(gate.waiting.anybody)
        other.kill()
    assert not gate.waiting.anybody()


@pytest.mark.sqlite
def test_a_writer_gets_in_between_the_batches_of_a_job_that_never_rests(app: Flask) -> None:
    stop, waited = threading.Event(), []

    def batch(_size: int) -> None:
        add_branch(f"job {time.monotonic_ns()}")
        db.session.flush()
        time.sleep(0.05)

    def job() -> None:
        with app.app_context():
            batches = Turns(lambda work: committed(db.session, work), 1)
            while not stop.is_set():
                batches.take(batch)

    busy = threading.Thread(target=job)
    busy.start()
    try:
        with app.app_context():
            for number in range(8):
                began = time.monotonic()
                committed(db.session, lambda number=number: add_branch(f"answer {number}"))
                waited.append(time.monotonic() - began)
    finally:
        stop.set()
        busy.join()
    # a batch or two each: without a pause the job comes straight back in, and the writer may wait out its 5 seconds
    assert sorted(waited)[4] < 1


def _until(holds) -> None:  # type: ignore[no-untyped-def]
    deadline = time.monotonic() + 30
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.005)
