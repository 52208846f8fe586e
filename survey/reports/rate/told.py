"""What those who left said of it, by whether anybody could have done something about the reason."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, func, select

from survey.analyst import Ints
from survey.customers.models import Customer
from survey.defections.days import column, rows_of
from survey.defections.models import Defection
from survey.extensions import db
from survey.invitations.models import Invitation
from survey.reports.period import Period
from survey.responses.models import Response, ResponseReason
from survey.taxonomy.models import Reason
from survey.taxonomy.queries import as_counted

#: influence of a reason that somebody could have done something about
AVOIDABLE = ("yes", "partly")


@dataclass(frozen=True)
class Told:
    """Departures of a period: all, and those whose main reason was ticked and is one that the business can influence,
    or cannot. Of the rest nobody knows, or the reason is of neither kind."""

    leavers: int
    avoidable: int
    unavoidable: int


def told_by_group(period: Period) -> dict[tuple[int, str], Told]:
    """By branch, 0 where there is none, and segment; the departures are those of customers who came by that day or
    before."""
    within = Defection.defected_on.between(period.first, period.last)
    group = (func.coalesce(Customer.branch_id, 0), Customer.segment)
    all_left = (
        select(*group, func.count())
        .select_from(Defection)
        .join(Customer, Customer.id == Defection.customer_id)
        .where(within)
        .group_by(*group)
    )
    leavers = {(branch, segment): count for branch, segment, count in db.session.execute(all_left)}
    by_influence: Counter[tuple[int, str, str]] = Counter()
    answered = _answered(*group, Reason.influence, func.count()).where(within).group_by(*group, Reason.influence)
    for branch, segment, influence, count in db.session.execute(answered):
        by_influence[branch, segment, influence] += count
    return {
        key: Told(count, sum(by_influence[*key, each] for each in AVOIDABLE), by_influence[*key, "no"])
        for key, count in leavers.items()
    }


def could_not_be_kept() -> Ints:
    """The customers who left at any time for a reason that the business cannot influence, by key."""
    rows = rows_of(_answered(Defection.customer_id).where(Reason.influence == "no").distinct())
    return column(rows, 0)


def _answered(*columns: Any) -> Select[Any]:
    """Departures with the reason that was ticked as the main one."""
    return (
        select(*columns)
        .select_from(Defection)
        .join(Customer, Customer.id == Defection.customer_id)
        .join(Invitation, Invitation.defection_id == Defection.id)
        .join(Response, Response.invitation_id == Invitation.id)
        .join(ResponseReason, ResponseReason.response_id == Response.id)
        .join(Reason, Reason.id == as_counted(ResponseReason.reason_id))
        .where(ResponseReason.main)
    )
