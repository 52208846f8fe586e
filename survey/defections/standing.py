"""One customer: where they stand, what they may still bring in, when they came, and the times that they left."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from sqlalchemy import select

from survey.accounts.models import User
from survey.customers.models import Branch, Customer, CustomerHistory, Transaction
from survey.defections.drifting import Drawn, drawn_of, stretch_until
from survey.defections.finding import there
from survey.defections.models import CustomerState, CustomerValue, Defection
from survey.defections.strips import Stretch
from survey.extensions import db

#: purchases that the page shows
SHOWN = 20


@dataclass(frozen=True)
class Purchase:
    """One row of a file of purchases."""

    on: date
    amount: Decimal | None
    service: str
    branch: str | None


@dataclass(frozen=True)
class Standing:
    """A customer and what is stored of them, as far as there is any. value: None of who has left, whatever the last
    night said. departures: the latest first."""

    customer: Customer
    branch: str | None
    history: CustomerHistory | None
    state: CustomerState | None
    value: CustomerValue | None
    departures: Sequence[Defection]


def standing(customer_id: int, user: User) -> Standing | None:
    """The customer, where this user may see them and they were not erased."""
    customer = db.session.scalar(select(Customer).where(Customer.id == customer_id, *there(user)))
    if customer is None:
        return None
    left = select(Defection).where(Defection.customer_id == customer_id).order_by(Defection.episode.desc())
    state = db.session.get(CustomerState, customer_id)
    has_left = state is not None and state.state == "defected"
    return Standing(
        customer,
        db.session.scalar(select(Branch.name).where(Branch.id == customer.branch_id)),
        db.session.get(CustomerHistory, customer_id),
        state,
        None if has_left else db.session.get(CustomerValue, customer_id),
        db.session.scalars(left).all(),
    )


def strip_of(who: Standing, until: date) -> tuple[Drawn, Stretch]:
    """Their visits up to a day with the last time that they were gone, and the days that this shows."""
    stretch = stretch_until(until)
    last = who.departures[0] if who.departures else None
    gone = (last.defected_on, last.returned_on) if last else (None, None)
    return drawn_of(who.customer.id, stretch, *gone), stretch


def purchases_of(customer_id: int) -> list[Purchase]:
    """The newest purchases, the newest first."""
    columns = (Transaction.occurred_on, Transaction.amount, Transaction.service, Branch.name)
    query = select(*columns).outerjoin(Branch, Branch.id == Transaction.branch_id)
    query = query.where(Transaction.customer_id == customer_id)
    newest = query.order_by(Transaction.occurred_on.desc(), Transaction.id.desc()).limit(SHOWN)
    return [Purchase(*row) for row in db.session.execute(newest)]
