"""What goes into values and what comes out: columns of customers and departures, and their totals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analysis.value.joining import joined
from analysis.value.renewing import Terms as ContractTerms
from analysis.value.worth import Worth, chosen, totals
from survey.analyst import Flags, Ints

Money = NDArray[np.float64]
Signed = ContractTerms
NO_DAY = np.zeros(0, dtype=np.int64)
#: no contract at all
UNSIGNED = Signed(NO_DAY, NO_DAY, NO_DAY, NO_DAY, NO_DAY, np.zeros(0))


@dataclass(frozen=True)
class Terms:
    """By what turnover becomes value. margins: of each segment, a share; discount: a year; horizon: years ahead."""

    margins: Mapping[str, float]
    discount: float
    horizon: float


@dataclass(frozen=True, eq=False)
class Departures:
    """The stored episodes of customers, sorted by customer and number: equally long columns."""

    customer: Ints
    number: Ints
    last_visit_day: Ints
    defected_day: Ints
    returned_day: Ints

    def at(self, rows: Flags) -> Departures:
        """Some of them."""
        columns = (self.customer, self.number, self.last_visit_day, self.defected_day, self.returned_day)
        return Departures(*(column[rows] for column in columns))


@dataclass(frozen=True, eq=False)
class People:
    """Who has a history of visits or a contract, sorted by key: customer (p,), segment of each, and yearly (p,), what
    the business itself says each is worth a year, NaN where it says nothing; signed: the terms of their contracts."""

    customer: Ints
    segment: Sequence[str]
    yearly: Money
    signed: Signed = UNSIGNED

    def at(self, rows: Flags) -> People:
        """Some of them."""
        names = [name for name, wanted in zip(self.segment, rows.tolist(), strict=True) if wanted]
        return People(self.customer[rows], names, self.yearly[rows], self.signed)


@dataclass(frozen=True, eq=False)
class Valued:
    """Values of n rows: customers who are there, or departures. given: (n,) the yearly margin is what the business
    said; by_contract: (n,) the years are those of contracts and their renewals; thin: (n,) the segment has too few
    data, so the figure leans on little."""

    customer: Ints
    value: Money
    low: Money
    high: Money
    margin: Money
    years: Money
    given: Flags
    by_contract: Flags
    thin: Flags
    worth: Worth


@dataclass(frozen=True)
class Total:
    """The value of some rows together, with its 95 % interval."""

    rows: int
    estimate: float
    low: float
    high: float


def valued(customer: Ints, made: Worth, given: Flags, thin: Flags, by_contract: bool) -> Valued:
    """A worth with what is known of its rows."""
    contract = np.full(len(customer), by_contract)
    return Valued(customer, made.value, made.low, made.high, made.margin, made.years, given, contract, thin, made)


def total_by(valued: Valued, groups: Ints, size: int) -> list[Total]:
    """The total of each group (n,) 0..size-1, over exactly these rows, whose errors may have much in common."""
    found = totals(valued.worth, groups, size)
    ends = zip(found.rows.tolist(), found.estimate.tolist(), found.low.tolist(), found.high.tolist(), strict=True)
    return [Total(*row) for row in ends]


def some(valued: Valued, rows: Flags | Ints) -> Valued:
    """Some of the rows, or all in another order."""
    columns = {name: getattr(valued, name)[rows] for name in _COLUMNS}
    return Valued(**columns, worth=chosen(valued.worth, rows))


def together(first: Valued, second: Valued, order: Ints) -> Valued:
    """The rows of both, in an `order` (n,) of places among those of the first, then the second."""
    columns = {name: np.concatenate([getattr(first, name), getattr(second, name)])[order] for name in _COLUMNS}
    return Valued(**columns, worth=joined(first.worth, second.worth, order))


_COLUMNS = tuple(name for name in Valued.__dataclass_fields__ if name != "worth")
