"""What is told of values: a card for each segment, and totals by branch, segment and acquisition channel.

Worked out by the job that values everybody, from the same figures that it stores for each customer and departure.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np
from sqlalchemy import func, select

from survey.analyst import Ints, day_number, valuing
from survey.analyst.valued import Valued
from survey.analyst.valuing import Thin
from survey.clock import now
from survey.customers.models import Branch, Customer
from survey.defections.days import rows_of
from survey.defections.valuing import MOST, Worked
from survey.extensions import db
from survey.reports.models import StoredFigure
from survey.reports.value.contracts import Kept, kept_of

NAME = "value"
#: over how many days departures are added up
YEAR = 365
#: customers and departures without which a total tells nothing
LEAST_CUSTOMERS, LEAST_DEPARTURES = 10, 5


@dataclass(frozen=True)
class Amount:
    """A sum or a mean, with its 95 % interval."""

    estimate: float
    low: float
    high: float


@dataclass(frozen=True)
class Lacking:
    """What is missing before a figure can be trusted: `reason` is customers, defections or years; `more` of those."""

    reason: str
    have: float
    more: float
    months: int | None


@dataclass(frozen=True)
class Card:
    """What a customer of a segment is worth: the mean, half of them below `median`; margin a year; years they stay."""

    segment: str
    customers: int
    worth: Amount
    median: float
    margin: float
    years: float
    lacking: list[Lacking]


@dataclass(frozen=True)
class Sum:
    """A group of customers: what those who are there are worth together, and what was lost in a year. None where so few
    are in it that a sum would tell nothing."""

    group: str
    branch_id: int | None
    customers: int
    worth: Amount | None
    departures: int
    lost: Amount | None


def of(worked: Worked) -> dict[str, Any]:
    """All that the page tells, ready to be stored. Reads only."""
    customers = _groups()
    there, gone = worked.values.there, _of_a_year(worked)
    branches = {name: key for key, name in rows_of(select(Branch.id, Branch.name))}
    sums = {kind: _sums(there, gone, customers, kind, branches) for kind in ("branch", "segment", "acquired_via")}
    everybody = _sums(there, gone, customers, "everybody", {})
    kept = kept_of(worked.values.contracts, _by_contract(there, customers), _lacking)
    return {
        "as_of": worked.as_of.isoformat(),
        "cards": [asdict(card) for card in _cards(there, customers, _missing(worked, kept))],
        "everybody": [asdict(row) for row in everybody],
        "sums": {kind: [asdict(row) for row in rows] for kind, rows in sums.items()},
        "contracts": [asdict(row) for row in kept],
        "signed": worked.values.signed,
    }


def keep(made: dict[str, Any], as_of: date) -> None:
    """Store what is told in place of what stood. Flushes."""
    row = db.session.scalar(select(StoredFigure).where(StoredFigure.name == NAME, StoredFigure.scope == ""))
    row = row or StoredFigure(name=NAME, scope="")
    row.as_of, row.payload, row.created_at = as_of, made, now()
    db.session.add(row)
    db.session.flush()


def stored() -> StoredFigure | None:
    """What was told last."""
    return db.session.scalar(select(StoredFigure).where(StoredFigure.name == NAME, StoredFigure.scope == ""))


@dataclass(frozen=True, eq=False)
class _Groups:
    """Of every customer by key, (c,): the names of what they belong to."""

    customer: Ints
    names: dict[str, Any]

    def of(self, kind: str, customer: Ints) -> tuple[list[str], Ints]:
        """The names of the groups of a kind, sorted, and (n,) the group of each customer given."""
        every = self.names[kind]
        names, codes = np.unique(every, return_inverse=True)
        return [str(name) for name in names], codes[np.searchsorted(self.customer, customer)]


def _groups() -> _Groups:
    name = func.coalesce(Branch.name, "")
    query = select(Customer.id, name, Customer.segment, Customer.acquired_via).outerjoin(Branch).order_by(Customer.id)
    rows = rows_of(query)
    kinds = {kind: np.array([row[at] for row in rows]) for at, kind in ((1, "branch"), (2, "segment"))}
    kinds["acquired_via"] = np.array([row[3] for row in rows])
    kinds["everybody"] = np.full(len(rows), "")
    return _Groups(np.array([row[0] for row in rows], dtype=np.int64), kinds)


def _by_contract(there: Valued, customers: _Groups) -> dict[str, tuple[int, int]]:
    """By segment, how many customers are there, and how many of those are valued by their contract."""
    names, of_segment = customers.of("segment", there.customer)
    every, some = (np.bincount(of_segment, weights=w, minlength=len(names)) for w in (None, there.by_contract))
    return {name: (int(all_), int(contract)) for name, all_, contract in zip(names, every, some, strict=True)}


def _of_a_year(worked: Worked) -> Valued:
    """The departures of the year that ended on the day."""
    first = day_number(worked.as_of - timedelta(days=YEAR - 1))
    return valuing.some(worked.values.departures, worked.defected_day >= first)


def _missing(worked: Worked, kept: Sequence[Kept]) -> dict[str, list[Lacking]]:
    """What is missing by segment, of that by which most of its customers are valued: visits or contracts."""
    by_visits = {segment: _lacking(thin) for segment, thin in worked.values.missing.items()}
    return by_visits | {each.segment: each.lacking for each in kept if each.is_contractual}


def _cards(there: Valued, customers: _Groups, missing: Mapping[str, list[Lacking]]) -> list[Card]:
    names, of_segment = customers.of("segment", there.customer)
    found = valuing.total_by(there, of_segment, len(names))
    cards = []
    for at, (name, total) in enumerate(zip(names, found, strict=True)):
        mine = of_segment == at
        if not total.rows:
            continue
        median = float(np.median(there.value[mine]))
        margin, years = (float(column[mine].mean()) for column in (there.margin, there.years))
        worth = Amount(*(each / total.rows for each in (total.estimate, total.low, total.high)))
        cards.append(Card(name, total.rows, worth, median, margin, years, missing.get(name, [])))
    return cards


def _lacking(thin: Sequence[Thin]) -> list[Lacking]:
    return [Lacking(each.reason, each.have, each.more, each.months) for each in thin]


def _sums(there: Valued, gone: Valued, customers: _Groups, kind: str, branches: dict[str, int]) -> list[Sum]:
    names, of_there = customers.of(kind, there.customer)
    of_gone = customers.of(kind, gone.customer)[1]
    pairs = zip(
        names,
        valuing.total_by(there, of_there, len(names)),
        valuing.total_by(gone, of_gone, len(names)),
        strict=True,
    )
    keys = branches if kind == "branch" else {}
    return [
        Sum(
            name, keys.get(name), worth.rows, _amount(worth, LEAST_CUSTOMERS), lost.rows,
            _amount(lost, LEAST_DEPARTURES),
        )
        for name, worth, lost in pairs
        if worth.rows or lost.rows
    ]  # fmt: skip


def _amount(total: valuing.Total, least: int) -> Amount | None:
    """None also where nearly nothing was spent, so that the interval has no end."""
    tells = total.rows >= least and total.high < MOST
    return Amount(total.estimate, total.low, total.high) if tells else None
