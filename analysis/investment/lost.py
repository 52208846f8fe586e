"""What each reason costs a year, as draws that carry how little is known of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtri

Numbers = NDArray[np.float64]


class Estimated(NamedTuple):
    """A figure and the two ends of its interval."""

    value: float
    low: float
    high: float


class Drawing(NamedTuple):
    """How many draws to make, and the seed that makes them the same for ever."""

    draws: int = 4000
    seed: int = 1


@dataclass(frozen=True, slots=True, eq=False)
class LostValue:
    """The lifetime value lost in a year by each of k reasons.

    `yearly` (k,): the estimate, money a year; `draws` (d, k): what it may as well be; `influenceable` (k,): whether the
    business can do something about it. To judge an investment take a year before it began (a reason that was mended
    costs little now) and the branches it is for. ValueError where shapes or values are impossible.
    """

    reasons: tuple[str, ...]
    yearly: Numbers
    draws: Numbers
    influenceable: NDArray[np.bool_]

    def __post_init__(self) -> None:
        k = len(self.reasons)
        if len(set(self.reasons)) != k or not k or not len(self.draws):
            raise ValueError("Lost value needs reasons, each once, and draws.")
        if self.yearly.shape != (k,) or self.influenceable.shape != (k,) or self.draws.shape != (len(self.draws), k):
            raise ValueError("Lost value needs an estimate, draws and whether it can be influenced for every reason.")
        if not np.isfinite(self.draws).all() or (self.draws < 0).any() or (self.yearly < 0).any():
            raise ValueError("Lost value cannot be missing or below nothing.")

    @property
    def shares(self) -> Numbers:
        """(k,) part of the lost value that could be influenced; 0 for a reason that cannot."""
        return np.asarray(_shares(self.yearly[None, :], self.influenceable)[0])

    @property
    def share_draws(self) -> Numbers:
        """(d, k) the same for every draw."""
        return _shares(self.draws, self.influenceable)

    def at(self, reasons: Iterable[str]) -> NDArray[np.bool_]:
        """(k,) which of the reasons are named; ValueError where one is not among them."""
        named = set(reasons)
        if unknown := named - set(self.reasons):
            raise ValueError(f"No lost value is known for {', '.join(sorted(unknown))}.")
        return np.array([reason in named for reason in self.reasons])


def lost_from_counts(
    reasons: tuple[str, ...],
    counts: ArrayLike,
    influenceable: ArrayLike,
    value: tuple[float, float],
    drawing: Drawing = Drawing(),
) -> LostValue:
    """Lost value from how often each reason was given and what is lost in a year in all.

    `counts` (k,): answers by reason, weighted sums on their effective size. `value`: the total in money a year and its
    standard error. Draws: Dirichlet(counts + 1/2) times a gamma of that mean and error.
    """
    n = np.asarray(counts, dtype=np.float64)
    total, error = value
    if (n < 0).any() or not n.sum() > 0 or total < 0 or error < 0:
        raise ValueError("Reasons need counts of at least 0 that are not all 0, and a total value.")
    rng = np.random.default_rng(drawing.seed)
    part = rng.dirichlet(n + 0.5, drawing.draws)
    whole = _gamma(np.array([total]), np.array([error]), drawing, rng)
    return LostValue(tuple(reasons), n / n.sum() * total, part * whole, np.asarray(influenceable, dtype=np.bool_))


def lost_from_intervals(
    reasons: tuple[str, ...],
    estimates: ArrayLike,
    influenceable: ArrayLike,
    level: float = 0.95,
    drawing: Drawing = Drawing(),
) -> LostValue:
    """Lost value from estimates with intervals of that level, (k, 3): value, low, high, in money a year.

    Draws are gamma with the value as mean and the interval's width as spread, independent between reasons; where the
    value is 0, as nobody gave the reason, exponential with the upper end of the interval where it should be.
    """
    value, low, high = np.asarray(estimates, dtype=np.float64).T
    if (low > value).any() or (value > high).any() or (value < 0).any():
        raise ValueError("An estimate must lie within its interval, and not below nothing.")
    nobody = value == 0
    rare = high / -np.log(0.5 - level / 2)
    error = np.where(nobody, rare, (high - low) / (2 * ndtri(0.5 + level / 2)))
    draws = _gamma(np.where(nobody, rare, value), error, drawing, np.random.default_rng(drawing.seed))
    return LostValue(tuple(reasons), value, draws, np.asarray(influenceable, dtype=np.bool_))


def interval(draws: ArrayLike, level: float = 0.95) -> tuple[float, float]:
    """The two ends between which the middle `level` of the draws (d,) lie."""
    low, high = np.quantile(np.asarray(draws, dtype=np.float64), [0.5 - level / 2, 0.5 + level / 2])
    return float(low), float(high)


def _gamma(mean: Numbers, error: Numbers, drawing: Drawing, rng: np.random.Generator) -> Numbers:
    known = (error > 0) & (mean > 0)
    shape = np.where(known, (mean / np.where(known, error, 1.0)) ** 2, 1.0)
    drawn = rng.gamma(shape, mean / shape, (drawing.draws, len(mean)))
    return np.asarray(np.where(known, drawn, mean), dtype=np.float64)


def _shares(yearly: Numbers, influenceable: NDArray[np.bool_]) -> Numbers:
    held = np.where(influenceable, yearly, 0.0)
    total = held.sum(axis=1, keepdims=True)
    share = np.zeros_like(held)
    np.divide(held, total, out=share, where=total > 0)
    return share
