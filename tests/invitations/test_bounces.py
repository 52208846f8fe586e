"""Bounces, read over IMAP from a real mailbox: what they change, that they do so once, and what nobody may forge."""

from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from survey.customers.models import Customer
from survey.database import committed
from survey.extensions import db
from survey.invitations.models import Bounce, Invitation, Mailing, Suppression
from survey.jobs import queue
from survey.jobs.models import Job
from survey.jobs.running import run_next
from survey.jobs.tasks import bounces
from tests.invitations.people import Left, invite
from tests.mail.imap_server import ImapServer, imap_server
from tests.mail.test_reports import COMPLAINT, OURS, postfix


@pytest.fixture(scope="module")
def server() -> Iterator[ImapServer]:
    with imap_server() as server:
        yield server


@pytest.fixture
def mailbox(app: Flask, server: ImapServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[ImapServer]:
    monkeypatch.setattr(app.settings, "imap_url", server.url)  # type: ignore[attr-defined]
    yield server
    with server.signed_in() as client:
        client.store("1:*", "+FLAGS", "\\Deleted")
        client.expunge()


def read_mailbox() -> dict[str, Any]:
    """Run the job as a worker does; gives what it says came of it."""
    job_id = committed(db.session, lambda: queue.run_now("bounces").id)
    ended = run_next("test", job_id)
    assert ended is not None
    db.session.expire_all()
    job = db.session.get_one(Job, job_id)
    assert job.state == "done", job.error
    db.session.rollback()
    return job.outcome or {}


def sent_to(address: str) -> Mailing:
    invitation = invite(Left({"email": address}))
    mailing = db.session.scalars(select(Mailing).where(Mailing.invitation_id == invitation.id)).one()
    db.session.commit()
    return mailing


def about(mailing: Mailing, raw: bytes) -> bytes:
    return raw.replace(OURS.encode(), mailing.message_id.encode())


def suppressed() -> list[str]:
    return list(db.session.scalars(select(Suppression.why)))


def test_an_address_that_does_not_work_is_never_written_to_again(context: None, mailbox: ImapServer) -> None:
    mailing = sent_to("gone@example.net")
    mailbox.put(about(mailing, postfix("5.1.1", "550 5.1.1 <gone@example.net>: user unknown")))

    assert read_mailbox() == {"hard": 1}

    (bounce,) = db.session.scalars(select(Bounce)).all()
    assert (bounce.mailing_id, bounce.kind, bounce.status) == (mailing.id, "hard", "5.1.1")
    assert "gone@example.net" not in bounce.text
    assert db.session.get_one(Mailing, mailing.id).bounced_at is not None
    assert suppressed() == ["bounced"]
    db.session.rollback()
    assert mailbox.count("UNSEEN") == 0
    assert mailbox.count("ALL") == 1


def test_read_twice_is_read_once(context: None, mailbox: ImapServer) -> None:
    mailing = sent_to("gone@example.net")
    report = about(mailing, postfix("5.1.1"))
    mailbox.put(report, report)
    assert read_mailbox() == {"hard": 1}
    mailbox.put(report)
    assert read_mailbox() == {}
    assert len(db.session.scalars(select(Bounce.id)).all()) == 1


def test_a_full_mailbox_is_noted_and_no_more(context: None, mailbox: ImapServer) -> None:
    mailing = sent_to("full@example.net")
    mailbox.put(about(mailing, postfix("5.2.2", "552 5.2.2 mailbox full")))
    assert read_mailbox() == {"soft": 1}
    assert db.session.get_one(Mailing, mailing.id).bounced_at is not None
    assert suppressed() == []


def test_a_complaint_is_never_ask_me_again(context: None, mailbox: ImapServer) -> None:
    mailing = sent_to("angry@example.net")
    mailbox.put(about(mailing, COMPLAINT.encode()))
    assert read_mailbox() == {"complaint": 1}
    invitation = db.session.get_one(Invitation, mailing.invitation_id)
    assert invitation.state == "opted_out"
    assert db.session.get_one(Customer, invitation.customer_id).opted_out_at is not None
    assert suppressed() == ["opted_out"]


def test_a_report_about_mail_that_is_not_ours_does_nothing(context: None, mailbox: ImapServer) -> None:
    """Anybody can write to the mailbox, also somebody who wants a customer never to be asked."""
    mailing = sent_to("jan@example.net")
    mailbox.put(postfix("5.1.1", "550 5.1.1 <jan@example.net>: user unknown"))
    assert read_mailbox() == {"not_ours": 1}
    assert suppressed() == []
    assert db.session.get_one(Mailing, mailing.id).bounced_at is None


def test_what_people_write_is_left_for_people(context: None, mailbox: ImapServer) -> None:
    mailbox.put(b"From: jan@example.net\nSubject: your question\n\nPlease call me.")
    assert read_mailbox() == {"other": 1}
    assert db.session.scalars(select(Bounce)).all() == []


def test_a_run_that_dies_before_the_mailbox_knows_reads_again_and_changes_nothing(
    context: None, mailbox: ImapServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    mailing = sent_to("gone@example.net")
    mailbox.put(about(mailing, postfix("5.1.1")))

    def dies(self: object, keys: object) -> None:
        raise OSError("the line is cut")

    with monkeypatch.context() as patched:
        patched.setattr("survey.mail.mailbox.Unread.mark_seen", dies)
        job = committed(db.session, lambda: queue.run_now("bounces"))
        with pytest.raises(Exception, match="the line is cut"):
            bounces.run(job)
    db.session.rollback()
    assert suppressed() == ["bounced"]
    db.session.rollback()
    assert mailbox.count("UNSEEN") == 1
    committed(db.session, lambda: db.session.delete(db.session.get_one(Job, job.id)))
    read_mailbox()
    assert len(db.session.scalars(select(Bounce.id)).all()) == 1


@pytest.mark.sqlite
def test_a_wrong_password_is_said_without_the_password(
    app: Flask, context: None, server: ImapServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(app.settings, "imap_url", server.url.replace("told", "sold"))  # type: ignore[attr-defined]
    job_id = committed(db.session, lambda: queue.run_now("bounces").id)
    ended = run_next("test", job_id)
    assert ended is not None
    assert "AUTHENTICATIONFAILED" in ended.error
    assert "sold" not in ended.error


@pytest.mark.sqlite
def test_without_a_mailbox_there_is_nothing_to_do(context: None) -> None:
    assert read_mailbox() == {}
