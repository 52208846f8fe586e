"""Visits as columns, and packed as `CustomerHistory` keeps them: many customers at a time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]

#: one visit in `packed`
VISIT = np.dtype([("day", ">i4"), ("cents", ">i8")])

#: customer_id, first_on, last_on (2026-11-25), visits, total_cents, packed
Row = tuple[int, str, str, int, int, bytes]


@dataclass(frozen=True, eq=False)
class Spent:
    """What customers spent: (n,) int64 each, in any order, any number of rows a day. day: since 1970-01-01."""

    customer: Ints
    day: Ints
    cents: Ints

    def __len__(self) -> int:
        return len(self.customer)

    def and_also(self, other: Spent) -> Spent:
        """The rows of both."""
        names = ("customer", "day", "cents")
        return Spent(*(np.concatenate([getattr(self, name), getattr(other, name)]) for name in names))

    def by_day(self) -> Spent:
        """One row a customer and day, sorted so: the visits."""
        order = np.lexsort((self.day, self.customer))
        customer, day, cents = self.customer[order], self.day[order], self.cents[order]
        first = np.flatnonzero(_changes(customer) | _changes(day))
        return Spent(customer[first], day[first], np.add.reduceat(cents, first) if len(first) else cents)


def unpacked(customers: Sequence[int], packed: Sequence[bytes]) -> Spent:
    """The visits in the packed histories of these customers, in their order."""
    rows = np.frombuffer(b"".join(packed), dtype=VISIT)
    visits = np.fromiter(map(len, packed), dtype=np.int64, count=len(packed)) // VISIT.itemsize
    customer = np.repeat(np.array(customers, dtype=np.int64), visits)
    return Spent(customer, rows["day"].astype(np.int64), rows["cents"].astype(np.int64))


def rows_of(spent: Spent) -> Iterator[Row]:
    """A row of the table for each customer, in the order of their keys."""
    visits = spent.by_day()
    first = np.flatnonzero(_changes(visits.customer))
    end = np.append(first[1:], len(visits))[: len(first)]
    totals = np.add.reduceat(visits.cents, first) if len(first) else first
    columns = (
        visits.customer[first].tolist(),
        _written(visits.day[first]),
        _written(visits.day[end - 1]),
        (end - first).tolist(),
        totals.tolist(),
        _pieces(visits, end),
    )
    return zip(*columns, strict=True)


def _changes(column: Ints) -> NDArray[np.bool_]:
    """(n,) whether a row differs from the one before it; the first does."""
    return np.append(True, column[1:] != column[:-1])[: len(column)]


def _pieces(visits: Spent, end: Ints) -> list[bytes]:
    packed = np.empty(len(visits), dtype=VISIT)
    packed["day"], packed["cents"] = visits.day, visits.cents
    whole, stops = packed.tobytes(), (end * VISIT.itemsize).tolist()
    return [whole[start:stop] for start, stop in zip([0, *stops], stops, strict=False)]


def _written(days: Ints) -> list[str]:
    # Each day is written once: there are far fewer of them than rows.
    each, place = np.unique(days, return_inverse=True)
    texts: list[str] = each.astype("datetime64[D]").astype(str).astype(object)[place].tolist()
    return texts
