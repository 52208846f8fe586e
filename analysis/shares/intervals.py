"""Shares and rates with the uncertainty they carry."""

from __future__ import annotations

from statistics import NormalDist
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

Numbers = NDArray[np.float64]


class Interval(NamedTuple):
    """The two ends of an interval, each shaped as the counts were."""

    low: Numbers
    high: Numbers


class Difference(NamedTuple):
    """A difference of two rates, first minus second, and the interval around it."""

    estimate: Numbers
    low: Numbers
    high: Numbers


def wilson(count: ArrayLike, total: ArrayLike, level: float = 0.95) -> Interval:
    """Wilson's score interval for a share count / total, without continuity correction.

    E. B. Wilson (1927), JASA 22, 209-212; method 3 of R. G. Newcombe (1998), Statistics in Medicine 17,
    857-872. Counts may be weighted sums. A total of nothing gives (0, 1): nothing is known. Raises ValueError
    where a count is below nothing or above its total.
    """
    x, n = _counted(count, total)
    z = _deviate(level)
    some = np.where(n > 0, n, 1.0)
    p = np.where(n > 0, x / some, 0.5)
    middle = (p + z * z / (2 * some)) / (1 + z * z / some)
    half = z / (1 + z * z / some) * np.sqrt(p * (1 - p) / some + z * z / (4 * some * some))
    # At the edges the formula gives exactly 0 and 1 but for rounding.
    low = np.where((n > 0) & (x > 0), np.maximum(middle - half, 0.0), 0.0)
    high = np.where((n > 0) & (x < n), np.minimum(middle + half, 1.0), 1.0)
    return Interval(low, high)


def rate_difference(
    first: tuple[ArrayLike, ArrayLike], second: tuple[ArrayLike, ArrayLike], level: float = 0.95
) -> Difference:
    """The difference of two independent rates, each given as (count, total): first minus second.

    Newcombe's hybrid score interval without continuity correction: method 10 of R. G. Newcombe (1998),
    Statistics in Medicine 17, 873-890. Where a total is nothing that rate is taken as one half, the middle of
    what is possible, and the interval is as wide as that leaves it. Raises ValueError as `wilson` does.
    """
    p1, p2 = _rate(*first), _rate(*second)
    low1, high1 = wilson(*first, level)
    low2, high2 = wilson(*second, level)
    low = p1 - p2 - np.sqrt((p1 - low1) ** 2 + (high2 - p2) ** 2)
    high = p1 - p2 + np.sqrt((high1 - p1) ** 2 + (p2 - low2) ** 2)
    return Difference(p1 - p2, low, high)


def _rate(count: ArrayLike, total: ArrayLike) -> Numbers:
    x, n = _counted(count, total)
    return np.where(n > 0, x / np.where(n > 0, n, 1.0), 0.5)


def _counted(count: ArrayLike, total: ArrayLike) -> tuple[Numbers, Numbers]:
    x, n = np.broadcast_arrays(np.asarray(count, dtype=np.float64), np.asarray(total, dtype=np.float64))
    if not (np.isfinite(x).all() and np.isfinite(n).all() and (x >= 0).all() and (x <= n).all()):
        raise ValueError("A count must lie between 0 and its total.")
    return x, n


def _deviate(level: float) -> float:
    if not 0 < level < 1:
        raise ValueError("The level of an interval must lie between 0 and 1.")
    return NormalDist().inv_cdf(0.5 + level / 2)
