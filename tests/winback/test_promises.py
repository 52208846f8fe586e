"""Promises: kept, or shown as broken, and never a league table of branches."""

from collections.abc import Callable
from datetime import date, timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from survey.accounts.models import User
from survey.clock import today
from survey.extensions import db
from survey.winback.models import Promise
from survey.winback.promises import NewPromise, add, is_broken, state_of
from tests import stories

SignIn = Callable[..., FlaskClient]

DAYS = st.none() | st.dates(date(2026, 1, 1), date(2026, 1, 9))


@pytest.fixture(autouse=True)
def no_csrf(request: pytest.FixtureRequest) -> None:
    if "app" in request.fixturenames:
        request.getfixturevalue("app").config["WTF_CSRF_ENABLED"] = False


def promised(due: date | None = None, **customer: object) -> int:
    """A promise to somebody new; gives its number. Commits."""
    who = stories.customer(**customer)
    by = db.session.scalars(select(User.id)).first() or 0
    promise = add(NewPromise(who.id, "A letter of the manager", "branch", due_on=due), by)
    db.session.commit()
    return promise.id


@pytest.mark.parametrize(
    ("due", "kept", "broken", "state"),
    [
        (None, None, False, "open"),
        (None, date(2026, 1, 5), False, "kept"),
        (date(2026, 1, 5), None, False, "open"),
        (date(2026, 1, 4), None, False, "broken"),
        (date(2026, 1, 4), date(2026, 1, 4), False, "kept"),
        (date(2026, 1, 4), date(2026, 1, 5), False, "broken"),
        (None, None, True, "broken"),
    ],
)
def test_what_a_promise_is(due: date | None, kept: date | None, broken: bool, state: str) -> None:
    assert state_of(Promise(due_on=due, kept_on=kept, broken=broken), date(2026, 1, 5)) == state


@given(DAYS, DAYS, st.integers(0, 9))
def test_once_broken_it_does_not_open_again(due: date | None, kept: date | None, later: int) -> None:
    promise, day = Promise(due_on=due, kept_on=kept, broken=False), date(2026, 1, 5)
    if state_of(promise, day) == "broken":
        assert state_of(promise, day + timedelta(days=later)) == "broken"


def test_rows_are_asked_the_same(app: Flask, context: None, user: Callable[..., int]) -> None:
    user("manager")
    for due in (None, today() - timedelta(days=1), today(), today() + timedelta(days=1)):
        for kept in (None, today() - timedelta(days=2), today()):
            key = promised(due)
            db.session.get_one(Promise, key).kept_on = kept
    db.session.commit()
    broken = set(db.session.scalars(select(Promise.id).where(is_broken(today()))))
    told = {promise.id for promise in db.session.scalars(select(Promise)) if state_of(promise, today()) == "broken"}
    assert broken == told
    assert broken


def test_the_branch_writes_one_down_and_keeps_it(context: None, sign_in: SignIn) -> None:
    stories.customer(external_id="C-77", branch_id=stories.branch("Utrecht").id)
    db.session.commit()
    person = sign_in("interviewer")
    data = {"customer": "C-77", "text": "A new card", "due_on": today().isoformat()}
    page = person.post("/promises?lang=en", data=data, follow_redirects=True).get_data(as_text=True)
    assert "A new card" in page
    (promise,) = db.session.scalars(select(Promise)).all()
    key = promise.id
    db.session.rollback()
    assert person.post(f"/promises/{key}/kept").status_code == 303
    assert person.post(f"/promises/{key}/kept").status_code == 303
    db.session.expire_all()
    assert db.session.get_one(Promise, key).kept_on == today()
    db.session.rollback()
    page = person.get("/promises?state=kept&lang=en").get_data(as_text=True)
    assert "Kept: 1; broken: 0." in page
    person.post(f"/promises/{key}/broken")
    db.session.expire_all()
    assert (db.session.get_one(Promise, key).kept_on, db.session.get_one(Promise, key).broken) == (None, True)


def test_a_customer_of_another_branch_is_not_there(context: None, sign_in: SignIn) -> None:
    here, there = stories.branch("Utrecht").id, stories.branch("Zwolle").id
    stories.customer(external_id="C-78", branch_id=there)
    db.session.commit()
    tied = sign_in("interviewer", branches=(here,))
    refused = tied.post("/promises?lang=en", data={"customer": "C-78", "text": "A new card"})
    assert refused.status_code == 422
    assert "There is no customer with this number that you may see." in refused.get_data(as_text=True)
    assert "A new card" in refused.get_data(as_text=True)
    db.session.rollback()
    key = promised(branch_id=there)
    assert tied.post(f"/promises/{key}/kept").status_code == 404
    db.session.rollback()
    assert db.session.get_one(Promise, key).kept_on is None
