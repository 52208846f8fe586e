"""The page about mail: a test mail that goes to one person only, and a dry run that changes nothing."""

from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from survey.accounts.models import AuditEntry
from survey.clock import now
from survey.database import committed
from survey.extensions import db
from survey.invitations.models import Bounce, Mailing
from survey.invitations.suppression import suppress
from survey.mail.outcomes import Refused
from survey.mail.written import Written
from tests.invitations.people import Left, invite, invite_many

SignIn = Callable[..., FlaskClient]


@pytest.fixture
def admin(sign_in: SignIn, posts_need_no_token: None) -> FlaskClient:
    return sign_in("administrator")


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[Written]:
    letters: list[Written] = []
    monkeypatch.setattr("survey.mail.send", letters.append)
    return letters


@pytest.mark.sqlite
@pytest.mark.usefixtures("posts_need_no_token")
@pytest.mark.parametrize("role", ["manager", "analyst", "interviewer"])
def test_it_is_for_administrators(sign_in: SignIn, role: str) -> None:
    client = sign_in(role)
    assert [client.get("/mail").status_code, client.post("/mail/test").status_code] == [403, 403]
    assert client.post("/mail/rehearsal").status_code == 403


def test_a_test_mail_goes_to_whoever_asks(app: Flask, admin: FlaskClient, sent: list[Written]) -> None:
    page = admin.post("/mail/test?lang=nl", follow_redirects=True).get_data(as_text=True)

    (mail,) = sent
    assert mail.recipient == "administrator-0@example.org"
    assert str(mail.read()["Subject"]).startswith("Test: ")
    assert "administrator-0@example.org" in page
    with app.app_context():
        assert "test mail sent" in db.session.scalars(select(AuditEntry.action)).all()
        assert db.session.scalars(select(Mailing)).all() == []


@pytest.mark.sqlite
def test_what_the_server_says_is_shown_as_text(admin: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(mail: Written) -> None:
        raise Refused("550 <b>no</b>")

    monkeypatch.setattr("survey.mail.send", refuse)
    page = admin.post("/mail/test?lang=en", follow_redirects=True).get_data(as_text=True)
    assert "The test mail was not sent: 550 &lt;b&gt;no&lt;/b&gt;" in page


def test_a_dry_run_shows_what_would_leave_and_changes_nothing(
    app: Flask, context: None, admin: FlaskClient, sent: list[Written]
) -> None:
    invite_many(["a@one.example", "b@one.example", "c@two.example"])
    invite(Left({"email": "=?x?=@example.org"}))
    invite(Left({"email": "gone@example.org"}))
    committed(db.session, lambda: suppress("gone@example.org", "bounced"))
    before = db.session.execute(select(Mailing.id, Mailing.state, Mailing.worker, Mailing.lease_until)).all()
    db.session.rollback()

    page = admin.post("/mail/rehearsal?lang=en").get_data(as_text=True)

    assert "3 mails would leave." in page
    assert "1 would be taken back" in page
    assert "1 mail cannot be made: UnsafeHeader." in page
    assert "a@one.example" in page
    assert "Nothing was sent, and nothing was changed." in page
    assert sent == []
    after = db.session.execute(select(Mailing.id, Mailing.state, Mailing.worker, Mailing.lease_until)).all()
    assert after == before


def test_what_came_back_is_shown_as_text(app: Flask, context: None, admin: FlaskClient) -> None:
    invitation = invite()
    mailing = db.session.scalars(select(Mailing).where(Mailing.invitation_id == invitation.id)).one()
    mailing.state, mailing.sent_at, mailing.bounced_at = "sent", now(), now()
    db.session.add(
        Bounce(mailing_id=mailing.id, kind="hard", digest="a", status="5.1.1", text="<script>gone</script>", at=now())
    )
    db.session.commit()
    page = admin.get("/mail?lang=en").get_data(as_text=True)
    assert "1 mail left in the last seven days, and 1 came back." in " ".join(page.split())
    assert "&lt;script&gt;gone&lt;/script&gt;" in page
    assert "The address does not work" in page
