"""Reminders: who gets them, when, and who does not."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from sqlalchemy import select, update

from survey.clock import now
from survey.customers.models import Customer
from survey.extensions import db
from survey.invitations import sending
from survey.invitations.closing import close_answered, opt_out
from survey.invitations.models import ContactPolicy, Invitation, Mailing
from survey.jobs.models import Job
from survey.jobs.tasks import invite as invite_task
from survey.jobs.tasks import remind
from survey.mail import MemoryMailer
from survey.responses.models import ResponseDraft
from survey.responses.policy import gains
from tests import stories
from tests.invitations.people import invite


@pytest.fixture
def mailer(monkeypatch: pytest.MonkeyPatch) -> MemoryMailer:
    mailer = MemoryMailer()
    monkeypatch.setattr(sending, "open_mailer", lambda: mailer)
    return mailer


def job() -> Job:
    return Job(key=f"x:{now()}", kind="remind", arguments={}, created_at=now(), due_at=now())


def day(number: float, begun: datetime) -> datetime:
    return begun + timedelta(days=number, minutes=5)


def test_two_reminders_a_week_and_three_weeks_later_and_no_third(context: None, mailer: MemoryMailer) -> None:
    invite()
    begun = now()
    sent: list[int] = []
    for number in range(0, 60):
        with time_machine.travel(day(number, begun)):
            remind.run(job())
            if invite_task.run(job()):
                sent.append(number)

    assert sent == [0, 7, 21]
    assert [str(message["Subject"]) for message in mailer.sent] == [
        "What made you stop coming to Garage De Linde?",
        "May we still ask you one thing?",
        "May we still ask you one thing?",
    ]
    assert len({message["Message-ID"] for message in mailer.sent}) == 3


STOPS: dict[str, Callable[[Invitation], object]] = {
    "answered": lambda invitation: close_answered(invitation.id),
    "opted out": lambda invitation: opt_out(invitation.id),
    "withdrawn": lambda invitation: db.session.execute(update(Invitation).values(state="withdrawn")),
    "do not contact": lambda invitation: db.session.execute(update(Customer).values(do_not_contact=True)),
    "expired": lambda invitation: db.session.execute(update(Invitation).values(expires_at=now() + timedelta(days=1))),
    "not known to have arrived": lambda invitation: db.session.execute(
        update(Mailing).values(state="unknown", sent_at=None)
    ),
}


@pytest.mark.parametrize("why", STOPS)
def test_who_is_not_reminded(context: None, mailer: MemoryMailer, why: str) -> None:
    invitation = invite()
    invite_task.run(job())
    STOPS[why](invitation)
    db.session.commit()

    with time_machine.travel(now() + timedelta(days=8)):
        assert remind.run(job()) == {"queued": 0}


def test_running_it_twice_reminds_once(context: None, mailer: MemoryMailer) -> None:
    invite()
    invite_task.run(job())
    with time_machine.travel(now() + timedelta(days=8)):
        assert remind.run(job()) == {"queued": 1}
        assert remind.run(job()) == {"queued": 0}
        assert sorted(db.session.scalars(select(Mailing.round))) == [0, 1]


def test_who_has_begun_an_answer_is_left_three_days_to_finish_it(context: None, mailer: MemoryMailer) -> None:
    invitation = invite()
    invite_task.run(job())
    begun = now()
    draft = ResponseDraft(invitation_id=invitation.id, language="en", fields={}, saved_at=begun + timedelta(days=6))
    db.session.add(draft)
    db.session.commit()
    with time_machine.travel(day(8, begun)):
        assert remind.run(job()) == {"queued": 0}
    with time_machine.travel(day(10, begun)):
        assert remind.run(job()) == {"queued": 1}


@pytest.mark.parametrize("most", [0, 1])
def test_the_policy_has_fewer_reminders(context: None, mailer: MemoryMailer, most: int) -> None:
    db.session.execute(update(ContactPolicy).values(most_reminders=most))
    invite()
    begun = now()
    for number in range(0, 30):
        with time_machine.travel(day(number, begun)):
            remind.run(job())
            invite_task.run(job())
    assert len(mailer.sent) == 1 + most


def test_a_reminder_that_comes_due_in_the_night_waits(context: None, mailer: MemoryMailer) -> None:
    with time_machine.travel(datetime(2026, 9, 20, 10, tzinfo=UTC)):
        invite()
        invite_task.run(job())
    db.session.execute(update(ContactPolicy).values(quiet_from=20, quiet_until=8))
    with time_machine.travel(datetime(2026, 9, 27, 22, tzinfo=UTC)):
        remind.run(job())
    assert db.session.scalars(select(Mailing.due_at).where(Mailing.round == 1)).all() == [
        datetime(2026, 9, 28, 6, tzinfo=UTC)
    ]


def reminded(people: int, before: int, brought: int, late: int = 0) -> None:
    """So many people were asked 30 days ago; `before` answered at once, the others got a first reminder, and so on."""
    asked_at = now() - timedelta(days=30)
    for number in range(people + before):
        invitation = stories.invitation(created_at=asked_at)
        stories.mailing(invitation, 0, state="sent", sent_at=asked_at)
        answered = asked_at + timedelta(days=2)
        if number >= before:
            stories.mailing(invitation, 1, state="sent", sent_at=asked_at + timedelta(days=7))
            answered += timedelta(days=6 if number < before + brought else 13)
        if number < before + brought + late:
            stories.response(asked=invitation).created_at = answered
    db.session.commit()


def test_what_a_round_brought_is_counted_within_a_week(context: None) -> None:
    reminded(people=6, before=4, brought=2, late=1)
    first, second = gains.gains()
    assert (first.mails, first.before, first.brought, first.ratio) == (6, 4, 2, 0.5)
    # 2 of 6 by Wilson is .0968 to .7000
    assert (round(first.low, 3), round(first.high or 0, 2)) == (0.107, 2.33)
    assert not first.is_judged
    assert (second.mails, second.before, second.brought, second.ratio) == (0, 7, 0, None)


@pytest.mark.parametrize(("brought", "stopped"), [(2, True), (3, False)])
def test_a_round_that_adds_under_a_tenth_is_stopped_and_says_so(
    context: None, mailer: MemoryMailer, monkeypatch: pytest.MonkeyPatch, brought: int, stopped: bool
) -> None:
    monkeypatch.setattr(gains, "FEWEST_MAILS", 8)
    reminded(people=8, before=25, brought=brought)
    invitation = invite()
    at = now() - timedelta(days=8)
    db.session.execute(update(Mailing).where(Mailing.invitation_id == invitation.id).values(state="sent", sent_at=at))
    db.session.commit()
    done = remind.run(job())
    state = select(Mailing.state, Mailing.cancelled_because)
    row = db.session.execute(state.where(Mailing.invitation_id == invitation.id, Mailing.round == 1)).one()
    assert tuple(row) == (("cancelled", "little_gain") if stopped else ("queued", ""))
    assert done.get("stopped", 0) == int(stopped)
    assert remind.run(job()) == {"queued": 0}
