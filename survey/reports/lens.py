"""What somebody looks at: which customers, in which period. Read from the address, checked, and kept in it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TypeVarTuple

from flask_babel import gettext as _
from sqlalchemy import ColumnElement, Select, func, select
from sqlalchemy.orm import InstrumentedAttribute

from survey.accounts.access import visible
from survey.accounts.models import User
from survey.customers.groups import branches_for, segments_for
from survey.customers.models import Customer
from survey.defections.models import Defection
from survey.extensions import db
from survey.reports.period import CUSTOM, EVERYTHING, NAMES, Period, named

Asked = TypeVarTuple("Asked")
Key = InstrumentedAttribute[int]

ORDERS = ("value", "count")
EARLIEST, LATEST = date(1950, 1, 1), date(2200, 12, 31)
KEYS = ("period", "from", "to", "branch", "segment", "order")


class UnclearAddress(ValueError):
    """The address asks for something that cannot be shown; the message says what, in words."""


@dataclass(frozen=True)
class Choices:
    """What this user may filter by."""

    branches: Sequence[tuple[int, str]]
    segments: Sequence[str]


@dataclass(frozen=True)
class Lens:
    """The customers in view and the period. A user tied to branches never sees beyond them."""

    user: User
    period: Period
    period_name: str = CUSTOM
    branch_id: int | None = None
    segment: str | None = None
    #: departures are those whose last visit lies in the period, whenever they were found
    by_last_visit: bool = False

    def customers(self) -> list[ColumnElement[bool]]:
        """The conditions on Customer that every figure of a page carries."""
        conditions = [visible(self.user, Customer.branch_id)]
        if self.branch_id is not None:
            conditions.append(Customer.branch_id == self.branch_id)
        if self.segment is not None:
            conditions.append(Customer.segment == self.segment)
        return conditions

    def narrowed(self, query: Select[*Asked], customer_id: Key) -> Select[*Asked]:
        """A query, kept to the customers in view by the key that it has of them. Of all customers nothing is looked up:
        that would take a third of the time."""
        if not self.user.branch_ids and self.branch_id is None and self.segment is None:
            return query
        return query.join(Customer, Customer.id == customer_id).where(*self.customers())

    def address(self) -> dict[str, str]:
        """The parameters of an address that shows the same again."""
        given = {"period": self.period_name}
        if self.period_name == CUSTOM:
            given |= {"from": self.period.first.isoformat(), "to": self.period.last.isoformat()}
        if self.branch_id is not None:
            given["branch"] = str(self.branch_id)
        if self.segment is not None:
            given["segment"] = self.segment
        return given


def choices(user: User) -> Choices:
    """The branches this user may see, by name, and the segments of their customers."""
    return Choices(branches_for(user), segments_for(user))


def lens_from(given: Mapping[str, Sequence[str]], user: User, offered: Choices, today: date) -> Lens:
    """Read a lens from the lists of values of an address. Raises UnclearAddress, which says what is wrong.

    Dates, where they are given, go before the name of a period: the form sends both.
    """
    values = {key: _only(key, given.get(key, ())) for key in KEYS}
    name, period = _period(values, today)
    return Lens(user, period, name, _branch(values["branch"], offered), _segment(values["segment"], offered))


def order_from(given: Mapping[str, Sequence[str]]) -> str:
    """How the reasons are ranked: by lost `value`, or by `count`."""
    order = _only("order", given.get("order", ())) or "value"
    if order not in ORDERS:
        raise UnclearAddress(_("Reasons can be ranked by lost value or by number of customers, in no other way."))
    return order


def page_number(given: Mapping[str, Sequence[str]]) -> int:
    """The page asked for, from 1."""
    page = _only("page", given.get("page", ())) or "1"
    if not (page.isascii() and page.isdigit() and 1 <= len(page) <= 6 and int(page) >= 1):
        raise UnclearAddress(_("A page is a number from 1."))
    return int(page)


def _only(key: str, values: Sequence[str]) -> str:
    if len(values) > 1:
        raise UnclearAddress(_("The address says “%(key)s” more than once.", key=key))
    return values[0].strip() if values else ""


def _period(values: Mapping[str, str], today: date) -> tuple[str, Period]:
    dated = bool(values["from"] or values["to"])
    name = values["period"] or (CUSTOM if dated else NAMES[0])
    if name not in NAMES:
        raise UnclearAddress(_("There is no period of that name."))
    if not dated and name != CUSTOM:
        return name, _named(name, today)
    first, last = _day(values["from"]), _day(values["to"])
    if last < first:
        raise UnclearAddress(_("The period ends before it begins. Turn the two dates round."))
    if first > today:
        raise UnclearAddress(_("This period has not begun yet."))
    period = Period(first, last)
    return (name if name != CUSTOM and _named(name, today) == period else CUSTOM), period


def everything(today: date) -> Period:
    """From the month in which the first customer left, whoever that was, up to today."""
    first = db.session.scalar(select(func.min(Defection.defected_on)))
    return Period(min(first or today, today).replace(day=1), today)


def _named(name: str, today: date) -> Period:
    return everything(today) if name == EVERYTHING else named(name, today)


def _day(value: str) -> date:
    if not value:
        raise UnclearAddress(_("A period of your own needs two dates: from and to."))
    try:
        day = date.fromisoformat(value)
    except ValueError:
        raise UnclearAddress(_("One of the two dates is not a date. Write it as 2026-03-31.")) from None
    if not EARLIEST <= day <= LATEST:
        raise UnclearAddress(_("One of the two dates is too far away."))
    return day


def _branch(value: str, offered: Choices) -> int | None:
    """A branch that is not there and a branch that is not yours are answered alike."""
    if not value:
        return None
    for key, _name in offered.branches:
        if str(key) == value:
            return key
    raise UnclearAddress(_("There is no such branch, or you may not see it."))


def _segment(value: str, offered: Choices) -> str | None:
    if not value:
        return None
    if value not in offered.segments:
        raise UnclearAddress(_("There is no such segment among the customers you may see."))
    return value
