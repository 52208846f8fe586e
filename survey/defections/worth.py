"""What customers are ranked by: the value worked out for each, or, before there is any, what they spend in a year."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Float, Select, case, cast, exists, func, select
from sqlalchemy.orm import InstrumentedAttribute

from survey.customers.models import Customer, CustomerHistory
from survey.defections.models import CustomerState, CustomerValue
from survey.extensions import db

DAYS_PER_YEAR = 365.25


@dataclass(frozen=True)
class Worth:
    """is_value: whether values were worked out; all are then ranked by them, so that a year's spend never stands beside
    what a customer may bring in for ever. amount: the column to rank by, NULL where nothing is known."""

    is_value: bool
    amount: ColumnElement[Any] | InstrumentedAttribute[Any]

    def joined(self, query: Select[Any]) -> Select[Any]:
        """The query, which knows customers, with the table that the amount stands in."""
        table = CustomerValue if self.is_value else CustomerHistory
        return query.outerjoin(table, table.customer_id == Customer.id)


def worth() -> Worth:
    """By what customers are ranked now."""
    if db.session.scalar(select(exists().where(CustomerValue.customer_id.is_not(None)))):
        return Worth(True, CustomerValue.value)
    return Worth(False, func.coalesce(cast(Customer.yearly_value, Float), _yearly_spend()))


def top_fifth(by: Worth, *conditions: ColumnElement[bool]) -> Select[Any]:
    """The keys of the fifth of each branch's customers that is worth most, of those who have not left and spend."""
    fifth = func.ntile(5).over(partition_by=Customer.branch_id, order_by=(by.amount.desc(), Customer.id))
    ranked = by.joined(
        select(Customer.id.label("id"), fifth.label("fifth"))
        .join(CustomerState, CustomerState.customer_id == Customer.id)
        .where(CustomerState.state != "defected", by.amount > 0, *conditions)
    ).subquery()
    return select(ranked.c.id).where(ranked.c.fifth == 1)


def _yearly_spend() -> ColumnElement[Any]:
    """All that was spent, by the years from the first visit to the last, of less than a year all of it."""
    first, last = CustomerHistory.first_on, CustomerHistory.last_on
    is_postgresql = db.session.get_bind().dialect.name == "postgresql"
    days: Any = last - first if is_postgresql else func.julianday(last) - func.julianday(first)
    years = cast(days, Float) / DAYS_PER_YEAR
    return cast(CustomerHistory.total_cents, Float) / 100 / case((years > 1, years), else_=1.0)
