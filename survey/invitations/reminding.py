"""Reminders: to those who were asked and have not answered."""

from datetime import timedelta
from uuid import uuid4

from sqlalchemy import exists, select
from sqlalchemy.orm import aliased

from survey.clock import now
from survey.customers.models import Customer
from survey.extensions import db
from survey.invitations.asked import may_be_mailed
from survey.invitations.models import Invitation, Mailing
from survey.web import settings

#: how long after the mail of the round before; there is no round after the last
WAITS = {1: timedelta(days=7), 2: timedelta(days=14)}
#: the job runs daily at a fixed hour: a week is over on the seventh day, also for a mail that left later that day
SLACK = timedelta(hours=12)
BATCH = 500


def queue_reminders() -> int:
    """Put the next BATCH reminders that are due in the queue; gives how many, 0 when all are there. Flushes.

    Due is a round when the round before was sent long enough ago and the invitation still stands open.
    """
    for round_, wait in WAITS.items():
        if keys := _due(round_, wait):
            moment, domain = now(), settings().mail_from.rsplit("@", 1)[-1].rstrip(">")
            db.session.add_all(
                Mailing(invitation_id=key, round=round_, message_id=f"<{uuid4()}@{domain}>", due_at=moment)
                for key in keys
            )
            db.session.flush()
            return len(keys)
    return 0


def _due(round_: int, wait: timedelta) -> list[int]:
    before, after = aliased(Mailing), aliased(Mailing)
    query = (
        select(Invitation.id)
        .join(Customer, Customer.id == Invitation.customer_id)
        .join(before, (before.invitation_id == Invitation.id) & (before.round == round_ - 1))
        .where(
            Invitation.state == "open",
            Invitation.expires_at > now(),
            may_be_mailed(),
            before.state == "sent",
            before.sent_at <= now() - wait + SLACK,
            ~exists().where(after.invitation_id == Invitation.id, after.round == round_),
        )
        .order_by(Invitation.id)
        .limit(BATCH)
    )
    return list(db.session.scalars(query))
