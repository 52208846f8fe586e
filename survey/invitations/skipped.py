"""Who was not asked or not mailed, and why: a list that can be filtered, and its counts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, func, literal, select, union_all

from survey.accounts.access import visible
from survey.accounts.models import User
from survey.customers.models import Branch, Customer
from survey.defections.listing import day_in, whole_in
from survey.extensions import db
from survey.invitations.models import Invitation, Mailing
from survey.invitations.words import WHY
from survey.paging import Page
from survey.web import settings

PER_PAGE = 50
#: a mail that was taken back since the invitation was over was not missed by anybody; shown only when asked for
NOT_MISSED = "closed"
#: what stands for an invitation that was never mailed, where a mail has its round
NOT_ASKED = -1


@dataclass(frozen=True)
class Filters:
    """Which lines: by the day of the decision, both ends included; None leaves a filter out."""

    first: date | None = None
    last: date | None = None
    branch_id: int | None = None
    segment: str | None = None
    why: str | None = None


@dataclass(frozen=True)
class Line:
    """One person who was not asked (`round` NOT_ASKED), or one mail that was not sent."""

    defection_id: int
    external_id: str
    name: str | None
    branch: str | None
    segment: str
    round: int
    why: str
    at: datetime


def filters_from(given: Mapping[str, str]) -> Filters:
    """Filters as they stand in an address. ValueError where one makes no sense."""
    why = given.get("why") or None
    if why is not None and why not in WHY:
        raise ValueError("There is no such reason.")
    first, last = day_in(given.get("from")), day_in(given.get("to"))
    return Filters(first, last, whole_in(given.get("branch")), given.get("segment") or None, why)


def counts(filters: Filters, user: User) -> dict[str, int]:
    """How many lines there are by why, the most first; the filter on why does not narrow it."""
    lines = _lines()
    query = _filtered(select(lines.c.why, func.count()), lines, filters, user)
    rows = db.session.execute(query.group_by(lines.c.why).order_by(func.count().desc(), lines.c.why))
    return {why: number for why, number in rows}


def total_of(found: Mapping[str, int], filters: Filters) -> int:
    """How many lines the list has, from its counts."""
    if filters.why:
        return found.get(filters.why, 0)
    return sum(number for why, number in found.items() if why != NOT_MISSED)


def page_of(filters: Filters, user: User, number: int, total: int) -> Page[Line]:
    """The latest first."""
    query = _list(filters, user).limit(PER_PAGE).offset((number - 1) * PER_PAGE)
    return Page([Line(*row) for row in db.session.execute(query)], number, total, PER_PAGE)


def all_of(filters: Filters, user: User) -> Iterator[Line]:
    """Every line, for a file."""
    for row in db.session.execute(_list(filters, user)).yield_per(1_000):
        yield Line(*row)


def _list(filters: Filters, user: User) -> Select[*tuple[Any, ...]]:
    lines = _lines()
    shown = (
        lines.c.defection_id,
        Customer.external_id,
        Customer.name,
        Branch.name,
        Customer.segment,
        lines.c.round,
        lines.c.why,
        lines.c.at,
    )
    wanted = lines.c.why == filters.why if filters.why else lines.c.why != NOT_MISSED
    query = _filtered(select(*shown), lines, filters, user).where(wanted)
    return query.order_by(lines.c.at.desc(), lines.c.defection_id.desc(), lines.c.round)


def _lines() -> Any:
    """Skipped invitations and cancelled mails as one table: defection_id, customer_id, round, why, at."""
    not_asked = select(
        Invitation.defection_id,
        Invitation.customer_id,
        literal(NOT_ASKED).label("round"),
        Invitation.skipped_because.label("why"),
        Invitation.created_at.label("at"),
    ).where(Invitation.state == "skipped")
    not_sent = (
        select(
            Invitation.defection_id, Invitation.customer_id, Mailing.round, Mailing.cancelled_because, Mailing.due_at
        )
        .join(Invitation, Invitation.id == Mailing.invitation_id)
        .where(Mailing.state == "cancelled", Mailing.cancelled_because != "")
    )
    return union_all(not_asked, not_sent).subquery("lines")


def _filtered(query: Select[*tuple[Any, ...]], lines: Any, filters: Filters, user: User) -> Select[*tuple[Any, ...]]:
    wanted: list[ColumnElement[bool]] = [visible(user, Customer.branch_id)]
    if filters.first:
        wanted.append(lines.c.at >= _midnight(filters.first))
    if filters.last:
        wanted.append(lines.c.at < _midnight(filters.last + timedelta(days=1)))
    if filters.branch_id is not None:
        wanted.append(Customer.branch_id == filters.branch_id)
    if filters.segment is not None:
        wanted.append(Customer.segment == filters.segment)
    joined = query.select_from(lines).join(Customer, Customer.id == lines.c.customer_id)
    return joined.outerjoin(Branch, Branch.id == Customer.branch_id).where(*wanted)


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), tzinfo=settings().zone)
