"""How often and when anybody may be written to: one clock per person over all mail, and the hours of the night.

What is asked of a mailing, at the last moment before it leaves (`over_limits`):
- the first mail of an episode leaves only where no mail about another episode left in the days of peace before it;
- with it, no more than `most_mails` have left within `window_days`, whatever they were about.
A mail has left when it was sent, is being sent, or may have arrived (`unknown`).
"""

from collections.abc import Collection
from datetime import datetime, time, timedelta
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, Integer, Select, and_, bindparam, case, func, or_, select
from sqlalchemy.orm import aliased

from survey.clock import local, now
from survey.database import UtcDateTime
from survey.extensions import db
from survey.invitations.models import ContactPolicy, Invitation, Mailing
from survey.web import settings

#: states of a mail that has left, or may have
LEFT = ("sending", "sent", "unknown")
#: states of a mail that will never leave
NEVER = ("cancelled", "failed")


def contact_policy() -> ContactPolicy:
    """The one row."""
    return db.session.get_one(ContactPolicy, 1)


def is_quiet(policy: ContactPolicy, moment: datetime) -> bool:
    """Whether this moment lies in the quiet hours on the organisation's clock."""
    first, end, hour = policy.quiet_from, policy.quiet_until, local(moment).hour
    if first <= end:
        return first <= hour < end
    return hour >= first or hour < end


def after_quiet(policy: ContactPolicy, moment: datetime) -> datetime:
    """This moment, or the end of the quiet hours in which it lies. Both clock changes of a year are allowed for."""
    if not is_quiet(policy, moment):
        return moment
    there = local(moment)
    until_tomorrow = policy.quiet_from > policy.quiet_until and there.hour >= policy.quiet_from
    day = there.date() + timedelta(days=1 if until_tomorrow else 0)
    end = datetime.combine(day, time(policy.quiet_until), tzinfo=settings().zone)
    return end.astimezone(moment.tzinfo)


def left_at(mailing: Any = Mailing) -> ColumnElement[datetime]:
    """When a mail left; of one that still waits, when it is to."""
    waits = mailing.state.in_(("queued", "deferred"))
    return case((waits, mailing.due_at), else_=func.coalesce(mailing.sent_at, mailing.lease_until, mailing.due_at))


def over_limits(mailings: Collection[int], policy: ContactPolicy) -> dict[int, str]:
    """Those of the mailings that may not leave now, and why: quarantine or window_full. One question for all."""
    if not mailings:
        return {}
    rows = db.session.execute(over(), limits(mailings, policy))
    return {row.id: row.why for row in rows}


def limits(mailings: Collection[int], policy: ContactPolicy) -> dict[str, Any]:
    """What `over` is to be given to ask about these mailings now."""
    moment = now()
    peace, window = (moment - timedelta(days=days) for days in (policy.quarantine_days, policy.window_days))
    given = {"peace": peace, "window": window, "first": min(peace, window)}
    return given | {"mailings": list(mailings), "peace_days": policy.quarantine_days, "most_mails": policy.most_mails}


@cache
def over() -> Select[*tuple[int, str]]:
    """Mailings that may not leave now, and why, by what has left about the same customer; to be given `limits`.

    It is asked of every mail that leaves, and built once: that takes ten times as long as asking it.
    """
    own, other = aliased(Mailing), aliased(Mailing)
    mine, theirs = aliased(Invitation), aliased(Invitation)
    peace, window, first = (bindparam(name, type_=UtcDateTime) for name in ("peace", "window", "first"))
    left = left_at(other)
    # of two mails that two senders hold at once, the one with the lower number goes
    rival = or_(other.state.in_(LEFT), and_(other.state == "claimed", other.id < own.id))
    in_peace = func.sum(case((and_(theirs.id != mine.id, left > peace), 1), else_=0))
    in_window = func.sum(case((left > window, 1), else_=0))
    disturbs = and_(own.round == 0, bindparam("peace_days", type_=Integer) > 0, in_peace > 0)
    fills = in_window >= bindparam("most_mails", type_=Integer)
    return (
        select(own.id, case((disturbs, "quarantine"), else_="window_full").label("why"))
        .join(mine, mine.id == own.invitation_id)
        .join(theirs, theirs.customer_id == mine.customer_id)
        .join(other, other.invitation_id == theirs.id)
        .where(own.id.in_(bindparam("mailings", expanding=True)), other.id != own.id, rival, left > first)
        .group_by(own.id, own.round)
        .having(or_(disturbs, fills))
    )
