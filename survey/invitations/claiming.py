"""Which mails are to be sent now, and by whom: what a sender does before it sends anything."""

from collections import Counter
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import func, select, update

from survey.clock import now
from survey.customers.models import Customer
from survey.extensions import db
from survey.invitations.asked import Asked, asked_among
from survey.invitations.models import Invitation, Mailing
from survey.invitations.suppression import suppressed_among

#: a sender that is silent for so long is taken to be gone
LEASE = timedelta(minutes=10)
BATCH = 50
#: two customers with one address are asked once in so many days
ASKED_ONCE_IN = timedelta(days=30)


@dataclass(frozen=True)
class Claimed:
    """One mail that this sender, and nobody else, is to send."""

    mailing_id: int
    round: int
    message_id: str
    #: how often it was tried before
    attempts: int
    worker: str
    person: Asked

    @property
    def address(self) -> str:
        return self.person.email or ""


def tidy() -> int:
    """Take up what senders that are gone left behind, and drop doubles; gives the last mailing there is.

    What stood in `sending` may have arrived: it becomes `unknown`. What was only claimed goes back in the queue.
    """
    lost = Mailing.lease_until < now()
    left = update(Mailing).where(Mailing.state == "sending", lost)
    db.session.execute(left.values(state="unknown", worker=None, answer="the sender stopped while sending"))
    db.session.execute(update(Mailing).where(Mailing.state == "claimed", lost).values(state="queued", worker=None))
    _drop_doubles()
    return db.session.scalar(select(func.max(Mailing.id))) or 0


def claim(worker: str, last_id: int) -> tuple[list[Claimed], int]:
    """Claim up to BATCH mails that are due; gives those that may be sent, and how many were cancelled instead."""
    due = (
        select(Mailing.id)
        .where(Mailing.state.in_(("queued", "deferred")), Mailing.due_at <= now(), Mailing.id <= last_id)
        .order_by(Mailing.due_at, Mailing.id)
        .limit(BATCH)
        .with_for_update(skip_locked=True)
    )
    rows = db.session.execute(
        update(Mailing)
        .where(Mailing.id.in_(due.scalar_subquery()))
        .values(state="claimed", worker=worker, lease_until=now() + LEASE)
        .returning(Mailing.id, Mailing.invitation_id, Mailing.round, Mailing.message_id, Mailing.attempts)
        .execution_options(synchronize_session=False)
    ).all()
    people = asked_among([row.invitation_id for row in rows])
    claimed = [
        Claimed(row.id, row.round, row.message_id, row.attempts, worker, people[row.invitation_id])
        for row in sorted(rows, key=lambda row: row.id)
    ]
    suppressed = suppressed_among({mail.address for mail in claimed if mail.address})
    sendable = [mail for mail in claimed if _may_go(mail.person) and mail.address not in suppressed]
    cancel([mail for mail in claimed if mail not in sendable])
    return sendable, len(claimed) - len(sendable)


def mark_sending(mail: Claimed) -> bool:
    """Say that this mail is going out now; False where it must not any more, and then it is put aside.

    The caller commits before the first byte of DATA: whatever happens later, it is not sent a second time.
    """
    person = asked_among([mail.person.invitation_id]).get(mail.person.invitation_id)
    if person is None or not _may_go(person) or suppressed_among([person.email or ""]):
        cancel([mail])
        return False
    if person.email != mail.person.email:
        release([mail])
        return False
    return _change(mail, "claimed", state="sending", attempts=mail.attempts + 1, lease_until=now() + LEASE)


def cancel(mails: list[Claimed]) -> None:
    """These are not sent, ever."""
    for mail in mails:
        _change(mail, "claimed", state="cancelled")


def release(mails: list[Claimed]) -> None:
    """These go back in the queue, untried."""
    for mail in mails:
        _change(mail, "claimed", state="queued" if mail.attempts == 0 else "deferred", worker=None)


def counts_by_state() -> dict[str, int]:
    """How many mails there are in each state."""
    return dict(Counter({state: n for state, n in db.session.execute(_counts)}))


_counts = select(Mailing.state, func.count()).group_by(Mailing.state).order_by(Mailing.state)


def _may_go(person: Asked) -> bool:
    return person.is_open(now()) and person.email is not None


def _change(mail: Claimed, was: str, **values: object) -> bool:
    """One conditional UPDATE: false where somebody else has changed the row since."""
    changed = (
        update(Mailing)
        .where(Mailing.id == mail.mailing_id, Mailing.worker == mail.worker, Mailing.state == was)
        .values(**values)
        .returning(Mailing.id)
        .execution_options(synchronize_session=False)
    )
    return db.session.scalar(changed) is not None


def _drop_doubles() -> None:
    """The same address, also in other letters, is asked once: the first mailing goes, later ones are withdrawn."""
    waiting = select(Mailing.id).where(Mailing.state == "queued", Mailing.round == 0).limit(1)
    if db.session.scalar(waiting) is None:
        return
    place = func.row_number().over(partition_by=func.lower(Customer.email), order_by=Mailing.id)
    ranked = (
        select(Mailing.id, Mailing.state, Mailing.invitation_id, place.label("place"))
        .join(Invitation, Invitation.id == Mailing.invitation_id)
        .join(Customer, Customer.id == Invitation.customer_id)
        .where(
            Mailing.round == 0,
            Mailing.state.not_in(("cancelled", "failed")),
            Mailing.due_at > now() - ASKED_ONCE_IN,
            Customer.email.is_not(None),
        )
        .subquery()
    )
    doubles = db.session.execute(
        select(ranked.c.id, ranked.c.invitation_id).where(ranked.c.place > 1, ranked.c.state == "queued")
    ).all()
    for mailing_id, invitation_id in doubles:
        db.session.execute(
            update(Mailing).where(Mailing.id == mailing_id).values(state="cancelled", answer="same address asked")
        )
        still_open = update(Invitation).where(Invitation.id == invitation_id, Invitation.state == "open")
        db.session.execute(still_open.values(state="withdrawn"))
