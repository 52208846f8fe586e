"""The clock of the contact policy: the hours of the night, and the last look before a mail leaves."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
import time_machine
from flask import Flask
from hypothesis import HealthCheck, given
from hypothesis import settings as tried
from hypothesis import strategies as st
from sqlalchemy import select, update

from survey.clock import now
from survey.customers.models import Customer
from survey.database import committed
from survey.extensions import db
from survey.invitations import outbox, policy
from survey.invitations.claiming import claim, mark_sending, tidy
from survey.invitations.models import ContactPolicy, Invitation, Mailing
from survey.mail import MemoryMailer
from tests import stories
from tests.invitations.people import Left, invite

AMSTERDAM = ZoneInfo("Europe/Amsterdam")
NIGHT = ContactPolicy(quiet_from=20, quiet_until=8)


@pytest.fixture
def by_day(context: None) -> None:
    db.session.execute(update(ContactPolicy).values(quiet_from=20, quiet_until=8))
    db.session.commit()


def there(year: int, month: int, day: int, hour: int, minute: int = 0, fold: int = 0) -> datetime:
    return datetime(year, month, day, hour, minute, fold=fold, tzinfo=AMSTERDAM).astimezone(UTC)


@pytest.mark.sqlite
@pytest.mark.parametrize(
    ("hours", "moment", "leaves"),
    [
        ((20, 8), there(2026, 6, 1, 19, 59), there(2026, 6, 1, 19, 59)),
        ((20, 8), there(2026, 6, 1, 20), there(2026, 6, 2, 8)),
        ((20, 8), there(2026, 6, 2, 7, 59), there(2026, 6, 2, 8)),
        ((20, 8), there(2026, 6, 2, 8), there(2026, 6, 2, 8)),
        # the night in which the clock goes forward is an hour shorter, the other one an hour longer
        ((20, 8), there(2027, 3, 27, 23), there(2027, 3, 28, 8)),
        ((20, 8), there(2026, 10, 24, 23), there(2026, 10, 25, 8)),
        # half past two does not exist on the one day, and comes twice on the other
        ((0, 2), there(2027, 3, 28, 0, 30), there(2027, 3, 28, 3)),
        ((0, 3), there(2026, 10, 25, 2, 30), there(2026, 10, 25, 3)),
        ((0, 3), there(2026, 10, 25, 2, 30, fold=1), there(2026, 10, 25, 3)),
        ((9, 17), there(2026, 6, 1, 12), there(2026, 6, 1, 17)),
        ((8, 8), there(2026, 6, 1, 3), there(2026, 6, 1, 3)),
    ],
)
def test_mail_waits_until_the_night_is_over(
    context: None, hours: tuple[int, int], moment: datetime, leaves: datetime
) -> None:
    rule = ContactPolicy(quiet_from=hours[0], quiet_until=hours[1])
    assert policy.after_quiet(rule, moment) == leaves


@pytest.mark.sqlite
def test_whatever_the_hours_and_the_day_it_leaves_at_the_first_hour_allowed(context: None) -> None:
    @tried(deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(st.datetimes(datetime(2026, 1, 1), datetime(2028, 1, 1)), st.integers(0, 23), st.integers(0, 23))
    def holds(naive: datetime, first: int, last: int) -> None:
        rule, moment = ContactPolicy(quiet_from=first, quiet_until=last), naive.replace(tzinfo=UTC)
        leaves = policy.after_quiet(rule, moment)
        assert moment <= leaves <= moment + timedelta(hours=25)
        assert not policy.is_quiet(rule, leaves)
        assert leaves == moment or policy.is_quiet(rule, leaves - timedelta(seconds=1))

    holds()


def send() -> tuple[dict[str, int], list[str]]:
    mailer = MemoryMailer()
    return outbox.send_due(mailer), [str(message["To"]) for message in mailer.sent]


def because(invitation: Invitation) -> list[str]:
    db.session.expire_all()
    query = select(Mailing.cancelled_because).where(Mailing.invitation_id == invitation.id)
    return list(db.session.scalars(query.order_by(Mailing.round)))


def test_no_mail_leaves_in_the_night(by_day: None) -> None:
    with time_machine.travel(there(2026, 9, 20, 22)):
        invite()
        assert send() == ({}, [])
    with time_machine.travel(there(2026, 9, 21, 8, 1)):
        assert send()[0] == {"sent": 1}


def test_the_command_says_until_when_it_is_quiet_and_how_many_wait(app: Flask, by_day: None) -> None:
    runner = app.test_cli_runner()

    def said(*moment: int) -> str:
        db.session.rollback()
        with time_machine.travel(there(*moment), tick=True):
            return str(runner.invoke(args=["invitations", "send"]).output)

    assert said(2026, 11, 26, 23) == "It is quiet until 08:00, and no mail waits for that.\n"
    for hour in (7, 8, 12):
        invite(Left(due_at=there(2026, 11, 27, hour)))
    assert said(2026, 11, 26, 23) == "It is quiet until 08:00, and 2 mails wait for that.\nIn all: 3 queued.\n"
    assert said(2026, 11, 27, 7, 59) == "It is quiet until 08:00, and 2 mails wait for that.\nIn all: 3 queued.\n"
    assert said(2026, 11, 27, 8) == "Now: 2 sent.\nIn all: 1 queued, 2 sent.\n"
    assert said(2026, 11, 27, 9) == "Nothing was due.\nIn all: 1 queued, 2 sent.\n"
    assert said(2026, 11, 27, 20) == "It is quiet until 08:00, and 1 mail waits for that.\nIn all: 1 queued, 2 sent.\n"


def test_a_mail_claimed_before_the_night_waits_in_the_queue(by_day: None) -> None:
    with time_machine.travel(there(2026, 9, 20, 19, 58)):
        invitation = invite()
        last_id = committed(db.session, tidy)
        ((mail,), _) = committed(db.session, lambda: claim("somebody", last_id))
    with time_machine.travel(there(2026, 9, 20, 20, 1)):
        assert not committed(db.session, lambda: mark_sending(mail))
        assert because(invitation) == [""]
        assert db.session.scalars(select(Mailing.state)).all() == ["queued"]


def second_episode(first: Invitation) -> Invitation:
    who = db.session.get_one(Customer, first.customer_id)
    gone = stories.defection(who, on=date(2026, 11, 1), episode=2)
    again = stories.invitation(gone, created_at=now(), expires_at=now() + timedelta(days=60))
    stories.mailing(again, due_at=now() - timedelta(minutes=1))
    db.session.commit()
    return again


def test_the_days_of_peace_hold_at_the_last_moment(context: None) -> None:
    first = invite(Left({"email": "jan@example.org"}))
    assert send()[0] == {"sent": 1}
    again = second_episode(first)
    assert send() == ({"cancelled": 1}, [])
    assert because(again) == ["quarantine"]
    assert db.session.get_one(Invitation, again.id).state == "withdrawn"


def test_of_two_mails_due_at_once_one_goes(context: None) -> None:
    first = invite(Left({"email": "jan@example.org"}))
    second_episode(first)
    assert send() == ({"sent": 1, "cancelled": 1}, ["jan@example.org"])


def test_two_senders_that_hold_a_mail_each_send_one(context: None) -> None:
    first = invite(Left({"email": "jan@example.org"}))
    again = second_episode(first)
    db.session.execute(update(Mailing).values(state="claimed", worker="x", lease_until=now() + timedelta(minutes=9)))
    assert policy.over_limits(db.session.scalars(select(Mailing.id)).all(), policy.contact_policy()) == {
        db.session.scalars(select(Mailing.id).where(Mailing.invitation_id == again.id)).one(): "quarantine"
    }


def test_the_window_holds_for_reminders(context: None) -> None:
    db.session.execute(update(ContactPolicy).values(most_mails=1))
    invitation = invite(Left(mailings=2))
    assert send()[0] == {"sent": 1, "cancelled": 1}
    assert because(invitation) == ["", "window_full"]
    assert db.session.get_one(Invitation, invitation.id).state == "open"


def test_another_customer_with_the_same_address_is_left_in_peace_as_long(context: None) -> None:
    invite(Left({"email": "jan@example.org"}))
    send()
    with time_machine.travel(now() + timedelta(days=100)):
        other = invite(Left({"email": "JAN@example.org"}))
        assert send() == ({}, [])
        assert because(other) == ["same_address"]
        assert db.session.get_one(Invitation, other.id).state == "withdrawn"
    with time_machine.travel(now() + timedelta(days=200)):
        invite(Left({"email": "Jan@example.org"}))
        assert send()[0] == {"sent": 1}


def test_mails_that_waited_longer_than_the_peace_are_doubles_all_the_same(context: None) -> None:
    long_ago = now() - timedelta(days=300)
    invite(Left({"email": "jan@example.org"}, due_at=long_ago))
    invite(Left({"email": "Jan@example.org"}, due_at=long_ago))
    assert send() == ({"sent": 1}, ["jan@example.org"])
