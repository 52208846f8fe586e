"""What is known of customers: on which days they came, and what they spent."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike, NDArray

Days = NDArray[np.int64]
Money = NDArray[np.float64]
Flags = NDArray[np.bool_]

MAX_DAY = 3_000_000  # takes every date that Python can hold
NEVER = 10 * MAX_DAY


@dataclass(frozen=True, eq=False)
class Histories:
    """Visits of many customers, one row per customer and day, sorted by customer, then by day.

    customer: (m,) int64, any non-negative identifier; day: (m,) int64, days since 1970-01-01;
    amount: (m,) float64, what was spent that day in units of money. Several purchases on one day are one
    visit. Raises ValueError, in words, where the rows are not so; `Histories.of` sorts and merges raw rows.

    first: (c,) int64, the row at which each customer's history starts; group: (m,) int64, the customer of
    each row as a number 0..c-1.
    """

    customer: Days
    day: Days
    amount: Money
    first: Days = field(init=False, repr=False)
    group: Days = field(init=False, repr=False)

    def __post_init__(self) -> None:
        customer, day = whole(self.customer, "customer"), whole(self.day, "day")
        amount = np.asarray(self.amount, dtype=np.float64)
        _check_values(customer, day, amount)
        new = np.ones(len(customer), dtype=np.bool_)
        new[1:] = np.diff(customer) != 0
        _check_order(customer, day, new)
        columns = {"customer": customer, "day": day, "amount": amount, "first": np.flatnonzero(new)}
        for name, values in (columns | {"group": np.cumsum(new, dtype=np.int64) - 1}).items():
            object.__setattr__(self, name, values)

    @classmethod
    def of(cls, customer: ArrayLike, day: ArrayLike, amount: ArrayLike) -> Histories:
        """Histories from rows in any order; rows of one customer on one day become one visit."""
        who, when = whole(customer, "customer"), whole(day, "day")
        spent = np.asarray(amount, dtype=np.float64)
        _check_values(who, when, spent)
        # Amounts are sorted too, so that a sum of floats does not depend on the order of the rows.
        order = np.lexsort((spent, when, who))
        who, when, spent = who[order], when[order], spent[order]
        new = np.ones(len(who), dtype=np.bool_)
        new[1:] = (np.diff(who) != 0) | (np.diff(when) != 0)
        start = np.flatnonzero(new)
        sums = np.add.reduceat(spent, start) if len(start) else spent
        return cls(who[start], when[start], sums)

    def until(self, as_of_day: int) -> Histories:
        """The same histories as they were known at the end of that day."""
        known = self.day <= as_of_day
        return self if known.all() else Histories(self.customer[known], self.day[known], self.amount[known])

    def blocks(self, rows: int) -> Iterator[Histories]:
        """The same histories in blocks of about so many rows, each with whole customers: what is computed block by
        block stays in the processor's cache, and needs memory for one block."""
        start = 0
        while start < len(self.day) or start == 0:
            place = np.searchsorted(self.first, start + rows)
            end = int(self.first[place]) if place < self.size else len(self.day)
            yield Histories(self.customer[start:end], self.day[start:end], self.amount[start:end])
            start = max(end, 1)

    @property
    def size(self) -> int:
        """How many customers there are."""
        return len(self.first)

    @property
    def last(self) -> Days:
        """(c,) the row of each customer's last visit."""
        return np.append(self.first[1:], len(self.day))[: len(self.first)] - 1

    @property
    def next_day(self) -> Days:
        """(m,) the day of the same customer's next visit; `NEVER` after the last."""
        following = np.append(self.day[1:], NEVER)[: len(self.day)]
        following[self.last] = NEVER
        return following

    def key(self, group: Days, day: Days) -> Days:
        """One number per (customer number, day) that sorts as the pair does, for binary searches."""
        return group * (4 * MAX_DAY) + day

    def row_at(self, group: Days, day: Days) -> Days:
        """The row of the last visit of each customer on or before each day; -1 where there is none."""
        within = np.clip(day, 1 - 2 * MAX_DAY, 2 * MAX_DAY - 1)
        row = np.searchsorted(self.key(self.group, self.day), self.key(group, within), side="right") - 1
        return np.where(row >= self.first[group], row, -1)


def whole(values: ArrayLike, name: str) -> Days:
    """A column of whole numbers; ValueError names the column where it is not one."""
    array = np.asarray(values)
    if array.ndim != 1:
        raise ValueError(f"The column {name} must be a flat list, one value a row.")
    if array.size and array.dtype.kind not in "iu":
        raise ValueError(f"The column {name} must hold whole numbers.")
    return array.astype(np.int64)


def _check_values(customer: Days, day: Days, amount: Money) -> None:
    if not customer.shape == day.shape == amount.shape:
        raise ValueError("The columns customer, day and amount must be equally long.")
    if customer.size and customer.min() < 0:
        raise ValueError("A customer's number may not be negative.")
    if day.size and (day.min() < -MAX_DAY or day.max() > MAX_DAY):
        raise ValueError(f"A day must lie between -{MAX_DAY} and {MAX_DAY} days of 1970-01-01.")
    if not np.isfinite(amount).all():
        raise ValueError("An amount is missing or not a number.")


def _check_order(customer: Days, day: Days, new: Flags) -> None:
    if (np.diff(customer) < 0).any():
        raise ValueError("The rows must be sorted by customer.")
    step = np.diff(day)[~new[1:]]
    if (step == 0).any():
        raise ValueError("A customer has two rows on one day; they must be one visit.")
    if (step < 0).any():
        raise ValueError("The rows of a customer must be sorted by day.")
