"""Never to be asked again: one click, no sign-in, for good."""

from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select

from survey.customers.models import Customer
from survey.database import writing
from survey.extensions import db
from survey.invitations.links import ANSWER, OPT_OUT, token_for
from survey.invitations.models import Invitation, Mailing, Suppression
from survey.invitations.suppression import suppressed_among
from tests.invitations.people import Left, invite

POSTS: dict[str, Callable[[FlaskClient, str], object]] = {
    "the button": lambda client, path: client.post(path, data={"lang": "nl"}),
    "one click of a mail program": lambda client, path: client.post(
        path, data={"List-Unsubscribe": "One-Click"}, headers={"Origin": "null", "Sec-Fetch-Site": "cross-site"}
    ),
    "one click as multipart": lambda client, path: client.post(
        path, data={"List-Unsubscribe": "One-Click"}, content_type="multipart/form-data"
    ),
    "twice": lambda client, path: [client.post(path), client.post(path)],
}


@pytest.fixture
def invitation_id(app: Flask) -> int:
    with app.app_context(), writing():
        return invite(Left({"email": "Jan@example.org"}, mailings=2)).id


def path(app: Flask, purpose: str, invitation_id: int) -> str:
    with app.app_context():
        return f"/{'a' if purpose == ANSWER else 'stop'}/{token_for(purpose, invitation_id)}"


@pytest.mark.parametrize("how", POSTS)
def test_a_post_stops_everything(app: Flask, client: FlaskClient, invitation_id: int, how: str) -> None:
    POSTS[how](client, path(app, OPT_OUT, invitation_id))

    with app.app_context():
        assert db.session.scalars(select(Customer.opted_out_at)).one() is not None
        assert db.session.scalars(select(Invitation.state)).one() == "opted_out"
        assert set(db.session.scalars(select(Mailing.state))) == {"cancelled"}
        assert suppressed_among(["jan@example.org"]) == {"jan@example.org"}
        assert db.session.scalar(select(func.count()).select_from(Suppression)) == 1
    assert client.get(path(app, ANSWER, invitation_id)).status_code == 410


def test_the_link_of_the_mail_shows_a_button_and_changes_nothing(
    app: Flask, client: FlaskClient, invitation_id: int
) -> None:
    page = client.get(path(app, OPT_OUT, invitation_id))

    assert page.status_code == 200
    assert "Never ask me again</button>" in page.text
    with app.app_context():
        assert db.session.scalars(select(Customer.opted_out_at)).one() is None


def test_the_page_of_the_mail_can_be_read_in_the_other_language(
    app: Flask, client: FlaskClient, invitation_id: int
) -> None:
    address = path(app, OPT_OUT, invitation_id)

    assert '<a href="?lang=nl" hreflang="nl" lang="nl">Nederlands</a>' in client.get(f"{address}?lang=en").text
    assert "Vraag mij dit nooit meer</button>" in client.get(f"{address}?lang=nl").text


def test_the_form_has_the_button_itself(app: Flask, client: FlaskClient, invitation_id: int) -> None:
    page = client.get(path(app, ANSWER, invitation_id)).text

    assert f'action="{path(app, OPT_OUT, invitation_id)}"' in page
    assert "Never ask me again</button>" in page


def test_after_an_answer_one_can_still_stop(app: Flask, client: FlaskClient, invitation_id: int) -> None:
    client.post(path(app, ANSWER, invitation_id), data={"reason": "price"})

    assert "You will not be asked again" in client.post(path(app, OPT_OUT, invitation_id)).text

    with app.app_context():
        assert db.session.scalars(select(Invitation.state)).one() == "answered"
        assert db.session.scalars(select(Customer.opted_out_at)).one() is not None
    assert "We have your answer" in client.get(path(app, ANSWER, invitation_id)).text
