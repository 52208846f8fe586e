"""Purchases as histories: one query for a range of customers, one row per customer and day."""

from dataclasses import dataclass
from datetime import date

from sqlalchemy import ColumnElement, Float, cast, func, select

from survey.analyst import Visits
from survey.customers.models import Customer, Transaction
from survey.extensions import db


@dataclass(frozen=True)
class Range:
    """Customers by key, both ends included."""

    first_id: int
    last_id: int


def visits_of(customers: Range, as_of: date) -> Visits:
    """The visits of these customers up to and including `as_of`, sorted by customer and day."""
    return _visits(Transaction.customer_id.between(customers.first_id, customers.last_id), as_of)


def visits_of_sample(segments: ColumnElement[bool], as_of: date, size: int) -> Visits:
    """The visits of at most about `size` customers who meet a condition: every so-manieth by key, so that
    the same data give the same sample."""
    count = db.session.scalar(select(func.count()).select_from(Customer).where(segments)) or 0
    step = max(1, -(-count // size))
    chosen = select(Customer.id).where(segments, Customer.id % step == 0)
    return _visits(Transaction.customer_id.in_(chosen), as_of)


def _visits(customers: ColumnElement[bool], as_of: date) -> Visits:
    day = (Transaction.customer_id, Transaction.occurred_on)
    # Summed as numbers of the engine and cast once: a Decimal per row would take most of the time.
    amount = cast(func.coalesce(func.sum(Transaction.amount), 0), Float)
    query = select(*day, amount).where(customers, Transaction.occurred_on <= as_of).group_by(*day).order_by(*day)
    rows = db.session.execute(query).all()
    return Visits([row[0] for row in rows], [row[1] for row in rows], [row[2] for row in rows])


def only(visits: Visits, customer_ids: set[int]) -> Visits:
    """The visits of some of the customers."""
    kept = [row for row, customer in enumerate(visits.customer) if customer in customer_ids]
    return Visits(
        [visits.customer[row] for row in kept],
        [visits.on[row] for row in kept],
        [visits.amount[row] for row in kept],
    )


def first_visit_after(visits: Visits, after: dict[int, date]) -> dict[int, date]:
    """For each customer named, the first visit after the date given; absent where there was none."""
    found: dict[int, date] = {}
    for customer, on in zip(visits.customer, visits.on, strict=True):
        if customer in after and customer not in found and on > after[customer]:
            found[customer] = on
    return found
