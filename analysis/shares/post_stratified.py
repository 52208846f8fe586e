"""The share of a rare reason: a beta distribution for each of the two classes the model puts answers in."""

from __future__ import annotations

from math import ceil
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import betaincinv

from analysis.shares.reviewed import Flags, Found, Numbers, Reviewed, effective_size

_JEFFREYS = 0.5
#: points for the two classes, and for how large they are
_POINTS, _SIZE_POINTS = 40, 10


class Classes(NamedTuple):
    """The two classes of each of k reasons, all (k,): `share`, the part of all answers that the model takes for it; in
    effective answers how many there are, and how many were reviewed in each class with (`hits`) and without the reason.
    """

    share: Numbers
    size: float
    taken_hits: Numbers
    taken_rest: Numbers
    other_hits: Numbers
    other_rest: Numbers


def split_in_classes(reviewed: Reviewed, reasons: Flags) -> Classes:
    """The classes of some reasons (k,) of the answers of a uniform audit.

    A class holds as many answers as the sum of the probabilities says (no label decides where the cut is): a rare
    reason may never reach one half.
    """
    columns = np.flatnonzero(reasons)
    said, truth = reviewed.said[:, columns], reviewed.truth[:, columns]
    cuts, share = np.empty(len(columns)), np.empty(len(columns))
    for i, k in enumerate(columns):
        column = np.ascontiguousarray(reviewed.probabilities[:, k])
        cuts[i] = _cut(column)
        own = (said[:, i] >= cuts[i]).astype(np.float64) - (column[reviewed.at] >= cuts[i])
        share[i] = (reviewed.weights[column >= cuts[i]].sum() + reviewed.weights[reviewed.at] @ own) / reviewed.total
    taken = _counts(reviewed.expanded, said >= cuts, truth)
    other = _counts(reviewed.expanded, said < cuts, truth)
    return Classes(np.clip(share, 0, 1), effective_size(reviewed.weights), *taken, *other)


class Spread(NamedTuple):
    """What each of k shares may be: the mean (k,), and rising values (k, g) with the probability (k, g) below each."""

    mean: Numbers
    values: Numbers
    below: Numbers


def post_stratified(classes: Classes) -> Spread:
    """The distribution of

        share = (1 - c) p0 + c p1

    c the share of answers that the model takes for a reason, p0 and p1 the shares of the reason among the two
    classes; all three get Jeffreys' prior, Beta(1/2, 1/2), and the counts that were seen, in effective answers where
    respondents are weighted. By quadrature: no random numbers. The idea is that of post-stratification (D. Holt and
    T. M. F. Smith 1979, JRSS A 142, 33-46) with the interval of L. D. Brown, T. T. Cai and A. DasGupta (2001),
    Statistical Science 16, 101-133, in each class.
    """
    share = classes.share
    c = share * classes.size + _JEFFREYS, (1 - share) * classes.size + _JEFFREYS
    p1 = classes.taken_hits + _JEFFREYS, classes.taken_rest + _JEFFREYS
    p0 = classes.other_hits + _JEFFREYS, classes.other_rest + _JEFFREYS
    whole = _or_certain(c[0] / (c[0] + c[1]), share)
    mean = whole * p1[0] / (p1[0] + p1[1]) + (1 - whole) * p0[0] / (p0[0] + p0[1])
    return Spread(mean, *_distribution((c, p0, p1), share))


def ends(spread: Spread, level: float) -> Found:
    """The mean and the equal tails."""
    tail = (1 - level) / 2
    rows = zip(spread.values, spread.below, strict=True)
    found = np.array([np.interp((tail, 1 - tail), below, values) for values, below in rows]).reshape(-1, 2)
    return Found(spread.mean, np.minimum(found[:, 0], spread.mean), np.maximum(found[:, 1], spread.mean))


def _or_certain(part: NDArray[Any], share: Numbers) -> Numbers:
    """Where every answer is in one class there is no other to be in."""
    return np.where(share >= 1, 1.0, np.where(share <= 0, 0.0, part))


def _cut(column: NDArray[Any]) -> float:
    """The smallest probability in the class of a reason."""
    n = len(column)
    count = min(max(ceil(float(column.sum(dtype=np.float64)) - 1e-6), 1), n)
    return float(np.partition(column, n - count)[n - count])


def _counts(expanded: Numbers, members: Flags, truth: Numbers) -> tuple[Numbers, Numbers]:
    """Effective answers of a class with and without the reason."""
    total, squares = expanded @ members, expanded**2 @ members
    size = np.divide(total**2, squares, out=np.zeros_like(total), where=squares > 0)
    part = np.divide(expanded @ (members * truth), total, out=np.zeros_like(total), where=total > 0)
    return size * part, size * (1 - part)


def _distribution(betas: tuple[tuple[Numbers, Numbers], ...], share: Numbers) -> tuple[Numbers, Numbers]:
    """(k, g) rising values of (1 - c) p0 + c p1 and the mass below each, on a grid of the quantiles of the three."""
    at, mass = _points(_POINTS)
    sized_at, sized_mass = _points(_SIZE_POINTS)
    c = betaincinv(betas[0][0][:, None], betas[0][1][:, None], sized_at)
    c = _or_certain(c, share[:, None])[:, :, None, None]
    p0 = betaincinv(betas[1][0][:, None], betas[1][1][:, None], at)[:, None, :, None]
    p1 = betaincinv(betas[2][0][:, None], betas[2][1][:, None], at)[:, None, None, :]
    values = ((1 - c) * p0 + c * p1).reshape(len(share), -1)
    masses = (sized_mass[:, None, None] * mass[:, None] * mass).ravel()
    order = np.argsort(values, axis=1)
    sorted_masses = masses[order]
    return np.take_along_axis(values, order, axis=1), np.cumsum(sorted_masses, axis=1) - sorted_masses / 2


def _points(count: int) -> tuple[Numbers, Numbers]:
    """Places between 0 and 1, denser at the ends where quantiles are asked for, and the mass around each."""
    edges = (1 - np.cos(np.pi * np.arange(count + 1) / count)) / 2
    return (edges[1:] + edges[:-1]) / 2, np.diff(edges)
