"""The rules of the engines: who may write, and what happens when two writers meet."""

import threading

import pytest
from flask import Flask
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from survey.customers.models import Branch
from survey.database import committed, writing
from survey.extensions import db
from survey.write_gate import GateTimeout


def branch_names() -> list[str]:
    return list(db.session.scalars(select(Branch.name).order_by(Branch.name)))


def add_branch(name: str) -> None:
    db.session.add(Branch(name=name))


def test_writing_transaction_stores(app: Flask) -> None:
    with app.app_context():
        committed(db.session, lambda: add_branch("Delft"))
        assert branch_names() == ["Delft"]


def test_transaction_outside_writing_cannot_write(app: Flask) -> None:
    with app.app_context():
        add_branch("Delft")
        with pytest.raises(DBAPIError):
            db.session.commit()
        db.session.rollback()
        assert branch_names() == []


def test_reader_sees_what_was_there_when_it_began(app: Flask) -> None:
    with app.app_context():
        assert branch_names() == []
        with writing(), db.engine.begin() as connection:
            connection.execute(text("INSERT INTO branch (name) VALUES ('Delft')"))
        db.session.rollback()
        assert branch_names() == ["Delft"]


def test_parallel_writers_lose_nothing(app: Flask) -> None:
    def write(number: int) -> None:
        with app.app_context():
            for turn in range(10):
                committed(db.session, lambda turn=turn: add_branch(f"{number}-{turn}"))

    threads = [threading.Thread(target=write, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with app.app_context():
        assert len(branch_names()) == 80


@pytest.mark.sqlite
def test_gate_turns_away_after_its_seconds_and_opens_again(app: Flask) -> None:
    with app.app_context():
        gate = db.engine.dialect.gate  # type: ignore[attr-defined]
        gate.seconds = 0.05
        gate.acquire(1)
        with pytest.raises(GateTimeout):
            committed(db.session, lambda: add_branch("Delft"))
        gate.release(1)
        committed(db.session, lambda: add_branch("Delft"))
        assert branch_names() == ["Delft"]


@pytest.mark.sqlite
def test_rules_of_sqlite_are_in_force(app: Flask) -> None:
    with app.app_context():
        rules = {
            name: db.session.scalar(text(f"PRAGMA {name}")) for name in ("journal_mode", "synchronous", "foreign_keys")
        }
    assert rules == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1}


@pytest.mark.postgresql
def test_conflict_runs_the_whole_transaction_again(app: Flask) -> None:
    """Two transactions lock two rows in opposite order; PostgreSQL ends one with 40P01, and it is run again."""
    met = threading.Barrier(2, timeout=60)
    tries: list[str] = []

    def rename(first: str, second: str) -> None:
        tries.append(first)
        db.session.execute(text("UPDATE branch SET name = name || '.' WHERE name LIKE :name"), {"name": f"{first}%"})
        if len(tries) <= 2:
            met.wait()
        db.session.execute(text("UPDATE branch SET name = name || '.' WHERE name LIKE :name"), {"name": f"{second}%"})

    def run(first: str, second: str) -> None:
        with app.app_context():
            committed(db.session, lambda: rename(first, second))

    with app.app_context():
        committed(db.session, lambda: [add_branch("A"), add_branch("B")])
    threads = [threading.Thread(target=run, args=pair) for pair in (("A", "B"), ("B", "A"))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with app.app_context():
        assert branch_names() == ["A..", "B.."]
    assert len(tries) == 3
