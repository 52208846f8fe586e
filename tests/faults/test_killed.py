"""F02 to F06: killed by signal 9 right before or right after a commit, nobody's answer and nobody's mail is doubled."""

from datetime import timedelta

import pytest
import time_machine
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select

from survey.clock import now
from survey.database import writing
from survey.extensions import db
from survey.invitations.claiming import counts_by_state
from survey.invitations.links import ANSWER, token_for
from survey.invitations.sending import send_all
from survey.responses.models import Response, ResponseDraft, ResponseReason, WalkInAnswer
from survey.responses.walk_in import links
from tests import stories
from tests.faults.dying import die
from tests.invitations.people import invite
from tests.mail.sink import sink_at_work
from tests.responses.test_walk_in import stamp_in

FIELDS = "reason=price&words=dear&lang=en"


@pytest.fixture
def link(app: Flask) -> str:
    with app.app_context(), writing():
        return f"/a/{token_for(ANSWER, invite().id)}"


def rows(app: Flask, table: type) -> int:
    with app.app_context():
        return db.session.scalar(select(func.count()).select_from(table)) or 0


def test_before_the_commit_there_is_no_answer_and_the_next_try_is_taken(
    app: Flask, client: FlaskClient, link: str
) -> None:
    """F02."""
    die(app, "before", 1, "post", link, FIELDS)
    assert (rows(app, Response), rows(app, ResponseReason)) == (0, 0)
    assert client.post(link, data={"reason": "price"}).status_code == 303
    assert rows(app, Response) == 1


def test_after_the_commit_the_answer_is_there_and_the_next_try_hears_so(
    app: Flask, client: FlaskClient, link: str
) -> None:
    """F03."""
    die(app, "after", 1, "post", link, FIELDS)
    assert rows(app, Response) == 1
    again = client.post(link, data={"reason": "errors", "lang": "en"})
    assert again.status_code == 200
    assert "We have your answer" in again.text
    assert (rows(app, Response), rows(app, ResponseReason)) == (1, 1)


@pytest.mark.sqlite
def test_a_form_saved_for_later_is_there_once(app: Flask, client: FlaskClient, link: str) -> None:
    """F03 of a draft."""
    die(app, "after", 1, "post", link, f"{FIELDS}&save=y")
    assert "dear</textarea>" in client.get(link).text
    assert client.post(link, data={"reason": "price", "words": "dearer", "save": "y"}).status_code == 303
    assert rows(app, ResponseDraft) == 1
    assert "dearer</textarea>" in client.get(link).text


@pytest.mark.sqlite
@pytest.mark.parametrize(("when", "left"), [("before", 0), ("after", 1)])
def test_an_answer_at_a_branch_is_there_once(app: Flask, client: FlaskClient, when: str, left: int) -> None:
    """F02 and F03 of people we do not know: the page is sent again, as a browser does."""
    with app.app_context(), writing():
        card = f"/b/{links.make(stories.branch('Utrecht').id, 1).code}"
        db.session.commit()
    at = stamp_in(client.get(card).text)
    die(app, when, 1, "post", card, f"{FIELDS}&at={at}")
    assert rows(app, WalkInAnswer) == left
    assert client.post(card, data={"reason": "price", "at": at}).status_code == 303
    assert rows(app, WalkInAnswer) == 1


@pytest.mark.sqlite
@pytest.mark.parametrize(
    ("when", "number", "left", "taken", "ends"),
    [
        # F04: the claim is not committed, so nobody holds the mail
        ("before", 2, {"queued": 1}, 0, {"sent": 1}),
        # F05: claimed and not begun: once the lease has run out it is sent
        ("after", 2, {"claimed": 1}, 0, {"sent": 1}),
        # F06: taken by the server, and not written down: it may have arrived, so it is never sent again
        ("before", 4, {"sending": 1}, 1, {"unknown": 1}),
    ],
)
def test_a_sender_killed_at_a_commit_sends_nothing_twice(
    app: Flask, context: None, when: str, number: int, left: dict[str, int], taken: int, ends: dict[str, int]
) -> None:
    invite()
    with sink_at_work() as (sink, url):
        die(app, when, number, "send", mail_url=url)
        assert counts_by_state() == left
        assert len(sink.taken) == taken
        db.session.rollback()
        with pytest.MonkeyPatch.context() as patched, time_machine.travel(now() + timedelta(minutes=11)):
            patched.setattr(app.settings, "mail_url", url)  # type: ignore[attr-defined]
            send_all()
        assert counts_by_state() == ends
        assert len(sink.taken) == 1
