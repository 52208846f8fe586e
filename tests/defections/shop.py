"""A small shop with made-up customers and purchases, for the tests of detection."""

import hashlib
import random
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import insert, select

from survey.customers import histories
from survey.customers.models import Customer, Transaction
from survey.database import committed
from survey.defections import detection
from survey.defections.models import Defection
from survey.extensions import db
from tests import stories

OPENED = date(2024, 1, 1)

#: per customer: purchases as (day since opening, amount), more than one a day allowed
Purchases = Mapping[str, list[tuple[int, float]]]


def day(number: int) -> date:
    return OPENED + timedelta(days=number)


@dataclass
class People:
    """What is known of customers besides their purchases."""

    more: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    def of(self, name: str) -> dict[str, Any]:
        return {"external_id": name, "email": f"{name}@example.org", "language": "nl", "segment": ""} | dict(
            self.more.get(name, {})
        )


@dataclass(frozen=True)
class Seen:
    """What came of all batches."""

    new: list[detection.Noticed]
    returned: int


def add_customers(names: Iterable[str], **more: Mapping[str, Any]) -> dict[str, int]:
    """Customers by name, in that order; gives their keys."""
    people = People(more)
    for name in names:
        who = Customer(**people.of(name))
        db.session.add(who)
        db.session.flush()
        stories.sign(who)
    db.session.commit()
    return {c.external_id: c.id for c in db.session.scalars(select(Customer))}


def add_purchases(purchases: Purchases) -> None:
    """Purchases, with the histories made anew, as an import leaves them."""
    keys = {c.external_id: c.id for c in db.session.scalars(select(Customer))}
    rows = [
        {
            "customer_id": keys[name],
            "occurred_on": day(number),
            "amount": Decimal(str(amount)),
            "service": "",
            "identity": hashlib.blake2b(f"{name} {number} {amount} {i}".encode(), digest_size=16).digest(),
            "ordinal": 0,
        }
        for name, bought in purchases.items()
        for i, (number, amount) in enumerate(bought)
    ]
    if rows:
        db.session.execute(insert(Transaction), rows)
        histories.mark(row["customer_id"] for row in rows)
    db.session.commit()
    while committed(db.session, histories.refresh_some):
        pass


def open_shop(purchases: Purchases, **more: Mapping[str, Any]) -> dict[str, int]:
    keys = add_customers(purchases, **more)
    add_purchases(purchases)
    return keys


def detect(as_of: date) -> Seen:
    """Detect over all batches as the job does; gives the sum of what was stored."""
    applied = detection.rules_in_force(as_of)
    new, returned = [], 0
    for customers in detection.batches():
        found = detection.look(customers, as_of, applied)
        stored = committed(db.session, lambda found=found: detection.store(found))
        new += stored.new
        returned += stored.returned
    return Seen(new, returned)


def stored_episodes() -> list[tuple[str, int, date, date, date | None]]:
    """(customer, number, last visit, defected, returned) of everything stored, sorted."""
    query = (
        select(
            Customer.external_id,
            Defection.episode,
            Defection.last_visit_on,
            Defection.defected_on,
            Defection.returned_on,
        )
        .join(Customer, Customer.id == Defection.customer_id)
        .order_by(Customer.external_id, Defection.episode)
    )
    return [tuple(row) for row in db.session.execute(query)]


def random_purchases(seed: int, customers: int, days: int) -> dict[str, list[tuple[int, float]]]:
    """Regulars, drifters and passers-by, from a seed."""
    rng = random.Random(seed)
    made = {}
    for number in range(customers):
        rate, at, bought = rng.choice([5, 12, 30, 80]), rng.randrange(days), []
        stop = rng.choice([days, rng.randrange(days)])
        while at < days:
            bought.append((at, round(rng.choice([-5.0, 10.0, 25.5, 80.25]) + rng.randrange(10), 2)))
            at += rng.randrange(0, 2 * rate) * (3 if at > stop else 1)
        made[f"c{number:04}"] = bought
    return made
