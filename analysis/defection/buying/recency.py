"""Recency, the plain baseline that every model stands beside: who has not been seen for long has probably left.

M. Wuebben & F. von Wangenheim (2008), Instant Customer Base Analysis, J. of Marketing 72, 82-93: a rule of thumb with
one limit sorts customers about as well as the models do; what it cannot do is foretell how much will be bought.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from analysis.defection.buying.errors import TooThin
from analysis.defection.buying.purchases import Numbers, equally_long


@dataclass(frozen=True, slots=True)
class Hiatus:
    """A time without a visit, above which a customer counts as gone, and how often that proved right."""

    limit: float
    accuracy: float

    def is_gone(self, recency: ArrayLike, age: ArrayLike) -> np.ndarray[tuple[int, ...], np.dtype[np.bool_]]:
        return np.asarray(time_away(recency, age) > self.limit)


def time_away(recency: ArrayLike, age: ArrayLike) -> Numbers:
    """Time since the last visit, (n,), in the unit of the two: age - recency."""
    last, known = equally_long(recency=recency, age=age)
    return np.asarray(known - last)


def own_pace(horizon: ArrayLike, frequency: ArrayLike, age: ArrayLike) -> Numbers:
    """Visits within the horizon if everyone went on as so far, (n,): horizon x frequency / age; 0 for who is new."""
    ahead, x, known = equally_long(horizon=horizon, frequency=frequency, age=age)
    return np.divide(ahead * x, known, out=np.zeros(x.shape), where=known > 0)


def best_hiatus(away: ArrayLike, came: ArrayLike) -> Hiatus:
    """The limit that, on customers of whom it is known whether they came afterwards, is right most often; of equals the
    shortest. `away` (n,): `time_away` at the time; `came` (n,): whether they came in the time after it."""
    time, again = np.asarray(away, dtype=np.float64), np.asarray(came, dtype=np.bool_)
    if time.shape != again.shape or time.ndim != 1:
        raise ValueError("The columns away and came must be equally long.")
    if not len(time):
        raise TooThin("A limit needs customers of whom it is known whether they came again.")
    limits, place = np.unique(time, return_inverse=True)
    came_within = np.cumsum(np.bincount(place, weights=again))
    gone_beyond = np.cumsum(np.bincount(place, weights=~again)[::-1])[::-1]
    right = came_within + np.append(gone_beyond[1:], 0)
    best = int(np.argmax(right))
    return Hiatus(float(limits[best]), float(right[best] / len(time)))
