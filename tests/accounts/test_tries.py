"""Counting tries: over processes, over a minute, and even when the request is refused."""

import threading
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from flask import Flask, abort
from flask.testing import FlaskClient
from sqlalchemy import func, select

from survey.accounts import access
from survey.accounts.models import Tries
from survey.accounts.tries import account_key, count_try, network_of, too_many
from survey.customers.models import Branch
from survey.database import writing
from survey.extensions import db

NOON = datetime(2026, 11, 22, 12, 0, 30, tzinfo=UTC)


def test_tries_are_counted_by_action_and_source(app: Flask) -> None:
    with app.app_context(), time_machine.travel(NOON, tick=False):
        assert [count_try("token", "192.0.2.1") for _ in range(3)] == [1, 2, 3]
        assert count_try("token", "192.0.2.2") == 1
        assert count_try("sign-in", "192.0.2.1") == 1
        assert too_many("token", "192.0.2.1", 3)
        assert not too_many("token", "192.0.2.1", 4)
        assert not too_many("token", "192.0.2.2", 2)


def test_tries_are_forgotten_after_the_minutes(app: Flask) -> None:
    with app.app_context(), time_machine.travel(NOON, tick=False) as clock:
        count_try("token", "192.0.2.1")
        clock.shift(timedelta(seconds=80))
        assert too_many("token", "192.0.2.1", 1)
        assert count_try("token", "192.0.2.1") == 1
        clock.shift(timedelta(minutes=2))
        assert not too_many("token", "192.0.2.1", 1)
        assert too_many("token", "192.0.2.1", 2, minutes=10)


def test_old_tries_are_cleared(app: Flask) -> None:
    with app.app_context(), time_machine.travel(NOON, tick=False) as clock:
        count_try("token", "192.0.2.1")
        clock.shift(timedelta(days=2))
        count_try("token", "192.0.2.2")
        assert db.session.scalars(select(Tries.source)).all() == ["192.0.2.2"]


def test_parallel_tries_all_count(app: Flask) -> None:
    def tries() -> None:
        with app.app_context():
            for _ in range(10):
                count_try("token", "192.0.2.1")

    threads = [threading.Thread(target=tries) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with app.app_context():
        assert db.session.scalars(select(func.sum(Tries.count))).one() == 60


def test_try_stays_counted_and_nothing_else_is_stored(
    app: Flask, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the middle of a request that has begun to write, and is then refused."""

    def refused() -> str:
        db.session.add(Branch(name="half done"))
        db.session.flush()
        count_try("token", "192.0.2.1")
        abort(404)

    app.config["WTF_CSRF_ENABLED"] = False
    app.add_url_rule("/refused", "refused", refused, methods=["POST"])
    monkeypatch.setattr(access, "PUBLIC", access.PUBLIC | {"refused"})
    assert client.post("/refused").status_code == 404
    with app.app_context():
        assert too_many("token", "192.0.2.1", 1)
        assert db.session.scalars(select(Branch)).all() == []


def test_try_in_a_get_is_counted(app: Flask, client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    def looked() -> str:
        db.session.scalars(select(Branch)).all()
        return str(count_try("token", "192.0.2.1"))

    app.add_url_rule("/looked", "looked", looked)
    monkeypatch.setattr(access, "PUBLIC", access.PUBLIC | {"looked"})
    assert [client.get("/looked").text for _ in range(2)] == ["1", "2"]


def test_command_may_count_too(app: Flask) -> None:
    with app.app_context(), writing():
        assert count_try("token", "x" * 300) == 1
        assert too_many("token", "x" * 300, 1)


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:ffff::1", "2001:db8:1:2::/64"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        (None, "unknown"),
        ("unix:", "unknown"),
    ],
)
def test_network_of_an_address(address: str | None, network: str) -> None:
    assert network_of(address) == network


def test_account_key_hides_the_address_and_ignores_its_spelling() -> None:
    assert account_key(" Anna@Example.org") == account_key("anna@example.org")
    assert "anna" not in account_key("anna@example.org")
    assert account_key("anna@example.org") != account_key("anne@example.org")
