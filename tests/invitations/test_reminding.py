"""Reminders: who gets them, when, and who does not."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
import time_machine
from sqlalchemy import select, update

from survey.clock import now
from survey.customers.models import Customer
from survey.extensions import db
from survey.invitations.closing import close_answered, opt_out
from survey.invitations.models import Invitation, Mailing
from survey.jobs.models import Job
from survey.jobs.tasks import invite as invite_task
from survey.jobs.tasks import remind
from survey.mail import MemoryMailer
from tests.invitations.people import invite


@pytest.fixture
def mailer(monkeypatch: pytest.MonkeyPatch) -> MemoryMailer:
    mailer = MemoryMailer()
    monkeypatch.setattr(invite_task, "open_mailer", lambda: mailer)
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
