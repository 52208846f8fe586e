"""Which mails are to be sent now, and by whom: what a sender does before it sends anything."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import bindparam, case, func, or_, select, update
from sqlalchemy.sql.dml import ReturningUpdate

from survey.clock import local, now
from survey.customers.models import Customer
from survey.database import UtcDateTime
from survey.extensions import db
from survey.invitations.asked import SKEW, Asked, asked_among, may_be_mailed
from survey.invitations.models import ContactPolicy, Invitation, Mailing, Suppression
from survey.invitations.policy import (
    LEFT,
    NEVER,
    after_quiet,
    contact_policy,
    is_quiet,
    left_at,
    limits,
    over,
    over_limits,
)
from survey.invitations.suppression import digests_of, suppressed_among

#: a sender that is silent for so long is taken to be gone
LEASE = timedelta(minutes=10)
BATCH = 50
#: so many values fit in one statement
CHUNK = 10_000

_TABLE: Any = Mailing.__table__


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
    """Claim up to BATCH mails that are due; gives those that may be sent, and how many were cancelled instead.

    In the quiet hours nothing is due. Cancelled is what the invitation, the person or the policy does not allow now.
    """
    policy = contact_policy()
    if is_quiet(policy, now()):
        return [], 0
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
    whys = _why_not(claimed, policy)
    for mail in claimed:
        if whys[mail.mailing_id]:
            cancel(mail, whys[mail.mailing_id])
    sendable = [mail for mail in claimed if not whys[mail.mailing_id]]
    return sendable, len(claimed) - len(sendable)


def mark_sending(mail: Claimed) -> bool:
    """Say that this mail is going out now; False where it must not any more, and then it is put aside.

    The caller commits before the first byte of DATA: whatever happens later, it is not sent a second time.
    """
    policy = contact_policy()
    if not is_quiet(policy, now()) and _is_marked(mail, policy):
        return True
    person = asked_among([mail.person.invitation_id]).get(mail.person.invitation_id)
    why = "closed" if person is None else _why_not([replace(mail, person=person)], policy)[mail.mailing_id]
    if why:
        cancel(mail, why)
    else:  # another address by now, or the night has come
        release([mail])
    return False


def _is_marked(mail: Claimed, policy: ContactPolicy) -> bool:
    """The last look and what it allows in one statement, as nearly all mails pass; why others do not is asked then."""
    moment = now()
    given = limits([mail.mailing_id], policy) | {
        "mailing": mail.mailing_id,
        "sender": mail.worker,
        "until": moment + LEASE,
        "open_at": moment - SKEW,
        "address": mail.address,
        "digests": digests_of(mail.address),
    }
    # past the session, which would read the statement anew each time
    return db.session.connection().scalar(_marking(), given) is not None


@cache
def _marking() -> ReturningUpdate[int]:
    """`sending`, where all that `_why_not` asks and the address still hold. Built once: it is asked of every mail."""
    mailing = _TABLE.c
    may_be_asked = (
        select(Invitation.id)
        .join(Customer, Customer.id == Invitation.customer_id)
        .where(
            Invitation.id == mailing.invitation_id,
            Invitation.state == "open",
            Invitation.expires_at >= bindparam("open_at", type_=UtcDateTime),
            may_be_mailed(),
            Customer.email == bindparam("address"),
        )
    )
    suppressed = select(Suppression.id).where(Suppression.address_digest.in_(bindparam("digests", expanding=True)))
    return (
        update(_TABLE)
        .where(mailing.id == bindparam("mailing"), mailing.worker == bindparam("sender"), mailing.state == "claimed")
        .where(may_be_asked.exists(), ~suppressed.exists(), mailing.id.not_in(select(over().subquery().c.id)))
        .values(state="sending", attempts=mailing.attempts + 1, lease_until=bindparam("until", type_=UtcDateTime))
        .returning(mailing.id)
    )


def cancel(mail: Claimed, why: str) -> None:
    """This one is not sent, ever. Whose first mail the clock does not allow is not asked about this episode."""
    _change(mail, "claimed", state="cancelled", cancelled_because=why)
    if mail.round == 0 and why in ("quarantine", "window_full"):
        _withdraw([mail.person.invitation_id])


def release(mails: list[Claimed], due_at: datetime | None = None) -> None:
    """These go back in the queue, untried; with `due_at`, not to be taken before."""
    later = {} if due_at is None else {"due_at": due_at}
    for mail in mails:
        _change(mail, "claimed", state="queued" if mail.attempts == 0 else "deferred", worker=None, **later)


def held_back() -> tuple[datetime, int] | None:
    """In the quiet hours: when they end, on the organisation's clock, and how many mails leave then; else None."""
    policy, moment = contact_policy(), now()
    if not is_quiet(policy, moment):
        return None
    until = after_quiet(policy, moment)
    due = (Mailing.state.in_(("queued", "deferred")), Mailing.due_at <= until)
    return local(until), db.session.scalar(select(func.count(Mailing.id)).where(*due)) or 0


def counts_by_state() -> dict[str, int]:
    """How many mails there are in each state."""
    return dict(Counter({state: n for state, n in db.session.execute(_counts)}))


_counts = select(Mailing.state, func.count()).group_by(Mailing.state).order_by(Mailing.state)


def _why_not(mails: Sequence[Claimed], policy: ContactPolicy) -> dict[int, str]:
    """Why each may not leave now, by number; empty: it may. Two questions for all of them."""
    suppressed = suppressed_among({mail.address for mail in mails if mail.address})
    over = over_limits([mail.mailing_id for mail in mails], policy)

    def why(mail: Claimed) -> str:
        if mail.person.opted_out or mail.person.erased or mail.person.email is None:
            return "not_allowed"
        if not mail.person.is_open(now()):
            return "closed"
        return "suppressed" if mail.address in suppressed else over.get(mail.mailing_id, "")

    return {mail.mailing_id: why(mail) for mail in mails}


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
    """One address, also in other letters, is one person: who was written to at it last keeps it, else who is first.

    What waits for any other customer with that address is cancelled, and who was to be asked is not asked. It holds
    for the days of peace or the window of the policy, whichever is longer.
    """
    waiting = Mailing.state.in_(("queued", "deferred"))
    if db.session.scalar(select(Mailing.id).where(waiting).limit(1)) is None:
        return
    policy = contact_policy()
    since = now() - timedelta(days=max(policy.quarantine_days, policy.window_days))
    keeper = func.first_value(Invitation.customer_id).over(
        partition_by=func.lower(Customer.email), order_by=(case((Mailing.state.in_(LEFT), 0), else_=1), Mailing.id)
    )
    lines = (
        select(
            Mailing.id,
            Mailing.state,
            Mailing.round,
            Mailing.invitation_id,
            Invitation.customer_id,
            keeper.label("keeper"),
        )
        .join(Invitation, Invitation.id == Mailing.invitation_id)
        .join(Customer, Customer.id == Invitation.customer_id)
        .where(or_(waiting, left_at() > since), Mailing.state.not_in(NEVER), Customer.email.is_not(None))
        .subquery()
    )
    doubles = db.session.execute(
        select(lines.c.id, lines.c.invitation_id, lines.c.round).where(
            lines.c.customer_id != lines.c.keeper, lines.c.state.in_(("queued", "deferred"))
        )
    ).all()
    _cancel_doubles([row.id for row in doubles])
    _withdraw([row.invitation_id for row in doubles if row.round == 0])


def _cancel_doubles(mailings: list[int]) -> None:
    for start in range(0, len(mailings), CHUNK):
        some = update(Mailing).where(Mailing.id.in_(mailings[start : start + CHUNK]))
        ended = some.values(state="cancelled", cancelled_because="same_address", answer="same address asked")
        db.session.execute(ended.execution_options(synchronize_session=False))


def _withdraw(invitations: list[int]) -> None:
    for start in range(0, len(invitations), CHUNK):
        some = Invitation.id.in_(invitations[start : start + CHUNK]), Invitation.state == "open"
        ended = update(Invitation).where(*some).values(state="withdrawn")
        db.session.execute(ended.execution_options(synchronize_session=False))
