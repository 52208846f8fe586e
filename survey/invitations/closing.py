"""How an invitation ends: answered, opted out, or withdrawn. What was still to be mailed is cancelled with it."""

from collections.abc import Collection
from functools import cache
from typing import Any

from sqlalchemy import Update, bindparam, select, update
from sqlalchemy.sql.dml import ReturningUpdate

from survey.clock import now
from survey.customers.models import Customer
from survey.database import Base
from survey.extensions import db
from survey.invitations.models import Invitation
from survey.invitations.suppression import suppress

#: mailings that have not left yet; `sending` may already have left, and keeps its own end
NOT_YET_SENT = ("queued", "claimed", "deferred")


def close_answered(invitation_id: int) -> bool:
    """Take the one answer to this invitation: False where it is not open any more.

    One conditional UPDATE decides, so of many answers sent at once exactly one is taken.
    """
    if db.session.execute(_close_open(), {"number": invitation_id}).scalar() is None:
        return False
    cancel_mailings([invitation_id], "closed")
    return True


def opt_out(invitation_id: int) -> None:
    """Never ask this person again, nor write to this address. Twice is once. Flushes."""
    customer = db.session.scalar(select(Customer).join(Invitation).where(Invitation.id == invitation_id))
    if customer is None:
        return
    customer.opted_out_at = customer.opted_out_at or now()
    if customer.email:
        suppress(customer.email, "opted_out")
    close_all(customer.id, "opted_out")


def close_all(customer_id: int, state: str) -> None:
    """End every open invitation of a customer: `opted_out`, or `withdrawn` by the business. Flushes."""
    theirs = select(Invitation.id).where(Invitation.customer_id == customer_id, Invitation.state == "open")
    keys = db.session.scalars(theirs).all()
    db.session.execute(update(Invitation).where(Invitation.id.in_(keys)).values(state=state))
    cancel_mailings(keys, "not_allowed" if state == "opted_out" else "closed")


def cancel_mailings(invitation_ids: Collection[int], why: str = "closed") -> None:
    """Take back what has not left yet; `why` is one of CANCELLED_BECAUSE."""
    db.session.execute(_cancel_pending(), {"numbers": list(invitation_ids), "why": why})


# built once, and past the ORM: they run while nobody else can write
@cache
def _close_open() -> ReturningUpdate[Any]:
    invitation = Base.metadata.tables["invitation"]
    still_open = update(invitation).where(invitation.c.id == bindparam("number"), invitation.c.state == "open")
    return still_open.values(state="answered").returning(invitation.c.id)


@cache
def _cancel_pending() -> Update:
    mailing = Base.metadata.tables["mailing"]
    theirs = mailing.c.invitation_id.in_(bindparam("numbers", expanding=True))
    waits = mailing.c.state.in_(NOT_YET_SENT)
    return update(mailing).where(theirs, waits).values(state="cancelled", cancelled_because=bindparam("why"))
