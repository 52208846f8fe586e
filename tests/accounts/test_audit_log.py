"""The audit log: what is kept, that it cannot be changed unseen, and the page that shows it."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
import time_machine
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import delete, update

from survey.accounts import audit
from survey.accounts.history import Filters, entries
from survey.accounts.models import AuditEntry
from survey.database import writing
from survey.extensions import db


@pytest.fixture
def log(app: Flask) -> None:
    """Sixty exports by user 7 on 1 March, a sign-in by user 8 on 2 March just before midnight in Amsterdam."""
    with app.app_context(), writing():
        for number in range(60):
            with time_machine.travel(datetime(2026, 3, 1, 12, number, tzinfo=UTC)):
                audit.record("export", 7, about=("report", number), details={"rows": number})
        with time_machine.travel(datetime(2026, 3, 2, 22, 59, tzinfo=UTC)):
            audit.record("signed in", 8, about=("user", 8))
        db.session.commit()


@pytest.mark.usefixtures("log")
def test_page_shows_newest_first_in_pages(sign_in: Callable[..., FlaskClient]) -> None:
    client = sign_in("administrator")
    first = client.get("/audit").text
    assert "2 Mar 2026, 23:59" in first
    assert "Page 1 of 2, 61 in all" in first
    assert first.index("signed in</td>") < first.index("export</td>")
    assert client.get("/audit?page=2").text.count("<tr>") == 1 + 11


@pytest.mark.usefixtures("log")
@pytest.mark.parametrize(
    ("given", "found"),
    [
        ({}, 61),
        ({"action": "signed in"}, 1),
        ({"action": "' OR 1=1 --"}, 0),
        ({"user": "7"}, 60),
        ({"user": "7; DROP TABLE audit_entry"}, 61),
        ({"user": "99999999999999999999"}, 61),
        ({"since": "2026-03-02"}, 1),
        ({"until": "2026-03-01"}, 60),
        ({"since": "2026-03-02", "until": "2026-03-02"}, 1),
        ({"since": "2026-03-03"}, 0),
        ({"since": "yesterday", "until": "9999-12-31"}, 61),
    ],
)
def test_filters_narrow(app: Flask, given: dict[str, str], found: int) -> None:
    with app.app_context():
        assert len(db.session.scalars(entries(Filters.read(given))).all()) == found


@pytest.mark.usefixtures("log")
def test_filters_stay_in_the_address_of_the_next_page(sign_in: Callable[..., FlaskClient]) -> None:
    page = sign_in("administrator").get("/audit?action=export&user=7").text
    assert 'href="/audit?action=export&amp;user=7&amp;page=2"' in page
    assert '<option value="export" selected>' in page


def test_empty_log_says_so(sign_in: Callable[..., FlaskClient]) -> None:
    assert "No entries" in sign_in("administrator").get("/audit?action=nothing").text


@pytest.mark.usefixtures("log")
@pytest.mark.parametrize(
    ("page", "status"),
    [
        ("2", 200),
        ("3", 404),
        ("1000000", 404),
        ("0", 400),
        ("-1", 400),
        ("x", 400),
        ("", 400),
        ("٣", 400),
        ("9" * 20, 400),
    ],
)
def test_page_that_is_not_there_is_said_so(sign_in: Callable[..., FlaskClient], page: str, status: int) -> None:
    assert sign_in("administrator").get(f"/audit?page={page}").status_code == status


@pytest.mark.usefixtures("log")
def test_whole_chain_holds(app: Flask) -> None:
    with app.app_context():
        assert audit.broken_entry(db.session()) is None


@pytest.mark.usefixtures("log")
def test_changed_entry_is_noticed(app: Flask) -> None:
    with app.app_context(), writing():
        db.session.execute(update(AuditEntry).where(AuditEntry.id == 5).values(user_id=8))
        db.session.commit()
        assert audit.broken_entry(db.session()) == 5


@pytest.mark.usefixtures("log")
def test_removed_entry_is_noticed(app: Flask) -> None:
    with app.app_context(), writing():
        db.session.execute(delete(AuditEntry).where(AuditEntry.id == 5))
        db.session.commit()
        assert audit.broken_entry(db.session()) == 6
