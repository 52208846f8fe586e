"""Not too much mail to one provider in a minute, by whichever connection."""

from datetime import timedelta

import time_machine
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select, update

from survey.clock import now
from survey.extensions import db
from survey.invitations.models import ContactPolicy, Mailing
from survey.invitations.outbox import send_due
from survey.invitations.throttle import Throttle, sent_last_minute
from survey.mail import MemoryMailer
from tests.invitations.people import invite_many


class Clock:
    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


@given(st.lists(st.tuples(st.integers(0, 40), st.sampled_from(["a@x.nl", "b@X.nl", "c@y.nl"])), max_size=40))
def test_no_minute_has_more_than_the_limit(steps: list[tuple[int, str]]) -> None:
    clock = Clock()
    throttle, went = Throttle(3, clock=clock), []
    for wait, address in steps:
        clock.seconds += wait
        if throttle.take(address):
            went.append((clock.seconds, address[-4:].lower()))
    for moment, domain in went:
        within = [at for at, name in went if name == domain and moment <= at < moment + 60]
        assert len(within) <= 3


def test_what_others_sent_before_counts() -> None:
    throttle = Throttle(2, {"x.nl": 1})
    assert [throttle.take("a@x.nl"), throttle.take("b@x.nl"), throttle.take("c@y.nl")] == [True, False, True]


def test_the_rest_goes_in_the_next_minute(context: None) -> None:
    db.session.execute(update(ContactPolicy).values(domain_per_minute=4))
    invite_many([f"person-{n}@many.example" for n in range(6)] + ["one@few.example"])

    mailer = MemoryMailer()
    assert send_due(mailer) == {"sent": 5, "throttled": 2}
    assert sent_last_minute() == {"many.example": 4, "few.example": 1}
    waiting = db.session.scalars(select(Mailing).where(Mailing.state == "queued")).all()
    assert [(mailing.attempts, mailing.due_at > now()) for mailing in waiting] == [(0, True)] * 2
    db.session.rollback()

    with time_machine.travel(now() + timedelta(seconds=61)):
        assert send_due(mailer) == {"sent": 2}
    assert len({str(message["To"]) for message in mailer.sent}) == 7
