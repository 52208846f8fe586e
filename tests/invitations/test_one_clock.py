"""Whatever happens, nobody is written to more often than the policy says, nor at night, nor after having said no."""

import random
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from itertools import count

import pytest
import time_machine
from sqlalchemy import select, update

from survey.clock import now
from survey.customers.models import Customer
from survey.defections.detection import Noticed
from survey.extensions import db
from survey.invitations import outbox, planning, policy
from survey.invitations.closing import close_answered, opt_out
from survey.invitations.models import ContactPolicy, Invitation, Mailing
from survey.jobs.models import Job
from survey.jobs.tasks import remind
from survey.mail import MemoryMailer
from survey.mail.outcomes import Deferred
from survey.mail.written import Written
from tests import stories

BEGUN = datetime(2026, 10, 20, 9, tzinfo=UTC)
PEOPLE, ADDRESSES, STEPS = 24, 17, 20
#: how many days pass between two steps; a part of a day comes out in the night
DAYS = (0.0, 0.4, 1.0, 2.5, 7.0, 7.0, 14.0)
POLICIES: tuple[dict[str, int], ...] = (
    {"quarantine_days": 60, "most_mails": 2, "window_days": 30, "quiet_from": 20, "quiet_until": 8},
    {"quarantine_days": 10, "most_mails": 1, "window_days": 10, "quiet_from": 0, "quiet_until": 3},
    {"quarantine_days": 0, "most_mails": 3, "window_days": 30, "quiet_from": 0, "quiet_until": 0},
    {"quarantine_days": 60, "most_mails": 3, "window_days": 1, "quiet_from": 22, "quiet_until": 8, "most_reminders": 1},
)
_numbers = count(1)

Got = tuple[datetime, int, int]


class Town:
    """Customers, some of whom share an address, what happens to them, and every mail that reached them."""

    def __init__(self, rules: dict[str, int], rng: random.Random) -> None:
        self.rng = rng
        db.session.execute(update(ContactPolicy).values(**rules))
        addresses = [f"person{number % ADDRESSES}@example.org" for number in range(PEOPLE)]
        written = [address.title() if number >= ADDRESSES else address for number, address in enumerate(addresses)]
        self.people = {stories.customer(email=address).id: address.lower() for address in written}
        self.episodes: dict[int, int] = defaultdict(int)
        #: per address, in small letters
        self.refused: dict[str, datetime] = {}
        self.got: dict[str, list[Got]] = defaultdict(list)
        db.session.commit()

    def step(self) -> None:
        """Some leave, some answer, one may want to be left alone; then the jobs run, if the mail server lets them."""
        self.leave(self.rng.sample(sorted(self.people), self.rng.randrange(9)))
        waiting = db.session.scalars(select(Invitation.id).where(Invitation.state == "open").order_by(Invitation.id))
        still_open = list(waiting)
        for key in self.rng.sample(still_open, len(still_open) // 10):
            close_answered(key)
        if still_open and self.rng.random() < 0.3:
            self.stop(self.rng.choice(still_open))
        db.session.commit()
        remind.run(Job(key=f"x:{next(_numbers)}", kind="remind", arguments={}, created_at=now(), due_at=now()))
        mailer = self.rng.choice((Arriving(self), Arriving(self), Arriving(self), Busy(), None))
        if mailer:
            outbox.send_due(mailer)

    def leave(self, who: list[int]) -> None:
        noticed = []
        for key in who:
            self.episodes[key] += 1
            customer = db.session.get_one(Customer, key)
            gone = stories.defection(customer, on=now().date(), episode=self.episodes[key])
            noticed.append(Noticed(gone.id, key, gone.last_visit_on, True))
        planning.plan(noticed, now().date())
        planning.plan(noticed, now().date())

    def stop(self, invitation_id: int) -> None:
        opt_out(invitation_id)
        customer = db.session.get_one(Invitation, invitation_id).customer_id
        self.refused.setdefault(self.people[customer], now())

    def took(self, message_id: str, address: str) -> None:
        query = select(Invitation.defection_id, Mailing.round).join(Mailing).where(Mailing.message_id == message_id)
        defection, round_ = db.session.execute(query).one()
        self.got[address.lower()].append((now(), defection, round_))


class Arriving(MemoryMailer):
    """Mail that arrives, and is written down."""

    def __init__(self, town: Town) -> None:
        super().__init__()
        self.town = town

    def send(self, mail: Written) -> None:
        super().send(mail)
        self.town.took(mail.message_id, mail.recipient)


class Busy(MemoryMailer):
    """A server that says: later."""

    def send(self, mail: Written) -> None:
        raise Deferred("451 later")


@pytest.mark.parametrize("number", range(len(POLICIES)))
def test_nothing_that_happens_breaks_the_clock(context: None, number: int) -> None:
    rules = {"most_reminders": 2, **POLICIES[number]}
    rng = random.Random(number)
    with time_machine.travel(BEGUN, tick=False) as clock:
        town = Town(rules, rng)
        for _ in range(STEPS):
            town.step()
            clock.shift(timedelta(days=rng.choice(DAYS)))
    assert sum(map(len, town.got.values())) >= ADDRESSES, "too little happened to prove anything"
    for address, mails in town.got.items():
        check(rules, mails)
        assert all(at <= town.refused.get(address, at) for at, _, _ in mails), "nothing after no"


def check(rules: dict[str, int], mails: list[Got]) -> None:
    """What the policy says of all mails to one address."""
    night = ContactPolicy(quiet_from=rules["quiet_from"], quiet_until=rules["quiet_until"])
    assert len({(episode, round_) for _, episode, round_ in mails}) == len(mails), "one mail a round of an episode"
    assert all(round_ <= rules["most_reminders"] for _, _, round_ in mails)
    assert not any(policy.is_quiet(night, at) for at, _, _ in mails)
    window, peace = timedelta(days=rules["window_days"]), timedelta(days=rules["quarantine_days"])
    for at, episode, round_ in mails:
        assert sum(at - window < one <= at for one, _, _ in mails) <= rules["most_mails"], "the window"
        others = [one for one, other, _ in mails if other != episode and at - peace < one <= at]
        assert round_ > 0 or not others, "days of peace"
