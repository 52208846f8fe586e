"""Reminders: to those who were asked and have not answered, nor begun to."""

from collections import Counter
from collections.abc import Collection
from datetime import timedelta
from typing import Any
from uuid import uuid4

from sqlalchemy import Select, exists, select
from sqlalchemy.orm import aliased

from survey.clock import now
from survey.customers.models import Customer
from survey.extensions import db
from survey.invitations.asked import may_be_mailed
from survey.invitations.models import Invitation, Mailing
from survey.invitations.policy import after_quiet, contact_policy
from survey.web import settings

#: how long after the mail of the round before; there is no round after the last
WAITS = {1: timedelta(days=7), 2: timedelta(days=14)}
#: the job runs daily at a fixed hour: a week is over on the seventh day, also for a mail that left later that day
SLACK = timedelta(hours=12)
BATCH = 500


def queue_reminders(busy: Select[*tuple[Any, ...]], stopped: Collection[int] = ()) -> Counter[str]:
    """Take the next BATCH reminders that are due; gives how many were `queued`, and how many `stopped`.

    Due is a round when the policy has it, the round before was sent long enough ago and the invitation still stands
    open. `busy`: keys of invitations that somebody is answering: their reminder waits. `stopped`: rounds that bring too
    little: their reminders are written down as cancelled, for `little_gain`. Empty when all are there. Flushes.
    """
    policy = contact_policy()
    for round_, wait in WAITS.items():
        keys = _due(round_, wait, busy) if round_ <= policy.most_reminders else []
        if keys:
            ended = {"state": "cancelled", "cancelled_because": "little_gain"} if round_ in stopped else {}
            due_at = after_quiet(policy, now())
            db.session.add_all(Mailing(**_reminder(key, round_), due_at=due_at, **ended) for key in keys)
            db.session.flush()
            return Counter({"stopped" if ended else "queued": len(keys)})
    return Counter()


def _reminder(invitation: int, round_: int) -> dict[str, Any]:
    domain = settings().mail_from.rsplit("@", 1)[-1].rstrip(">")
    return {"invitation_id": invitation, "round": round_, "message_id": f"<{uuid4()}@{domain}>"}


def _due(round_: int, wait: timedelta, busy: Select[*tuple[Any, ...]]) -> list[int]:
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
            Invitation.id.not_in(busy),
        )
        .order_by(Invitation.id)
        .limit(BATCH)
    )
    return list(db.session.scalars(query))
