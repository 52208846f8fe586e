"""Who left, as a list that can be filtered, and what it sums to."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from sqlalchemy import ColumnElement, case, func, select

from survey.accounts.access import visible
from survey.accounts.models import User
from survey.customers.models import Branch, Customer
from survey.defections.models import Defection
from survey.extensions import db
from survey.paging import Page

PER_PAGE = 50
STATES = ("gone", "returned")


@dataclass(frozen=True)
class Filters:
    """Which defections: by the day they defected on, both ends included; None leaves a filter out."""

    first: date | None = None
    last: date | None = None
    branch_id: int | None = None
    segment: str | None = None
    state: str | None = None


@dataclass(frozen=True)
class Sum:
    """What the list comes to."""

    left: int
    returned: int
    #: estimated, of those who are still gone
    lost_value: Decimal


@dataclass(frozen=True)
class Line:
    """One defection as the list shows it."""

    defection: Defection
    external_id: str
    name: str | None
    segment: str
    branch: str | None


def filters_from(given: Mapping[str, str]) -> Filters:
    """Filters as they stand in an address; an empty one is left out. ValueError where one makes no sense."""
    state = given.get("state") or None
    if state not in (None, *STATES):
        raise ValueError("There is no such state.")
    return Filters(
        day_in(given.get("from")),
        day_in(given.get("to")),
        whole_in(given.get("branch")),
        given.get("segment") or None,
        state,
    )


def sum_of(filters: Filters, user: User) -> Sum:
    gone = case((Defection.returned_on.is_(None), Defection.lost_value), else_=0)
    query = (
        select(func.count(), func.count(Defection.returned_on), func.sum(gone))
        .select_from(Defection)
        .join(Customer, Customer.id == Defection.customer_id)
        .where(*_conditions(filters, user))
    )
    left, returned, lost = db.session.execute(query).one()
    return Sum(left, returned, Decimal(lost or 0).quantize(Decimal("0.01")))


def page_of(filters: Filters, user: User, number: int, total: int) -> Page[Line]:
    """The latest defections first; `total` is how many there are in all."""
    query = (
        select(Defection, Customer.external_id, Customer.name, Customer.segment, Branch.name)
        .join(Customer, Customer.id == Defection.customer_id)
        .outerjoin(Branch, Branch.id == Customer.branch_id)
        .where(*_conditions(filters, user))
        .order_by(Defection.defected_on.desc(), Defection.id.desc())
        .limit(PER_PAGE)
        .offset((number - 1) * PER_PAGE)
    )
    return Page([Line(*row) for row in db.session.execute(query)], number, total, PER_PAGE)


def _conditions(filters: Filters, user: User) -> list[ColumnElement[bool]]:
    wanted: list[ColumnElement[bool]] = [visible(user, Customer.branch_id)]
    if filters.first:
        wanted.append(Defection.defected_on >= filters.first)
    if filters.last:
        wanted.append(Defection.defected_on <= filters.last)
    if filters.branch_id is not None:
        wanted.append(Customer.branch_id == filters.branch_id)
    if filters.segment is not None:
        wanted.append(Customer.segment == filters.segment)
    if filters.state:
        is_gone = Defection.returned_on.is_(None)
        wanted.append(is_gone if filters.state == "gone" else ~is_gone)
    return wanted


def day_in(text: str | None) -> date | None:
    """A day as it stands in an address; None where there is none. ValueError where it is no day."""
    return date.fromisoformat(text) if text else None


def whole_in(text: str | None) -> int | None:
    """A whole number as it stands in an address; None where there is none. ValueError where it is none."""
    if not text:
        return None
    number = int(text)
    if not -(2**31) < number < 2**31:
        raise ValueError("The number is too large.")
    return number
