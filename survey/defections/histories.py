"""Histories as columns, read from the summaries: one query for a range of customers, one row of it a customer."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import InstrumentedAttribute

from survey.analyst import Visits
from survey.customers import packing
from survey.customers.models import Customer, CustomerHistory
from survey.defections.days import plain_rows_of
from survey.extensions import db

#: says of a column of customer keys which customers are meant
Among = Callable[[InstrumentedAttribute[int]], ColumnElement[bool]]


@dataclass(frozen=True)
class Range:
    """Customers by key, both ends included."""

    first_id: int
    last_id: int

    def among(self, key: InstrumentedAttribute[int]) -> ColumnElement[bool]:
        """The condition on a column of customer keys that says who is in it."""
        return key.between(self.first_id, self.last_id)


def visits_of(customers: Range, as_of: date) -> Visits:
    """The visits of these customers up to and including `as_of`."""
    return _visits(CustomerHistory.customer_id.between(customers.first_id, customers.last_id), as_of)


@dataclass(frozen=True)
class Sample:
    """Every so-manieth of the customers who meet a condition, by key, so that the same data give the same sample."""

    #: how many meet the condition
    total: int
    #: 1: these are all of them
    step: int
    condition: ColumnElement[bool]

    def among(self, key: InstrumentedAttribute[int]) -> ColumnElement[bool]:
        """The condition on a column of customer keys that says who is in it."""
        return key.in_(select(Customer.id).where(self.condition, Customer.id % self.step == 0))


def sample_of(condition: ColumnElement[bool], size: int) -> Sample:
    """At most about `size` of the customers who meet a condition."""
    total = db.session.scalar(select(func.count()).select_from(Customer).where(condition)) or 0
    return Sample(total, max(1, -(-total // size)), condition)


def visits_among(among: Among, as_of: date) -> Visits:
    """The visits of some customers up to and including `as_of`."""
    return _visits(among(CustomerHistory.customer_id), as_of)


def _visits(customers: ColumnElement[bool], as_of: date) -> Visits:
    query = (
        select(CustomerHistory.customer_id, CustomerHistory.packed)
        .where(customers, CustomerHistory.first_on <= as_of)
        .order_by(CustomerHistory.customer_id)
    )
    rows = plain_rows_of(query)
    return unpacked([row[0] for row in rows], [row[1] for row in rows]).until(as_of)


def unpacked(keys: list[int], packed: list[bytes]) -> Visits:
    """The visits in packed histories of customers in order of their keys."""
    spent = packing.unpacked(keys, packed)
    return Visits(spent.customer, spent.day, spent.cents)
