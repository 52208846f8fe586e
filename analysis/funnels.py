"""Branches and teams side by side without a league table: a funnel plot, fair to whom they serve and how many.

D. J. Spiegelhalter (2005), Funnel plots for comparing institutional performance, Statistics in Medicine 24, 1185-1202.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special

from analysis.defection.histories import Days, Flags
from analysis.sums import ratio, summed

Numbers = NDArray[np.float64]

#: a unit of which fewer defections are expected is not drawn
LEAST_EXPECTED = 5.0
#: the lines of the funnel
WARNING, ACTION = 0.95, 0.998
#: share of units at each end whose deviation is pulled in before the spread of all is judged
_WINSORISED = 0.10


@dataclass(frozen=True, eq=False)
class Cells:
    """Counts by unit and stratum (segment by tenure band, say), one row each (m,). unit: 0..u-1; stratum: 0..s-1;
    left: how many of the `at_risk` left. Raises ValueError where more left than were at risk."""

    unit: Days
    stratum: Days
    left: Numbers
    at_risk: Numbers

    def __post_init__(self) -> None:
        if not self.unit.shape == self.stratum.shape == self.left.shape == self.at_risk.shape:
            raise ValueError("The columns of cells must be equally long.")
        if (self.left < 0).any() or (self.left > self.at_risk).any():
            raise ValueError("A count must lie between 0 and its total.")


@dataclass(frozen=True, eq=False)
class Funnel:
    """Every column (u,), one row a unit. left, at_risk, expected: counts; expected: had each kind of its customers left
    at the rate of all customers of that kind. rate: left / expected * overall, the rate adjusted for whom the unit
    serves. warning_low, ... action_high: the lines at 95 and 99.8 %, as rates, at this unit's size. shrunk, shrunk_low,
    shrunk_high: the adjusted rate pulled towards the overall one by as much as chance explains, with its 95 % interval.
    drawn: False where fewer than 5 defections were expected; needed: how many more at risk until it is drawn.
    overall: the rate of all; dispersion: 1, or by how much units vary more than chance.
    """

    left: Numbers
    at_risk: Numbers
    expected: Numbers
    rate: Numbers
    warning_low: Numbers
    warning_high: Numbers
    action_low: Numbers
    action_high: Numbers
    shrunk: Numbers
    shrunk_low: Numbers
    shrunk_high: Numbers
    drawn: Flags
    needed: Days
    overall: float
    dispersion: float

    @property
    def outside(self) -> Days:
        """(u,) -1 or 1 where a drawn unit lies below or above the action lines, else 0."""
        side = (self.rate > self.action_high).astype(np.int64) - (self.rate < self.action_low)
        return np.where(self.drawn, side, 0)


def funnel(cells: Cells) -> Funnel:
    """The funnel of units. Raises ValueError where nobody was at risk.

    1. Expected counts by indirect standardisation: rates of all customers of a stratum, applied to the unit's own.
    2. Lines from the exact binomial with the unit's size and expected rate, interpolated between whole counts as in
       Spiegelhalter's appendix A.1.1.
    3. Overdispersion: the mean of squared z after the outer 10 % at each end were pulled in, divided by what that is
       where only chance is at work (.679), so that it is 1 then; where it is above 1 the lines move out by its root.
       Pulled in, one bad branch cannot hide itself by widening the funnel.
    4. Shrunk rates by empirical Bayes, gamma-Poisson, with moments of R. J. Marshall (1991), Applied Statistics 40,
       283-294.
    """
    left, at_risk, expected = standardised(cells)
    overall = float(left.sum() / at_risk.sum())
    scale = ratio(np.full_like(expected, overall), expected)
    drawn = expected >= LEAST_EXPECTED
    dispersion = _dispersion(left, at_risk, expected, drawn)
    shrunk = [overall * each for each in _shrunk(left, expected)]
    missing = np.ceil(ratio(LEAST_EXPECTED - expected, ratio(expected, at_risk, overall)))
    needed = np.where(drawn, 0, np.maximum(missing, 0)).astype(np.int64)
    low, high, lower, higher = lines(at_risk, expected, overall, dispersion)
    rate, (middle, bottom, top) = left * scale, shrunk
    return Funnel(
        left, at_risk, expected, rate, low, high, lower, higher, middle, bottom, top, drawn, needed, overall, dispersion
    )  # fmt: skip


def lines(at_risk: Numbers, expected: Numbers, overall: float, dispersion: float) -> tuple[Numbers, ...]:
    """(u,) each: the warning lines (low, high) and the action lines (low, high), as rates, of units of these sizes."""
    scale = ratio(np.full_like(expected, overall), expected)
    return tuple(
        np.clip((expected + np.sqrt(dispersion) * (_limit(at_risk, expected, p) - expected)) * scale, 0, 1)
        for level in (WARNING, ACTION)
        for p in (0.5 - level / 2, 0.5 + level / 2)
    )


def standardised(cells: Cells) -> tuple[Numbers, Numbers, Numbers]:
    """(u,) each: how many left, were at risk, and were expected to leave. N. E. Breslow and N. E. Day (1987),
    Statistical Methods in Cancer Research II, chapter 2."""
    if not cells.at_risk.sum() > 0:
        raise ValueError("A funnel needs customers at risk.")
    usual = (
        ratio(summed(cells.stratum, cells.left), summed(cells.stratum, cells.at_risk))[cells.stratum] * cells.at_risk
    )
    return summed(cells.unit, cells.left), summed(cells.unit, cells.at_risk), summed(cells.unit, usual)


def _limit(at_risk: Numbers, expected: Numbers, p: float) -> Numbers:
    """The count below which a share `p` of units of this size lies by chance alone, between whole counts by their
    probabilities. Sizes are rounded: weighted counts have no exact distribution."""
    n = np.maximum(np.round(at_risk), 1.0).astype(np.int64)
    rate = np.clip(expected / n, 1e-12, 1 - 1e-12)
    # The least count whose distribution function reaches p; the inverse may miss it by one.
    count = np.floor(np.clip(np.nan_to_num(special.bdtrik(p, n.astype(np.float64), rate)), 0, n))
    count += special.bdtr(count, n, rate) < p
    reached, before = special.bdtr(count, n, rate), np.where(count > 0, special.bdtr(count - 1, n, rate), 0.0)
    return np.asarray(count - np.clip(ratio(reached - p, reached - before), 0, 1), dtype=np.float64)


def _dispersion(left: Numbers, at_risk: Numbers, expected: Numbers, drawn: Flags) -> float:
    if drawn.sum() < 3:
        return 1.0
    variance = expected * (1 - np.minimum(ratio(expected, at_risk), 1 - 1e-9))
    z = ((left - expected) / np.sqrt(np.maximum(variance, 1e-12)))[drawn]
    pulled = np.clip(z, *np.quantile(z, [_WINSORISED, 1 - _WINSORISED]))
    return max(1.0, float((pulled**2).mean()) / _pulled_in_by_chance())


def _pulled_in_by_chance() -> float:
    """The mean square of a standard normal deviate pulled in at its outer tenths."""
    q = float(special.ndtri(1 - _WINSORISED))
    density = float(np.exp(-q * q / 2) / np.sqrt(2 * np.pi))
    return 1 - 2 * _WINSORISED - 2 * q * density + 2 * _WINSORISED * q * q


def _shrunk(left: Numbers, expected: Numbers) -> tuple[Numbers, Numbers, Numbers]:
    """left / expected, shrunk towards 1, with the 95 % interval of the gamma posterior."""
    raw, total = ratio(left, expected), max(float(expected.sum()), 1e-12)
    spread = float((expected * (raw - 1) ** 2).sum()) / total
    between = max(spread - len(expected) / total, 1e-3)
    shape, scale = 1 / between + left, 1 / between + expected
    low, high = (special.gammaincinv(shape, p) / scale for p in (0.025, 0.975))
    return shape / scale, low, high
