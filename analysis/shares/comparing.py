"""Differences of shares between periods and between segments, and which of many are more than chance."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

from analysis.investment.many import false_discoveries
from analysis.shares.estimating import Shares

Numbers = NDArray[np.float64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class ReadShares:
    """The shares of one period or segment, and which version of the model had read its answers."""

    name: str
    model: str
    shares: Shares


@dataclass(frozen=True, slots=True)
class Differences:
    """`later` minus `earlier` for each of k reasons, all (k,), -1 to 1, with the interval of the difference.

    `p`: how often chance alone would show as much; `adjusted`: p after control of false discoveries over all
    comparisons that were made together; `is_real` where that is at most the rate that was asked for. nan, and p 1,
    where either share is unknown.
    """

    earlier: str
    later: str
    estimate: Numbers
    low: Numbers
    high: Numbers
    p: Numbers
    adjusted: Numbers
    is_real: Flags


def compare_shares(pairs: Sequence[tuple[ReadShares, ReadShares]], rate: float = 0.05) -> list[Differences]:
    """Each pair's difference, second minus first, all judged together: of those called real about `rate` are not.

    The two of a pair must be different answers (two periods, two segments), read by the same version of the model:
    raises ValueError otherwise, for what a new model reads otherwise looks like a change of customers. The interval is
    made of the two shares' own (G. Y. Zou and A. Donner 2008, Statistics in Medicine 27, 1693-1702; for plain shares it
    is Newcombe's, as `rate_difference`):

        low = d - sqrt((a - low_a)^2 + (high_b - b)^2),    high = d + sqrt((high_a - a)^2 + (b - low_b)^2)

    and p is that of the level at which it just reaches 0.
    """
    if not 0 < rate < 1:
        raise ValueError("The rate of false discoveries must lie between 0 and 1.")
    apart = [_difference(earlier, later) for earlier, later in pairs]
    if not apart:
        return []
    adjusted = false_discoveries(np.concatenate([each.p for each in apart]))
    ends = np.cumsum([len(each.p) for each in apart])[:-1]
    return [
        replace(each, adjusted=part, is_real=part <= rate)
        for each, part in zip(apart, np.split(adjusted, ends), strict=True)
    ]


def trend_of_shares(periods: Sequence[ReadShares], rate: float = 0.05) -> list[Differences]:
    """Each period against the one before it, judged together; see `compare_shares`."""
    return compare_shares(list(zip(periods[:-1], periods[1:], strict=True)), rate)


def _difference(earlier: ReadShares, later: ReadShares) -> Differences:
    a, b = later.shares, earlier.shares
    if earlier.model != later.model:
        raise ValueError(
            f"{earlier.name} and {later.name} were read by different versions of the model; read both by one version."
        )
    if a.estimate.shape != b.estimate.shape or a.level != b.level:
        raise ValueError("Only shares of the same reasons and of one level can be compared.")
    d = a.estimate - b.estimate
    down = np.hypot(a.estimate - a.low, b.high - b.estimate)
    up = np.hypot(a.high - a.estimate, b.estimate - b.low)
    p = _p(d, np.where(d > 0, down, up), a.level)
    unknown = np.isnan(d)
    low, high = np.where(unknown, -1.0, d - down), np.where(unknown, 1.0, d + up)
    return Differences(earlier.name, later.name, d, low, high, p, p, p < 0)


def _p(d: Numbers, reach: Numbers, level: float) -> Numbers:
    """Two-sided; `reach` is how far the interval of `level` goes towards 0."""
    size = np.abs(np.nan_to_num(d))
    z = np.divide(size, reach, out=np.where(size > 0, np.inf, 0.0), where=reach > 0) * ndtri(0.5 + level / 2)
    return np.where(np.isnan(d), 1.0, 2 * ndtr(-np.nan_to_num(z, posinf=40.0)))
