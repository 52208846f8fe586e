"""Who is drifting or about to leave, as a list by value that can be filtered, and how many stand where."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, Select, false, func, null, select

from survey.accounts.access import visible
from survey.accounts.models import User
from survey.analyst import EPOCH
from survey.customers.models import Branch, Customer, CustomerHistory
from survey.customers.newest import newest_purchase
from survey.defections.histories import visits_among
from survey.defections.listing import PER_PAGE, day_in, whole_in
from survey.defections.models import STATES, CustomerState, CustomerValue
from survey.defections.strips import Stretch, Strip, back_from, strip
from survey.defections.worth import Worth, top_fifth
from survey.extensions import db
from survey.paging import Page

#: the states that the list can show; without one asked for, the first two
SHOWN = ("drifting", "about_to_defect", "returned")
ON_THE_WAY = SHOWN[:2]
#: days that the visit strips show
STRIP_DAYS = 730
#: after so many days without any purchase of anybody, purchases are taken to be missing
QUIET_DAYS = 7


@dataclass(frozen=True)
class Filters:
    """Which customers; None leaves a filter out. since: whose state began on that day or later. top: only the fifth of
    each branch that is worth most."""

    state: str | None = None
    branch_id: int | None = None
    segment: str | None = None
    since: date | None = None
    top: bool = False

    def address(self) -> dict[str, str]:
        """These filters as they stand in an address."""
        asked = {
            "state": self.state, "branch": self.branch_id, "segment": self.segment, "from": self.since,
            "worth": "top" if self.top else None,
        }  # fmt: skip
        return {name: str(value) for name, value in asked.items() if value is not None}


@dataclass(frozen=True)
class Sum:
    """What the list comes to: how many, and what they are worth together, None where that is not known of anybody."""

    customers: int
    worth: float | None


@dataclass(frozen=True)
class Line:
    """One customer as the list shows it. worth, low, high: the value to come with its interval, or what they spend in
    a year, which has none. thin: too few visits of their own for a value of their own."""

    customer_id: int
    external_id: str
    name: str | None
    segment: str
    branch: str | None
    state: str
    since_on: date
    worth: Decimal | float | None
    low: Decimal | None
    high: Decimal | None
    thin: bool
    do_not_contact: bool
    opted_out_at: datetime | None

    @property
    def may_be_contacted(self) -> bool:
        return not self.do_not_contact and self.opted_out_at is None


@dataclass(frozen=True)
class Drawn:
    """A customer's visits within the stretch of the strips: how many, the last of all, and the strip."""

    visits: int
    last: date | None
    strip: Strip


def filters_from(given: Mapping[str, str]) -> Filters:
    """Filters as they stand in an address; an empty one is left out. ValueError where one makes no sense."""
    state, top = given.get("state") or None, given.get("worth") or None
    if state not in (None, *SHOWN) or top not in (None, "top"):
        raise ValueError("There is no such state or worth.")
    return Filters(
        state, whole_in(given.get("branch")), given.get("segment") or None, day_in(given.get("from")), top == "top"
    )


def counts(filters: Filters, user: User) -> dict[str, int]:
    """How many stand where, of the branch and segment asked for: all states, in their order."""
    # groups would be sorted first, which takes five times as long as counting
    query = select(*(func.count().filter(CustomerState.state == state) for state in STATES))
    query = query.select_from(CustomerState)
    if filters.branch_id is not None or filters.segment is not None or user.branch_ids:
        query = query.join(Customer, Customer.id == CustomerState.customer_id).where(*_whose(filters, user))
    return dict(zip(STATES, db.session.execute(query).one(), strict=True))


def sum_of(filters: Filters, user: User, by: Worth) -> Sum:
    """How many customers the list has."""
    query = _joined(select(func.count(), func.sum(by.amount)), filters, user, by)
    customers, total = db.session.execute(query).one()
    return Sum(customers, None if total is None else float(total))


def page_of(filters: Filters, user: User, by: Worth, asked: tuple[int, int]) -> Page[Line]:
    """The most valuable first; asked: the number of the page, and how many customers there are in all."""
    number, total = asked
    query = _lines(filters, user, by).limit(PER_PAGE).offset((number - 1) * PER_PAGE)
    return Page([Line(*row) for row in db.session.execute(query)], number, total, PER_PAGE)


def all_of(filters: Filters, user: User, by: Worth) -> Iterator[tuple[Line, date | None]]:
    """All lines, each with the day of the last visit: for a file."""
    query = _lines(filters, user, by).add_columns(CustomerHistory.last_on)
    if by.is_value:
        query = query.outerjoin(CustomerHistory, CustomerHistory.customer_id == Customer.id)
    for *row, last_on in db.session.execute(query.execution_options(yield_per=1000)):
        yield Line(*row), last_on


def drawn(lines: Sequence[Line], stretch: Stretch) -> dict[int, Drawn]:
    """The visits of these customers up to the end of a stretch, by key: one query for all of them."""
    keys = [line.customer_id for line in lines]
    visits = visits_among(lambda key: key.in_(keys), stretch.last)
    days: dict[int, list[date]] = {key: [] for key in keys}
    for key, day in zip(visits.customer.tolist(), visits.day.tolist(), strict=True):
        days[key].append(EPOCH + timedelta(days=day))
    return {key: _drawn(theirs, stretch) for key, theirs in days.items()}


def drawn_of(customer_id: int, stretch: Stretch, gone_on: date | None, returned_on: date | None) -> Drawn:
    """The visits of one customer, and the time that they were gone."""
    days = visits_among(lambda key: key == customer_id, stretch.last).day.tolist()
    return _drawn([EPOCH + timedelta(days=day) for day in days], stretch, gone_on, returned_on)


def stretch_until(day: date) -> Stretch:
    """The days that the strips show, up to and including one."""
    return back_from(day, STRIP_DAYS)


def purchases_missing(day: date) -> bool:
    """Whether purchases up to that day are taken to be missing: then customers may only seem to drift."""
    last = newest_purchase()
    return last is None or last < day - timedelta(days=QUIET_DAYS)


def _drawn(days: list[date], stretch: Stretch, *gone: date | None) -> Drawn:
    within = sum(day >= stretch.first for day in days)
    return Drawn(within, days[-1] if days else None, strip(days, stretch, *gone))


def _lines(filters: Filters, user: User, by: Worth) -> Select[Any]:
    """One row a line, in the order of `Line`."""
    interval = (CustomerValue.low, CustomerValue.high, CustomerValue.thin) if by.is_value else (null(), null(), false())
    columns = (
        Customer.id, Customer.external_id, Customer.name, Customer.segment, Branch.name, CustomerState.state,
        CustomerState.since_on, by.amount, *interval, Customer.do_not_contact, Customer.opted_out_at,
    )  # fmt: skip
    query: Select[Any] = _joined(select(*columns), filters, user, by)
    query = query.outerjoin(Branch, Branch.id == Customer.branch_id)
    return query.order_by(by.amount.desc().nulls_last(), Customer.id)


def _joined(query: Any, filters: Filters, user: User, by: Worth) -> Any:
    """Customers with their states and worth, as the filters ask."""
    wanted = [*_whose(filters, user), Customer.erased_at.is_(None)]
    states = (filters.state,) if filters.state else ON_THE_WAY
    query = query.select_from(CustomerState).join(Customer, Customer.id == CustomerState.customer_id)
    query = by.joined(query).where(CustomerState.state.in_(states), *wanted)
    if filters.since is not None:
        query = query.where(CustomerState.since_on >= filters.since)
    if filters.top:
        query = query.where(Customer.id.in_(top_fifth(by, *_branches(filters, user))))
    return query


def _whose(filters: Filters, user: User) -> list[ColumnElement[bool]]:
    wanted = _branches(filters, user)
    if filters.segment is not None:
        wanted.append(Customer.segment == filters.segment)
    return wanted


def _branches(filters: Filters, user: User) -> list[ColumnElement[bool]]:
    wanted: list[ColumnElement[bool]] = [visible(user, Customer.branch_id)]
    if filters.branch_id is not None:
        wanted.append(Customer.branch_id == filters.branch_id)
    return wanted
