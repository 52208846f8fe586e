"""What every customer is worth and what was lost with every departure: worked out from all histories, then stored.

Rates of leaving and the spend of a segment are learnt from everybody, so this looks at all customers at once; it
only reads. Storing goes in batches of customers, each of which says what is new.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
from sqlalchemy import Float, cast, delete, exists, insert, select, update

from survey.analyst import STILL_GONE, Ints, valuing
from survey.analyst.valued import Departures, People, Signed, Valued
from survey.analyst.valuing import Values
from survey.customers.models import Contract, Customer, CustomerHistory
from survey.defections import terms
from survey.defections.contracts import signed_by
from survey.defections.days import column, days_of, rows_of
from survey.defections.histories import Range, visits_of
from survey.defections.models import CustomerValue, Defection
from survey.extensions import db

BATCH = 10_000
#: how a value was come by: from the own visits and those of the segment, from what the business said a year brings, or
#: from a contract and how often such contracts are renewed
OWN_HISTORY, GIVEN_VALUE, CONTRACT = "own_history", "given_value", "contract"
#: the largest amount that a column of money takes
MOST = 9_999_999_999.0


@dataclass(frozen=True, eq=False)
class Worked:
    """Values as of a day, with the keys of the departures they belong to and the days of those."""

    as_of: date
    values: Values
    departure: Ints
    defected_day: Ints


def work_out(as_of: date) -> Worked | None:
    """Value all customers and all departures; None while nobody has a history or a contract that tells enough."""
    everybody = Range(1, db.session.scalar(select(Customer.id).order_by(Customer.id.desc()).limit(1)) or 0)
    visits, signed = visits_of(everybody, as_of), signed_by(everybody.among)
    people = _people(np.union1d(visits.customer, signed.customer), signed)
    keys, departures = _departures(people.customer, as_of)
    held = terms.standing()
    said = valuing.Terms(held.margins, held.discount, held.horizon_years)
    found = valuing.values(visits, departures, people, said, as_of)
    if found is None:
        return None
    rows = found.departure_rows
    return Worked(as_of, found, keys[rows], departures.defected_day[rows])


def batches(worked: Worked) -> Iterator[Range]:
    """Ranges of customers, to be stored one by one."""
    customers = [worked.values.there.customer, worked.values.departures.customer]
    last = max((int(each.max()) for each in customers if len(each)), default=0)
    for first in range(1, last + 1, BATCH):
        yield Range(first, first + BATCH - 1)


def store(worked: Worked, customers: Range) -> int:
    """Store the values of some customers, and what was lost with their departures; how many departures have another
    value than before. Flushes; twice changes nothing."""
    mine = CustomerValue.customer_id.between(customers.first_id, customers.last_id)
    db.session.execute(delete(CustomerValue).where(mine))
    rows = _value_rows(worked, customers)
    if rows:
        db.session.execute(insert(CustomerValue.metadata.tables["customer_value"]), rows)
    changed = _departure_rows(worked, customers)
    if changed:
        db.session.execute(update(Defection), changed)
    return len(changed)


def _people(customers: Ints, signed: Signed) -> People:
    worth = cast(Customer.yearly_value, Float)
    came, signs = (exists().where(table.customer_id == Customer.id) for table in (CustomerHistory, Contract))
    rows = rows_of(select(Customer.id, Customer.segment, worth).where(came | signs).order_by(Customer.id))
    keys = column(rows, 0)
    yearly = np.array([row[2] for row in rows], dtype=np.float64)
    here = np.isin(keys, customers)
    segments = np.array([row[1] for row in rows], dtype=object)[here]
    return People(keys[here], segments.tolist(), yearly[here], signed)


def _departures(customers: Ints, as_of: date) -> tuple[Ints, Departures]:
    """The stored episodes known by that day; one that ended later is taken as it stood then."""
    columns = (Defection.last_visit_on, Defection.defected_on, Defection.returned_on)
    query = select(Defection.id, Defection.customer_id, Defection.episode, *columns)
    rows = rows_of(query.where(Defection.defected_on <= as_of).order_by(Defection.customer_id, Defection.episode))
    days = [days_of([row[place] for row in rows], STILL_GONE) for place in (3, 4, 5)]
    days[2] = np.where(days[2] > int(np.datetime64(as_of, "D").astype(np.int64)), STILL_GONE, days[2])
    kept = np.isin(column(rows, 1), customers)
    keys, customer, number = (column(rows, place)[kept] for place in range(3))
    return keys, Departures(customer, number, *(day[kept] for day in days))


def _within(valued: Valued, customers: Range) -> Ints:
    low, high = np.searchsorted(valued.customer, [customers.first_id, customers.last_id + 1])
    return np.arange(low, high)


def _value_rows(worked: Worked, customers: Range) -> list[dict[str, Any]]:
    there = worked.values.there
    at = _within(there, customers)
    money = [_money(each[at]) for each in (there.margin, there.value, there.low, there.high)]
    plain = [each[at].tolist() for each in (there.customer, there.years, there.thin)]
    return [
        {
            "customer_id": customer, "as_of": worked.as_of, "yearly_margin": margin, "remaining_years": years,
            "value": value, "low": min(low, value), "high": max(high, value), "thin": thin,
            "method": method, "expected_visits": None, "risk": None,
        }
        for customer, years, thin, method, margin, value, low, high in zip(
            *plain, _methods(there, at), *money, strict=True
        )
    ]  # fmt: skip


def _departure_rows(worked: Worked, customers: Range) -> list[dict[str, Any]]:
    """Of the departures of a batch, those whose stored figures differ."""
    gone = worked.values.departures
    at = _within(gone, customers)
    keys = worked.departure[at].tolist()
    within = Defection.customer_id.between(customers.first_id, customers.last_id)
    columns = (Defection.lost_value, Defection.value_low, Defection.value_high)
    query = select(Defection.id, *(cast(each, Float) for each in columns), Defection.value_method).where(within)
    stored = {row[0]: tuple(row[1:]) for row in rows_of(query)}
    figures = zip(
        keys,
        _money(gone.value[at]), _money(gone.low[at]), _money(gone.high[at]), gone.years[at].tolist(),
        _methods(gone, at), strict=True,
    )  # fmt: skip
    rows = []
    for key, value, low, high, years, method in figures:
        if stored.get(key) != (value, low, high, method):
            rows.append(
                {
                    "id": key, "lost_value": value, "value_low": low, "value_high": high, "remaining_years": years,
                    "value_method": method,
                }
            )  # fmt: skip
    return rows


def _methods(valued: Valued, at: Ints) -> list[str]:
    """How the value of each of these rows was come by."""
    by_visits = np.where(valued.given[at], GIVEN_VALUE, OWN_HISTORY)
    methods: list[str] = np.where(valued.by_contract[at], CONTRACT, by_visits).tolist()
    return methods


def _money(amounts: Any) -> list[float]:
    """Rounded to cents, nothing below nothing."""
    held: list[float] = np.clip(np.round(amounts, 2), 0.0, MOST).tolist()
    return held
