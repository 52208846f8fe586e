"""Who came back, by the transactions and not by what somebody ticked: by reason, with and without a case, by remedy.

A departure counts as won back when the customer came again within WITHIN of leaving. Only departures that are at least
so long ago are counted, for of the others nobody knows yet; they are shown as not yet known.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import ColumnElement, Row, Select, exists, func, select

from survey.accounts.access import visible
from survey.accounts.models import User
from survey.analyst import Share, share_intervals
from survey.customers.models import Customer
from survey.defections.models import Defection
from survey.extensions import db
from survey.invitations.models import Invitation
from survey.responses.models import Response, ResponseReason
from survey.taxonomy.models import Reason
from survey.taxonomy.queries import as_counted
from survey.winback.models import Case, Remedy, RemedyTried

WITHIN = timedelta(days=180)
#: departures of so long before those that are too recent
LOOKED_AT = timedelta(days=365)


@dataclass(frozen=True)
class WonBack:
    """Of some departures, how many came back."""

    departures: int
    returned: int
    share: Share


@dataclass(frozen=True)
class ReasonLine:
    """One stated main reason: all departures that gave it, and those of them with a case."""

    reason: Reason
    all: WonBack
    with_case: WonBack


@dataclass(frozen=True)
class RemedyLine:
    remedy: Remedy
    reason: Reason
    tried: WonBack


@dataclass(frozen=True)
class Returns:
    """The departures of `first` to `last`, both included; later ones with a case are not yet known."""

    first: date
    last: date
    not_yet_known: int
    reasons: Sequence[ReasonLine]
    remedies: Sequence[RemedyLine]


def returns_until(known_until: date, user: User) -> Returns:
    """What is known on the last day of which purchases are there, of the branches that this user may see."""
    last = known_until - WITHIN
    first = last - LOOKED_AT
    seen = visible(user, Customer.branch_id)
    too_recent = (
        select(func.count(Case.id))
        .join(Defection, Defection.id == Case.defection_id)
        .join(Customer, Customer.id == Case.customer_id)
        .where(Defection.defected_on > last, seen)
    )
    within = (Defection.defected_on >= first, Defection.defected_on <= last, seen)
    return Returns(first, last, db.session.scalar(too_recent) or 0, _by_reason(within), _by_remedy(within))


def _by_reason(within: Iterable[ColumnElement[bool]]) -> list[ReasonLine]:
    reason, has_case = as_counted(ResponseReason.reason_id), exists().where(Case.defection_id == Defection.id)
    answered = (
        select(reason.label("reason"), has_case.label("has_case"))
        .select_from(Defection)
        .join(Customer, Customer.id == Defection.customer_id)
        .join(Invitation, Invitation.defection_id == Defection.id)
        .join(Response, Response.invitation_id == Invitation.id)
        .join(ResponseReason, (ResponseReason.response_id == Response.id) & ResponseReason.main)
        .where(*within)
    )
    left, back = _counted(answered)
    reasons = db.session.scalars(select(Reason).where(Reason.id.in_({key for key, _ in left}))).all()
    lines = [
        ReasonLine(
            one,
            _won_back(left[one.id, True] + left[one.id, False], back[one.id, True] + back[one.id, False]),
            _won_back(left[one.id, True], back[one.id, True]),
        )
        for one in reasons
    ]
    return sorted(lines, key=lambda line: (-line.all.departures, line.reason.position))


def _by_remedy(within: Iterable[ColumnElement[bool]]) -> list[RemedyLine]:
    tried = (
        select(RemedyTried.remedy_id.label("remedy"), Defection.id.is_not(None).label("tried"))
        .select_from(RemedyTried)
        .join(Case, Case.id == RemedyTried.case_id)
        .join(Defection, Defection.id == Case.defection_id)
        .join(Customer, Customer.id == Defection.customer_id)
        .where(*within)
    )
    left, back = _counted(tried)
    rows = db.session.execute(
        select(Remedy, Reason)
        .join(Reason, Reason.id == Remedy.reason_id)
        .where(Remedy.id.in_({key for key, _ in left}))
        .order_by(Reason.position, Remedy.position)
    )
    return [RemedyLine(one, reason, _won_back(left[one.id, True], back[one.id, True])) for one, reason in rows]


def _counted(groups: Select[int, bool]) -> tuple[Counter[tuple[int, bool]], Counter[tuple[int, bool]]]:
    """Departures by group, and those of them that came back in time. Days are compared here: engines differ in that."""
    first, second = groups.selected_columns
    sizes = groups.add_columns(func.count()).group_by(first, second)
    left = Counter({(key, bool(flag)): count for key, flag, count in db.session.execute(sizes)})
    came = groups.add_columns(Defection.defected_on, Defection.returned_on).where(Defection.returned_on.is_not(None))
    return left, Counter((row[0], bool(row[1])) for row in db.session.execute(came) if _in_time(row))


def _in_time(row: Row[int, bool, date, date]) -> bool:
    return bool(row[3] <= row[2] + WITHIN)


def _won_back(departures: int, returned: int) -> WonBack:
    (share,) = share_intervals([returned], [departures])
    return WonBack(departures, returned, share)
