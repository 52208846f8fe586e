"""What interviewers heard behind the reasons that were stated, counted beside them, on the page and in its files."""

import csv
import io
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from survey.accounts.models import AuditEntry, User
from survey.database import writing
from survey.extensions import db
from survey.reports.lens import Lens
from survey.reports.period import Period
from survey.responses.models import RootCause
from survey.rights.erasing import erase_person
from survey.taxonomy.models import Reason
from survey.winback.root_causes import MOST_TOLD, causes_in
from tests import stories
from tests.reading import text_of
from tests.winback.callers import inside

SignIn = Callable[..., FlaskClient]
EVERYWHERE = User(email="", tied_to=[])
YEAR = Period(date(2026, 1, 1), date(2026, 12, 31))
PATH = "/root-causes?from=2026-01-01&to=2026-06-30"


def heard(stated: str, root: str | None, *whys: str, branch: str = "Utrecht", on: date = date(2026, 5, 20)) -> int:
    """Somebody who said one thing on the phone, and what it came down to. Gives the key of the customer."""
    who = stories.customer(branch_id=stories.branch(branch).id)
    asked = stories.invitation(stories.defection(who, on=on), channel="phone")
    answer = stories.response(None, stated, asked=asked)
    answer.channel = "phone"
    reason = db.session.scalar(select(Reason.id).where(Reason.code == root)) if root else None
    told = list(whys)
    db.session.add(RootCause(response_id=answer.id, reason_id=reason, whys=told, masked_whys=told))
    db.session.flush()
    return who.id


def rows_of(response: Any) -> list[list[str]]:
    assert response.status_code == 200
    return list(csv.reader(io.StringIO(response.data.decode("utf-8-sig"))))


@pytest.fixture
def calls(app: Flask) -> None:
    """Price was said three times and lay behind it once; one of Zwolle; one without a word; one long ago."""
    with app.app_context(), writing():
        heard("price", "rude_staff", "The bill was high", "Nobody wanted to explain it")
        heard("price", "rude_staff", "I felt cheated")
        heard("price", "price", "It cost too much")
        heard("price", None, "Hard to say", branch="Zwolle")
        heard("errors", "broken_promises", "They forgot me")
        heard("errors", "errors", "Long ago", on=date(2024, 5, 20))
        stories.response(None, "price")  # by mail: nobody asked on
        db.session.commit()


def test_counts_by_stated_reason(context: None) -> None:
    for _ in range(3):
        heard("price", "rude_staff")
    heard("price", "price")
    heard("price", None)
    heard("errors", "errors")
    found = causes_in(Lens(EVERYWHERE, YEAR))
    assert (found.calls, found.asked_on, found.known, found.other) == (6, 6, 5, 3)
    first, second = found.stated
    assert first.reason is not None
    assert (first.reason.code, first.count, second.count) == ("price", 5, 1)
    assert [(cause.reason and cause.reason.code, cause.count) for cause in first.causes] == [
        ("rude_staff", 3), ("price", 1), (None, 1),
    ]  # fmt: skip
    share = first.causes[0].share
    assert share.estimate == pytest.approx(0.6)
    assert share.low < 0.6 < share.high


def test_the_newest_chains_of_each_reason_are_shown(context: None) -> None:
    for number in range(MOST_TOLD + 3):
        heard("price", "rude_staff", f"why {number}")
    heard("errors", "errors", "another")
    first, second = causes_in(Lens(EVERYWHERE, YEAR)).stated
    assert len(first.told) == MOST_TOLD
    assert first.told[0].whys == (f"why {MOST_TOLD + 2}",)
    assert [told.whys for told in second.told] == [("another",)]


@pytest.mark.usefixtures("calls")
def test_page_says_what_was_heard_and_of_how_many(sign_in: SignIn) -> None:
    page = text_of(sign_in("manager").get(PATH))
    assert "In 4 calls the interviewer heard what it comes down to." in page
    assert "In 3 of them that was another reason than the one given." in page
    assert "5 answered by phone" in page
    assert "Nobody wanted to explain it" in page
    assert "Long ago" not in page
    assert "The same reason" in page


@pytest.mark.usefixtures("calls")
def test_who_is_tied_to_a_branch_sees_that_one(app: Flask, sign_in: SignIn) -> None:
    with app.app_context(), writing():
        zwolle = stories.branch("Zwolle").id
        db.session.commit()
    person = sign_in("manager", branches=(zwolle,))
    page = text_of(person.get(PATH))
    assert "Hard to say" in page
    assert "I felt cheated" not in page
    assert "one answered by phone" in page
    assert len(rows_of(person.get(PATH.replace("?", "/words.csv?")))) == 2
    assert person.get(f"{PATH}&branch=999").status_code == 400


@pytest.mark.usefixtures("calls")
def test_files_hold_the_same(app: Flask, sign_in: SignIn) -> None:
    analyst = sign_in("analyst")
    header, *counts = rows_of(analyst.get(PATH.replace("?", "/counts.csv?")))
    assert header[2:5] == ["stated reason", "root cause", "answers"]
    assert [row[4] for row in counts] == ["2", "1", "1", "1"]
    header, *told = rows_of(analyst.get(PATH.replace("?", "/words.csv?")))
    assert header[-5:] == ["why 1", "why 2", "why 3", "why 4", "why 5"]
    assert len(told) == 5
    assert {len(row) for row in told} == {9}
    assert ["The bill was high", "Nobody wanted to explain it", "", "", ""] in [row[-5:] for row in told]
    with app.app_context():
        query = select(AuditEntry.object_id).where(AuditEntry.action == "root causes exported")
        assert db.session.scalars(query.order_by(AuditEntry.id)).all() == ["root-causes", "whys"]


def test_what_was_said_goes_with_the_person_and_the_count_stays(app: Flask, sign_in: SignIn) -> None:
    with inside(app):
        who = heard("price", "rude_staff", "The manager knows my name")
        db.session.commit()
        erase_person(who, "person")
        db.session.commit()
    page = text_of(sign_in("manager").get(PATH))
    assert "In one call the interviewer heard what it comes down to." in page
    assert "The manager knows my name" not in page


def test_where_nobody_asked_on_it_says_what_will_stand_there(sign_in: SignIn) -> None:
    assert "Nobody asked on in this period" in text_of(sign_in("manager").get(PATH))


def test_interviewers_may_not(sign_in: SignIn) -> None:
    caller = sign_in("interviewer")
    for path in ("/root-causes", "/root-causes/counts.csv", "/root-causes/words.csv"):
        assert caller.get(path).status_code == 403


def test_an_unclear_address_is_told(sign_in: SignIn) -> None:
    assert "ends before it begins" in text_of(sign_in("manager").get("/root-causes?from=2026-02-01&to=2026-01-01"), 400)
