"""What interviewers heard behind the reasons that were stated: the causes found by asking why, counted beside them.

The stated reason is what the customer said; the root cause is what the interviewer understood after asking on (five
whys). They are kept apart: nothing of this enters a share, a cost or a model.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import ColumnElement, Select, and_, func, select

from survey.analyst import Share, share_intervals
from survey.clock import local
from survey.csv_file import csv_bytes
from survey.customers.models import Branch, Customer
from survey.defections.models import Defection
from survey.extensions import db
from survey.invitations.models import Invitation
from survey.reports.lens import Lens
from survey.responses.models import Response, ResponseReason, RootCause
from survey.taxonomy.models import Reason
from survey.taxonomy.queries import as_counted, counted_as

#: chains of answers shown under each stated reason
MOST_TOLD = 10


@dataclass(frozen=True)
class Cause:
    """How often it came down to this. reason: None where the interviewer could not tell. share: of all answers with the
    same stated reason in which somebody asked on."""

    reason: Reason | None
    count: int
    share: Share


@dataclass(frozen=True)
class Told:
    """The answers to one why after the other, without personal data; empty once they are gone or not yet read."""

    day: date
    branch: str | None
    stated: Reason | None
    cause: Reason | None
    language: str
    whys: Sequence[str]


@dataclass(frozen=True)
class Stated:
    """One stated main reason, None where none was given: how many answers, what they come down to, the most frequent
    first, and the newest chains of whys."""

    reason: Reason | None
    count: int
    causes: Sequence[Cause]
    told: Sequence[Told]


@dataclass(frozen=True)
class Causes:
    """All of it. `calls`: answers by phone; `asked_on`: those in which somebody asked on; `known`: of these, those with
    a cause that was named; `other`: of these again, those in which it is not the reason stated."""

    calls: int
    asked_on: int
    known: int
    other: int
    stated: Sequence[Stated]


def causes_in(lens: Lens) -> Causes:
    """What was heard of the departures in view, the stated reason with most of it first."""
    counted, reasons = _counted(lens), _reasons()
    told: dict[int | None, list[Told]] = defaultdict(list)
    for one in told_in(lens, MOST_TOLD):
        told[one.stated.id if one.stated else None].append(one)
    by_stated: dict[int | None, dict[int | None, int]] = defaultdict(dict)
    for (stated, cause), count in counted.items():
        by_stated[stated][cause] = count
    lines = [_stated(reasons, key, causes, told[key]) for key, causes in by_stated.items()]
    named = {pair: count for pair, count in counted.items() if pair[1] is not None}
    return Causes(
        calls=_calls(lens),
        asked_on=sum(counted.values()),
        known=sum(named.values()),
        other=sum(count for (stated, cause), count in named.items() if stated != cause),
        stated=sorted(lines, key=lambda line: (-line.count, line.reason.position if line.reason else 0)),
    )


def told_in(lens: Lens, most: int | None = None) -> list[Told]:
    """The chains of whys of the departures in view, the newest first; of each stated reason `most`, None for all."""
    stated, cause = _keys()
    place = func.row_number().over(partition_by=stated, order_by=Response.id.desc())
    columns = (
        Response.created_at, Branch.name.label("branch"), stated.label("stated"), cause.label("cause"),
        Response.language, RootCause.masked_whys, place.label("place"),
    )  # fmt: skip
    query = _in_view(select(*columns), lens).outerjoin(Branch, Branch.id == Customer.branch_id).subquery()
    rows = select(query).order_by(query.c.created_at.desc(), query.c.place)
    rows = rows if most is None else rows.where(query.c.place <= most)
    reasons = _reasons()
    return [
        Told(
            local(row.created_at).date(),
            row.branch,
            reasons.get(row.stated),
            reasons.get(row.cause),
            row.language,
            tuple(row.masked_whys or ()),
        )
        for row in db.session.execute(rows)
    ]


def counts_csv(found: Causes, lens: Lens, language: str) -> bytes:
    """How often each stated reason came down to each cause."""
    header = (
        _("from"), _("to"), _("stated reason"), _("root cause"), _("answers"), _("share"), _("share from"),
        _("share to"),
    )  # fmt: skip
    rows = [
        (lens.period.first, lens.period.last, label_of(line.reason, language, stated=True),
         label_of(cause.reason, language), cause.count, cause.share.estimate, cause.share.low, cause.share.high)
        for line in found.stated
        for cause in line.causes
    ]  # fmt: skip
    return csv_bytes(header, rows, language)


def told_csv(found: Sequence[Told], language: str) -> bytes:
    """What was answered to one why after the other, a call a row; nobody is named."""
    header = (_("date"), _("branch"), _("stated reason"), _("root cause"), *(f"{_('why')} {n}" for n in range(1, 6)))
    rows = [
        (
            one.day,
            one.branch,
            label_of(one.stated, language, stated=True),
            label_of(one.cause, language),
            *[*one.whys, *[None] * 5][:5],
        )
        for one in found
    ]
    return csv_bytes(header, rows, language)


def label_of(reason: Reason | None, language: str, *, stated: bool = False) -> str:
    """How a stated reason, or a cause, is called where there may be none."""
    if reason is not None:
        return reason.label(language)
    return str(_("No reason given") if stated else _("Not known"))


def _counted(lens: Lens) -> dict[tuple[int | None, int | None], int]:
    """Answers by key of the stated main reason and of the root cause, as reports count them."""
    stated, cause = _keys()
    query = _in_view(select(stated, cause, func.count()), lens).group_by(stated, cause)
    return {(said, root): count for said, root, count in db.session.execute(query)}


def _calls(lens: Lens) -> int:
    query = (
        select(func.count(Response.id))
        .join(Invitation, Invitation.id == Response.invitation_id)
        .join(Defection, Defection.id == Invitation.defection_id)
        .join(Customer, Customer.id == Defection.customer_id)
        .where(Response.channel == "phone", *_conditions(lens))
    )
    return db.session.scalar(query) or 0


def _in_view(query: Select[*tuple[Any, ...]], lens: Lens) -> Select[*tuple[Any, ...]]:
    """The query over the answers in which somebody asked on, of the departures in view."""
    return (
        query.select_from(RootCause)
        .join(Response, Response.id == RootCause.response_id)
        .join(Invitation, Invitation.id == Response.invitation_id)
        .join(Defection, Defection.id == Invitation.defection_id)
        .join(Customer, Customer.id == Defection.customer_id)
        .outerjoin(ResponseReason, and_(ResponseReason.response_id == Response.id, ResponseReason.main))
        .where(*_conditions(lens))
    )


def _conditions(lens: Lens) -> list[ColumnElement[bool]]:
    within = Defection.defected_on.between(lens.period.first, lens.period.last)
    return [within, *lens.customers()]


def _keys() -> tuple[ColumnElement[int], ColumnElement[Any]]:
    """The stated main reason and the root cause, as reports count them."""
    merged = counted_as()
    cause: Any = RootCause.reason_id  # None: not known
    return as_counted(ResponseReason.reason_id, merged), as_counted(cause, merged)


def _reasons() -> dict[int | None, Reason]:
    return {reason.id: reason for reason in db.session.scalars(select(Reason))}


def _stated(
    reasons: dict[int | None, Reason], key: int | None, causes: dict[int | None, int], told: Sequence[Told]
) -> Stated:
    total = sum(causes.values())
    keys = sorted(causes, key=lambda cause: (cause is None, -causes[cause], cause or 0))
    shares = share_intervals([causes[cause] for cause in keys], [total] * len(keys))
    lines = [Cause(reasons.get(cause), causes[cause], share) for cause, share in zip(keys, shares, strict=True)]
    return Stated(reasons.get(key), total, lines, told)
