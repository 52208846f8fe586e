"""How an invitation ends: answered, opted out, or withdrawn. What was still to be mailed is cancelled with it."""

from collections.abc import Collection

from sqlalchemy import select, update

from survey.clock import now
from survey.customers.models import Customer
from survey.extensions import db
from survey.invitations.models import Invitation, Mailing
from survey.invitations.suppression import suppress

#: mailings that have not left yet; `sending` may already have left, and keeps its own end
NOT_YET_SENT = ("queued", "claimed", "deferred")


def close_answered(invitation_id: int) -> bool:
    """Take the one answer to this invitation: False where it is not open any more. Flushes.

    One conditional UPDATE decides, so of many answers sent at once exactly one is taken.
    """
    still_open = update(Invitation).where(Invitation.id == invitation_id, Invitation.state == "open")
    if db.session.scalar(still_open.values(state="answered").returning(Invitation.id)) is None:
        return False
    cancel_mailings([invitation_id])
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
    cancel_mailings(keys)


def cancel_mailings(invitation_ids: Collection[int]) -> None:
    """Take back what has not left yet."""
    pending = update(Mailing).where(Mailing.invitation_id.in_(invitation_ids), Mailing.state.in_(NOT_YET_SENT))
    db.session.execute(pending.values(state="cancelled"))
