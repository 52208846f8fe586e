"""What repeat-buying models need to know of a customer: how often, how long ago, known for how long."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from analysis.defection.buying.errors import TooThin
from analysis.defection.histories import Days, Histories

Numbers = NDArray[np.float64]

MIN_CUSTOMERS = 30
MIN_REPEATERS = 5
_ROUNDING = 1e-9  # of a recency that was computed another way than the age it may not exceed


@dataclass(frozen=True, eq=False)
class Purchases:
    """What is known of n customers, (n,) float64 each, times in one unit of the caller's choice (weeks in the papers).

    frequency: repeat visits, so one less than all visits; recency: from the first visit to the last (0 for who came
    once); age: from the first visit to the day of looking. Single numbers and columns may be mixed, as in numpy.
    Raises ValueError, in words, where the columns cannot be so.
    """

    frequency: Numbers
    recency: Numbers
    age: Numbers

    @classmethod
    def of(cls, frequency: ArrayLike, recency: ArrayLike, age: ArrayLike) -> Purchases:
        x, tx, t = equally_long(frequency=frequency, recency=recency, age=age)
        if not_whole(x):
            raise ValueError("A frequency counts repeat visits: it must be a whole number.")
        if (tx > t * (1 + _ROUNDING)).any():
            raise ValueError("A recency may not exceed the age: both are counted from the first visit.")
        if (tx[x == 0] > 0).any():
            raise ValueError("Who never came back has a recency of 0: it is counted from the first visit to the last.")
        return cls(x, np.minimum(tx, t), t)


@dataclass(frozen=True, eq=False)
class BuyersToDate:
    """The customers of some histories as of a day: customer (n,) identifiers, their purchases, and mean_amount (n,),
    the mean spent on a repeat visit (0 for who came once), as the Gamma-Gamma model takes it."""

    customer: Days
    purchases: Purchases
    mean_amount: Numbers


def buyers_to_date(histories: Histories, as_of_day: int, unit_days: float = 7.0) -> BuyersToDate:
    """All who came on or before that day, in units of `unit_days` days; visits of one day are one.

    With weeks and the CDNOW purchases to 1997-09-30 these are the columns of Fader, Hardie & Lee (2005).
    """
    if not unit_days > 0:
        raise ValueError("The unit of time must be longer than nothing.")
    known = histories.until(as_of_day)
    first, last = known.day[known.first], known.day[known.last]
    frequency = (known.last - known.first).astype(np.float64)
    total = np.add.reduceat(known.amount, known.first) if known.size else known.amount
    repeat = total - known.amount[known.first]
    mean = np.divide(repeat, frequency, out=np.zeros(known.size), where=frequency > 0)
    purchases = Purchases(frequency, (last - first) / unit_days, (as_of_day - first) / unit_days)
    return BuyersToDate(known.customer[known.first], purchases, mean)


def equally_long(**columns: ArrayLike) -> tuple[Numbers, ...]:
    """The columns as float64 of one shape. ValueError where they differ in length, lack a value or are negative."""
    arrays = {name: np.asarray(values, dtype=np.float64) for name, values in columns.items()}
    lengths = {array.shape for array in arrays.values() if array.ndim}
    if any(len(shape) > 1 for shape in lengths):
        raise ValueError(f"The columns {_listed(arrays)} must be flat lists, one value a customer.")
    if len(lengths) > 1:
        raise ValueError(f"The columns {_listed(arrays)} must be equally long.")
    for name, array in arrays.items():
        if not np.isfinite(array).all():
            raise ValueError(f"In the column {name} a value is missing or not a number.")
        if (array < 0).any():
            raise ValueError(f"In the column {name} a value is below 0.")
    return tuple(np.broadcast_arrays(*arrays.values()))


def not_whole(values: Numbers) -> bool:
    return bool((values != np.rint(values)).any())


def distinct(columns: tuple[Numbers, ...]) -> tuple[tuple[Numbers, ...], Numbers]:
    """The distinct rows of some columns, and how often each comes: equal histories are computed once."""
    order = np.lexsort(columns)
    sorted_columns = [column[order] for column in columns]
    new = np.ones(len(order), dtype=np.bool_)
    new[1:] = np.logical_or.reduce([np.diff(column) != 0 for column in sorted_columns])
    start = np.flatnonzero(new)
    counts = np.diff(np.append(start, len(order))).astype(np.float64)
    return tuple(column[start] for column in sorted_columns), counts


def enough(frequency: Numbers) -> None:
    """Raise TooThin, saying what is needed, where too few customers came or came back to fit a model."""
    customers, repeaters = frequency.size, int((frequency > 0).sum())
    if customers < MIN_CUSTOMERS:
        raise TooThin(f"There are {customers} customers; a model needs at least {MIN_CUSTOMERS}.")
    if repeaters == 0:
        raise TooThin("Nobody came back: how often customers return cannot be learnt. Wait for repeat visits.")
    if repeaters < MIN_REPEATERS:
        raise TooThin(f"Only {repeaters} customers came back; a model needs at least {MIN_REPEATERS} who did.")


def _listed(arrays: dict[str, Numbers]) -> str:
    names = list(arrays)
    return f"{', '.join(names[:-1])} and {names[-1]}" if len(names) > 1 else names[0]
