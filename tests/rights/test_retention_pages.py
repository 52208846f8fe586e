"""The page of how long data is kept: what holds, what a change would delete, the change, and who may."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event, select

from survey.accounts.models import AuditEntry
from survey.clock import now
from survey.customers import keeping
from survey.customers.models import Retention
from survey.database import writing
from survey.extensions import db
from survey.invitations.links import answer_link
from survey.jobs.models import Job
from survey.jobs.tasks import forget
from survey.responses.models import Response
from tests import stories
from tests.reading import text_of

SignIn = Callable[..., FlaskClient]
pytestmark = pytest.mark.usefixtures("posts_need_no_token")


@pytest.fixture
def answers(app: Flask) -> None:
    """Answers of a hundred, forty and ten days ago."""
    with app.app_context(), writing():
        for days in (100, 40, 10):
            told = stories.response("te duur")
            told.created_at, told.masked_words = now() - timedelta(days=days), "te duur"
        db.session.commit()


def days(**given: object) -> dict[str, Any]:
    return {**keeping.DEFAULTS, **given}


@contextmanager
def count_queries() -> Iterator[list[str]]:
    """What the database is asked meanwhile."""
    asked: list[str] = []

    def listen(*given: Any) -> None:
        asked.append(given[2])

    event.listen(db.engine, "before_cursor_execute", listen)
    yield asked
    event.remove(db.engine, "before_cursor_execute", listen)


def rows(app: Flask) -> dict[str, int]:
    with app.app_context():
        return {kind: days for kind, days in db.session.execute(select(Retention.kind, Retention.days))}


@pytest.mark.usefixtures("answers")
def test_what_holds_is_shown_before_a_change_is_announced_and_made(app: Flask, sign_in: SignIn) -> None:
    admin = sign_in("administrator")
    page = text_of(admin.get("/retention"))
    assert "Own words are kept for 90 days as they were typed and for 5 years without names" in page
    assert "What that takes away is counted tonight." in page

    page = text_of(admin.get("/retention/preview", query_string=days(words=30)))
    assert "It would delete 1 more than goes without it." in page
    assert "30 days instead of 90 days. Over, and gone after tonight (texts): with the change 2, without it 1." in page
    assert rows(app) == {}

    assert admin.post("/retention", data=days(words=30)).location == "/retention"
    assert rows(app) == {"words": 30}
    assert "Saved. What is over goes tonight." in text_of(admin.get("/retention"))
    with app.app_context():
        query = select(AuditEntry.details).where(AuditEntry.action == "period of keeping changed")
        assert db.session.scalars(query).all() == [{"code": "words", "before": 90, "after": 30}]
        assert db.session.scalars(select(Response.words)).all() == ["te duur"] * 3  # the night has not come


def test_twice_is_once_and_the_way_back_leaves_no_row(app: Flask, sign_in: SignIn) -> None:
    admin = sign_in("administrator")
    for _ in range(2):
        admin.post("/retention", data=days(notes=365))
    assert rows(app) == {"notes": 365}
    assert "Nothing changes: all is so already." in text_of(admin.get("/retention"))
    assert "Nothing changes" in text_of(admin.get("/retention/preview", query_string=days(notes=365)))
    admin.post("/retention", data=days())
    assert rows(app) == {}


def test_copies_of_mails_have_a_period_only_where_mail_goes_to_a_folder(
    app: Flask, sign_in: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    admin = sign_in("administrator")
    assert "Copies of mails in the mail folder" in text_of(admin.get("/retention"))
    assert "Copies of mails in the mail folder: 1 year" in text_of(admin.get("/privacy?lang=en"))

    monkeypatch.setattr(app.settings, "mail_url", "smtp://mail.example.org")  # type: ignore[attr-defined]
    for page in ("/retention", "/privacy?lang=en", "/retention/preview?" + urlencode(days(mail_copies="x"))):
        assert "Copies of mails" not in text_of(admin.get(page))
    admin.post("/retention", data=days(mail_copies=30))
    assert rows(app) == {}


@pytest.mark.parametrize("wrong", ["0", "-1", "1000000", "ninety", "", "1.5", "9" * 30, "<b>"])
def test_what_makes_no_sense_is_said_and_kept(app: Flask, sign_in: SignIn, wrong: str) -> None:
    admin = sign_in("administrator")
    for answer in (
        admin.get("/retention/preview", query_string=days(words=wrong, notes=77)),
        admin.post("/retention", data=days(words=wrong, notes=77)),
    ):
        page = text_of(answer, 422)
        assert "One thing needs your attention." in page
        assert 'value="77"' in page
    assert rows(app) == {}


def test_words_without_names_are_not_kept_shorter_than_those_with(app: Flask, sign_in: SignIn) -> None:
    admin = sign_in("administrator")
    page = text_of(admin.post("/retention", data=days(words=100, masked_words=99)), 422)
    assert "Not shorter than own words as typed" in page
    assert rows(app) == {}


def test_an_address_fills_the_fields_and_breaks_nothing(sign_in: SignIn) -> None:
    admin = sign_in("administrator")
    assert 'value="33"' in text_of(admin.get("/retention?words=33"))
    for odd in ("x", "٣", "9" * 40, "-3", "1' OR 1=1"):
        assert admin.get("/retention", query_string={"words": odd}).status_code == 200


def test_only_administrators_of_all_branches_change_it(app: Flask, sign_in: SignIn) -> None:
    with app.app_context(), writing():
        here = stories.branch("Utrecht").id
        db.session.commit()
    for role in ("manager", "analyst", "interviewer"):
        other = sign_in(role)
        for answer in (other.get("/retention"), other.get("/retention/preview"), other.post("/retention", data=days())):
            assert answer.status_code == 403
    tied = sign_in("administrator", branches=(here,))
    assert "See what a change would delete" not in text_of(tied.get("/retention"))
    assert tied.post("/retention", data=days(words=1)).status_code == 403
    assert rows(app) == {}


def test_what_people_are_told_follows_the_periods(app: Flask, client: FlaskClient) -> None:
    with app.app_context(), writing():
        link = answer_link(stories.invitation().id)
        keeping.change({"words": 45})
        db.session.commit()
    assert "own words are kept for 45 days" in text_of(client.get(f"{link}?lang=en"))
    assert "Own words as typed: 45 days" in text_of(client.get("/privacy?lang=en"))


@pytest.mark.usefixtures("answers")
def test_the_night_counts_what_the_next_one_takes_and_the_page_says_as_of_when(app: Flask, sign_in: SignIn) -> None:
    """No count is made while somebody looks: an answer that is not over yet, but will be by tomorrow night, counts."""
    with app.app_context(), writing():
        young = db.session.scalars(select(Response).order_by(Response.created_at.desc())).first()
        assert young is not None
        young.created_at = now() - timedelta(days=89.5)
        db.session.commit()
        forget.run(Job(key="f", kind="forget", arguments={}, state="running", created_at=now(), due_at=now()))
        assert db.session.scalars(select(Response.words).order_by(Response.id)).all() == [None, "te duur", "te duur"]
    admin = sign_in("administrator")
    with app.app_context(), count_queries() as asked:
        page = text_of(admin.get("/retention"))
    assert "Over, and gone after the night that comes: 1 (texts)." in page
    assert "Nothing is over in the night that comes." in page
    assert "How much that is was counted on" in page
    assert "What that takes away is counted tonight." not in page
    assert not any("count(" in statement.lower() for statement in asked)
    admin.post("/retention", data=days(words=30))
    page = text_of(admin.get("/retention"))
    assert page.count("What that takes away is counted tonight.") == 1, "what was counted held for other days"
