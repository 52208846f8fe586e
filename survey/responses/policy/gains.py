"""What each round of reminders brings: the answers within a week of it, against those that had come before it.

Counted are people whose first mail left in the last 90 days, long enough ago that the round and a week after it are
over. The answers that a round brought and those before it are two parts of one total, so the ratio has the interval of
a share (Wilson), carried over: share / (1 - share).
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement, DateTime, Select, and_, case, extract, func, or_, select, type_coerce
from sqlalchemy.orm import aliased

from survey.analyst import share_intervals
from survey.clock import now
from survey.extensions import db
from survey.invitations.models import ContactPolicy, Mailing
from survey.invitations.reminding import SLACK, WAITS
from survey.responses.models import Response, ResponseDraft

#: answers that come so soon after a round are taken to come of it
BROUGHT_WITHIN_DAYS = 7
LOOKED_BACK = timedelta(days=90)
#: a round of fewer mails says nothing yet
FEWEST_MAILS = 200
#: who saved a form so lately is answering, and is not reminded
BUSY = timedelta(days=3)


@dataclass(frozen=True)
class Gain:
    """What one round brought. ratio: answers brought, of those before it, with its 95 % interval; None where there
    was no mail, or no answer before."""

    round: int
    mails: int
    before: int
    brought: int
    ratio: float | None
    low: float
    high: float | None

    @property
    def is_judged(self) -> bool:
        return self.mails >= FEWEST_MAILS and self.ratio is not None

    def stops(self, policy: ContactPolicy) -> bool:
        """Whether the round brings so little that it is not sent."""
        return self.is_judged and self.ratio is not None and self.ratio < policy.least_gain


def gains() -> list[Gain]:
    """What each round brought, as things stand now."""
    return [_gain(round_, db.session.execute(_counts(round_)).one()) for round_ in WAITS]


def stopped_rounds(policy: ContactPolicy) -> Collection[int]:
    """The rounds that are not sent. After 90 days without a mail of theirs they are not judged, so sent again."""
    return {gain.round for gain in gains() if gain.stops(policy)}


def being_answered() -> Select[*tuple[Any, ...]]:
    """Keys of the invitations of which a form was saved for later in the last days."""
    return select(ResponseDraft.invitation_id).where(ResponseDraft.saved_at > now() - BUSY)


def _gain(round_: int, row: Any) -> Gain:
    mails, before, brought = row.mails or 0, row.before or 0, row.brought or 0
    share = share_intervals([brought], [before + brought])[0]
    ratio = brought / before if mails and before else None
    high = share.high / (1 - share.high) if share.high < 1 else None
    return Gain(round_, mails, before, brought, ratio, share.low / (1 - share.low) if share.low < 1 else 0.0, high)


def _counts(round_: int) -> Select[*tuple[Any, ...]]:
    first, own = aliased(Mailing), aliased(Mailing)
    passed = sum((WAITS[number] for number in range(1, round_ + 1)), timedelta()) + timedelta(days=BROUGHT_WITHIN_DAYS)
    answered = Response.id.is_not(None)
    was_before = and_(answered, or_(own.id.is_(None), Response.created_at < own.sent_at))
    was_brought = and_(
        answered,
        Response.created_at >= own.sent_at,
        _days_between(own.sent_at, Response.created_at) <= BROUGHT_WITHIN_DAYS,
    )
    return (
        select(
            func.count(own.id).label("mails"),
            func.sum(case((was_before, 1), else_=0)).label("before"),
            func.sum(case((was_brought, 1), else_=0)).label("brought"),
        )
        .select_from(first)
        .outerjoin(own, and_(own.invitation_id == first.invitation_id, own.round == round_, own.state == "sent"))
        .outerjoin(Response, Response.invitation_id == first.invitation_id)
        .where(
            first.round == 0,
            first.state == "sent",
            first.sent_at > now() - LOOKED_BACK,
            first.sent_at <= now() - passed - SLACK,
        )
    )


def _days_between(first: Any, last: Any) -> ColumnElement[Any]:
    if db.session.get_bind().dialect.name == "postgresql":
        plain = DateTime(timezone=True)
        seconds: ColumnElement[Any] = extract("epoch", type_coerce(last, plain) - type_coerce(first, plain))
        return seconds / 86_400
    return func.julianday(last) - func.julianday(first)
