"""The outbox over a real SMTP server: every mail at most once, and every one accounted for."""

import threading
from collections import Counter
from collections.abc import Callable
from datetime import timedelta

import pytest
import time_machine
from flask import Flask
from sqlalchemy import event, func, select, update

from survey.clock import now
from survey.customers.models import Customer
from survey.database import committed, writing
from survey.extensions import db
from survey.invitations import outbox
from survey.invitations.claiming import BATCH, Claimed, claim, counts_by_state, mark_sending, tidy
from survey.invitations.closing import close_answered, opt_out
from survey.invitations.models import Invitation, Mailing, Suppression
from survey.invitations.suppression import suppress
from survey.mail import KeepsNothing, MemoryMailer
from survey.mail.outcomes import Unknown
from survey.mail.smtp import SmtpMailer
from survey.mail.written import Written
from tests.invitations.people import Left, invite, invite_many
from tests.mail.sink import Sink, free_port, sink_at_work


def send_over(url: str, step_seconds: float = 5.0) -> dict[str, int]:
    with SmtpMailer(url, "localhost", step_seconds=step_seconds) as mailer:
        return outbox.send_due(mailer)


def claim_all() -> list[Claimed]:
    last_id = committed(db.session, tidy)
    return committed(db.session, lambda: claim("somebody", last_id))[0]


def mailing_of(invitation: Invitation) -> Mailing:
    db.session.expire_all()
    return db.session.scalars(select(Mailing).where(Mailing.invitation_id == invitation.id)).one()


def test_what_is_due_goes_out_once(context: None) -> None:
    people = [f"person-{n}@example.org" for n in range(3)]
    invitations = invite_many(people)
    invite(Left(due_at=now() + timedelta(hours=1)))

    with sink_at_work() as (sink, url):
        assert send_over(url) == {"sent": 3}
        assert send_over(url) == {}

    assert sink.recipients == people
    assert sink.sessions == 1
    assert counts_by_state() == {"queued": 1, "sent": 3}
    mailing = mailing_of(invitations[0])
    assert (mailing.attempts, mailing.answer, mailing.worker) == (1, None, None)
    assert sink.ids == {mailing_of(i).message_id: 1 for i in invitations}


def test_more_than_a_batch_goes_out(context: None) -> None:
    invite_many(f"person-{n}@example.org" for n in range(BATCH + 5))
    mailer = MemoryMailer()
    told: list[int] = []

    assert outbox.send_due(mailer, told.append) == {"sent": BATCH + 5}
    assert told == [BATCH, BATCH + 5]
    assert Counter(str(m["To"]) for m in mailer.sent).most_common(1)[0][1] == 1


def test_each_mail_more_costs_three_statements(context: None) -> None:
    asked: list[object] = []
    event.listen(db.engine, "before_cursor_execute", lambda *given: asked.append(given[2]))

    def statements(number: int) -> int:
        invite_many(f"person-{number}-{n}@example.org" for n in range(number))
        asked.clear()
        assert outbox.send_due(MemoryMailer()) == {"sent": number}
        return len(asked)

    # the policy, what came of the mail before, and the last look
    assert statements(15) - statements(5) == 10 * 3


def test_a_server_that_says_later_gets_it_later(context: None) -> None:
    invitation = invite(Left({"email": "later@example.org"}))
    with sink_at_work() as (sink, url):
        assert send_over(url) == {"deferred": 1}
        mailing = mailing_of(invitation)
        assert mailing.state == "deferred"
        assert mailing.due_at >= now() + timedelta(minutes=29)
        assert send_over(url) == {}

        sink.rules.clear()
        with time_machine.travel(now() + timedelta(minutes=31), tick=True):
            assert send_over(url) == {"sent": 1}

    mailing = mailing_of(invitation)
    assert (mailing.state, mailing.attempts) == ("sent", 2)
    assert len(sink.taken) == 1


def test_after_five_days_of_later_it_is_given_up(context: None) -> None:
    invitation = invite(Left({"email": "later@example.org"}))
    begun = now()
    with sink_at_work() as (_, url):
        for _attempt in range(20):
            mailing = mailing_of(invitation)
            if mailing.state == "failed":
                break
            with time_machine.travel(mailing.due_at + timedelta(minutes=1)):
                send_over(url)
                last = now()

    assert mailing.state == "failed"
    assert timedelta(days=5) < last - begun < timedelta(days=6)


def test_an_address_that_does_not_exist_is_never_written_to_again(context: None) -> None:
    invitation = invite(Left({"email": "Gone@Example.org"}))
    with sink_at_work() as (_, url):
        assert send_over(url) == {"failed": 1}
        again = invite(Left({"email": "gone@example.org"}))
        assert send_over(url) == {"cancelled": 1}

    assert mailing_of(invitation).answer == "550 5.1.1 no such user <(address)>"
    assert db.session.scalars(select(Suppression.why)).all() == ["bounced"]
    assert mailing_of(again).state == "cancelled"
    assert "gone" not in str(db.session.scalars(select(Suppression.address_digest)).one())


def test_a_refused_message_keeps_what_the_server_said(context: None) -> None:
    invitation = invite(Left({"email": "bad@example.org"}))
    with sink_at_work() as (_, url):
        assert send_over(url) == {"failed": 1}
    mailing = mailing_of(invitation)
    assert (mailing.state, mailing.answer) == ("failed", "554 5.6.0 <b>not taken</b> for (address)")
    assert db.session.scalars(select(Suppression)).all() == []


def test_a_mail_lost_while_sending_is_unknown_and_stays_so(context: None) -> None:
    invitation = invite(Left({"email": "hang@example.org"}))
    other = invite()
    with sink_at_work() as (sink, url):
        assert send_over(url, step_seconds=0.5) == {"unknown": 1, "sent": 1}
        with time_machine.travel(now() + timedelta(days=1)):
            assert send_over(url) == {}

    assert mailing_of(invitation).state == "unknown"
    assert mailing_of(other).state == "sent"
    assert sink.ids[mailing_of(invitation).message_id] == 1


def test_a_server_that_is_away_costs_one_attempt_of_one_mail(context: None) -> None:
    first, *others = invite_many(f"person-{n}@example.org" for n in range(5))

    assert send_over(f"smtp://127.0.0.1:{free_port()}") == {"deferred": 1}

    assert mailing_of(first).state == "deferred"
    assert {(mailing_of(other).state, mailing_of(other).attempts) for other in others} == {("queued", 0)}
    with sink_at_work() as (_, url):
        assert send_over(url) == {"sent": 4}


def test_a_server_that_swallows_every_mail_is_left_alone(context: None) -> None:
    class Swallows(KeepsNothing):
        def send(self, mail: Written) -> None:
            raise Unknown("lost")

    invite_many(f"person-{n}@example.org" for n in range(10))
    assert outbox.send_due(Swallows()) == {"unknown": 3}
    assert counts_by_state() == {"unknown": 3, "queued": 7}


def test_a_mail_that_cannot_be_made_holds_nobody_up_and_is_given_up(context: None) -> None:
    poison = invite(Left({"email": "=?x?=@example.org"}))
    invite_many(f"person-{n}@example.org" for n in range(3))
    mailer = MemoryMailer()

    assert outbox.send_due(mailer) == {"deferred": 1, "sent": 3}
    for day in range(1, 6):
        with time_machine.travel(now() + timedelta(days=day)):
            outbox.send_due(mailer)

    mailing = mailing_of(poison)
    assert (mailing.state, mailing.attempts) == ("failed", outbox.POISON_TRIES)
    assert mailing.answer == "the mail cannot be made: UnsafeHeader"
    assert len(mailer.sent) == 3


def test_a_sender_that_fails_in_a_way_nobody_foresaw_never_sends_twice(context: None) -> None:
    class Broken(KeepsNothing):
        def send(self, mail: Written) -> None:
            raise RuntimeError

    invite()
    assert outbox.send_due(Broken()) == {"unknown": 1}
    assert outbox.send_due(MemoryMailer()) == {}


STOPS: dict[str, Callable[[Invitation], object]] = {
    "answered": lambda invitation: close_answered(invitation.id),
    "opted out": lambda invitation: opt_out(invitation.id),
    "suppressed": lambda invitation: suppress("PERSON@example.org", "bounced"),
    "do not contact": lambda invitation: change(invitation, do_not_contact=True),
    "opted out elsewhere": lambda invitation: change(invitation, opted_out_at=now()),
    "erased": lambda invitation: change(invitation, erased_at=now(), name=None, email=None),
    "expired": lambda invitation: db.session.execute(update(Invitation).values(expires_at=now() - timedelta(days=1))),
}


def change(invitation: Invitation, **values: object) -> None:
    db.session.execute(update(Customer).where(Customer.id == invitation.customer_id).values(**values))


@pytest.mark.parametrize("why", STOPS)
def test_nobody_is_mailed_who_should_not_be(context: None, why: str) -> None:
    before = invite(Left({"email": "person@example.org"}))
    STOPS[why](before)
    db.session.commit()

    mailer = MemoryMailer()
    outbox.send_due(mailer)

    assert mailer.sent == []
    assert mailing_of(before).state == "cancelled"


@pytest.mark.parametrize("why", STOPS)
def test_nor_when_it_is_said_between_claim_and_sending(context: None, why: str) -> None:
    invitation = invite(Left({"email": "person@example.org"}))
    (mail,) = claim_all()
    STOPS[why](invitation)
    db.session.commit()

    assert committed(db.session, lambda: mark_sending(mail)) is False
    assert mailing_of(invitation).state == "cancelled"


def test_a_changed_address_is_written_to_at_the_new_one(context: None) -> None:
    invitation = invite(Left({"email": "old@example.org"}))
    (mail,) = claim_all()
    change(invitation, email="new@example.org")
    db.session.commit()
    assert committed(db.session, lambda: mark_sending(mail)) is False

    mailer = MemoryMailer()
    assert outbox.send_due(mailer) == {"sent": 1}
    assert [str(message["To"]) for message in mailer.sent] == ["new@example.org"]


def test_one_address_in_different_letters_is_asked_once(context: None) -> None:
    first, second, third = invite_many(["jan@example.org", "Jan@example.org", "piet@example.org"])

    mailer = MemoryMailer()
    assert outbox.send_due(mailer) == {"sent": 2}
    assert [str(message["To"]) for message in mailer.sent] == ["jan@example.org", "piet@example.org"]
    assert mailing_of(second).state == "cancelled"
    assert db.session.get_one(Invitation, second.id).state == "withdrawn"

    later = invite(Left({"email": "JAN@example.org"}))
    assert outbox.send_due(mailer) == {}
    assert mailing_of(later).state == "cancelled"


def test_what_a_dead_sender_had_claimed_is_sent_by_the_next(context: None) -> None:
    invitation = invite()
    claim_all()
    mailer = MemoryMailer()
    assert outbox.send_due(mailer) == {}

    with time_machine.travel(now() + timedelta(minutes=11)):
        assert outbox.send_due(mailer) == {"sent": 1}
    assert mailing_of(invitation).attempts == 1


def test_what_a_dead_sender_was_sending_is_unknown(context: None) -> None:
    invitation = invite()
    (mail,) = claim_all()
    assert committed(db.session, lambda: mark_sending(mail))

    with time_machine.travel(now() + timedelta(minutes=11)):
        assert outbox.send_due(MemoryMailer()) == {}
    mailing = mailing_of(invitation)
    assert (mailing.state, mailing.answer) == ("unknown", "the sender stopped while sending")


def test_two_senders_at_once_send_nothing_twice(app: Flask, context: None) -> None:
    addresses = [f"person-{n}@example.org" for n in range(300)]
    invite_many(addresses)
    outcomes: list[dict[str, int]] = []

    def sender(url: str) -> None:
        with app.app_context(), writing():
            outcomes.append(send_over(url))

    with sink_at_work() as (sink, url):
        senders = [threading.Thread(target=sender, args=(url,)) for _ in range(2)]
        for thread in senders:
            thread.start()
        for thread in senders:
            thread.join()

    assert sum(outcome.get("sent", 0) for outcome in outcomes) == 300
    assert len(outcomes) == 2
    assert sorted(sink.recipients) == sorted(addresses)
    assert set(sink.ids.values()) == {1}
    assert counts_by_state() == {"sent": 300}


def test_the_command_says_what_it_did(app: Flask, context: None) -> None:
    invite_many(["a@example.org", "b@example.org"])
    db.session.rollback()
    runner = app.test_cli_runner()

    assert runner.invoke(args=["invitations", "send"]).output == "Now: 2 sent.\nIn all: 2 sent.\n"
    assert runner.invoke(args=["invitations", "send"]).output == "Nothing was due.\nIn all: 2 sent.\n"


def test_every_mailing_is_in_one_state(context: None) -> None:
    for address in ("later@example.org", "gone@example.org", "bad@example.org", "ok@example.org"):
        invite(Left({"email": address}))
    with sink_at_work() as (sink, url):
        send_over(url)
    assert sum(counts_by_state().values()) == db.session.scalar(select(func.count()).select_from(Invitation))
    assert isinstance(sink, Sink)
    assert max(sink.ids.values()) == 1
