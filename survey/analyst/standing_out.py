"""What stands out among many: units beside each other, groups against all others, a month against the own past."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special

from analysis import funnels
from analysis.investment.many import false_discoveries
from analysis.shares import wilson
from survey.analyst import Flags, Ints, Share

Numbers = NDArray[np.float64]
#: a unit of which fewer departures are expected is neither drawn nor judged
LEAST_EXPECTED = funnels.LEAST_EXPECTED


@dataclass(frozen=True)
class FunnelRow:
    """A unit beside the others. rate: adjusted for whom it serves; shrunk: the same, pulled towards all by as much as
    chance explains. warning, action: the lines of 95 and 99.8 % at its size. outside: -1, 0 or 1. drawn: False where
    too few were expected to leave; needed: how many more customers until it is."""

    unit: int
    left: int
    at_risk: int
    expected: float
    rate: float
    warning: tuple[float, float]
    action: tuple[float, float]
    shrunk: Share
    drawn: bool
    needed: int
    outside: int


@dataclass(frozen=True)
class Funnel:
    """overall: the rate of all. dispersion: 1, or by how much units vary more than chance. lines: the funnel itself, a
    row for each size: (at risk, action low, warning low, warning high, action high)."""

    overall: float
    dispersion: float
    rows: list[FunnelRow]
    lines: list[tuple[float, float, float, float, float]]


def funnel(unit: Ints, stratum: Ints, left: Numbers, at_risk: Numbers) -> Funnel | None:
    """The funnel of counts by unit 0..u-1 and stratum; None where nobody was at risk."""
    if not at_risk.sum() > 0:
        return None
    found = funnels.funnel(funnels.Cells(unit, stratum, left, at_risk))
    rows = [_funnel_row(found, n) for n in range(len(found.left))]
    return Funnel(found.overall, found.dispersion, rows, _lines(found))


def _funnel_row(found: funnels.Funnel, n: int) -> FunnelRow:
    return FunnelRow(
        unit=n,
        left=int(found.left[n]),
        at_risk=int(found.at_risk[n]),
        expected=float(found.expected[n]),
        rate=float(found.rate[n]),
        warning=(float(found.warning_low[n]), float(found.warning_high[n])),
        action=(float(found.action_low[n]), float(found.action_high[n])),
        shrunk=Share(float(found.shrunk[n]), float(found.shrunk_low[n]), float(found.shrunk_high[n])),
        drawn=bool(found.drawn[n]),
        needed=int(found.needed[n]),
        outside=int(found.outside[n]),
    )


def _lines(found: funnels.Funnel) -> list[tuple[float, float, float, float, float]]:
    drawn = found.at_risk[found.drawn]
    if not len(drawn):
        return []
    smallest = LEAST_EXPECTED / max(found.overall, 1e-9)
    sizes = np.geomspace(max(1.0, min(smallest, drawn.min())), drawn.max() * 1.1, 40)
    low, high, lower, higher = funnels.lines(sizes, sizes * found.overall, found.overall, found.dispersion)
    columns = (sizes, lower, low, high, higher)
    return [(a, b, c, d, e) for a, b, c, d, e in zip(*(column.tolist() for column in columns), strict=True)]


@dataclass(frozen=True)
class Group:
    """A group against all others: its share with its interval, that of the others, and p after control of false
    discoveries over all groups (None: too few to judge)."""

    group: int
    count: int
    total: int
    share: Share
    others: float | None
    p: float | None


def groups_against_others(group: Ints, hit: Flags, least: int = 30) -> list[Group]:
    """The share of hits in each group 0..g-1, against all other groups together.

    p: of the two-sided test of two proportions (pooled variance), adjusted as Benjamini and Hochberg (1995) over the
    groups of at least `least`.
    """
    total = np.bincount(group)
    count = np.bincount(group, weights=hit).astype(np.int64)
    ends = wilson(count, total)
    other, all_hits = total.sum() - total, count.sum()
    rest = np.divide(all_hits - count, other, out=np.full(len(total), np.nan), where=other > 0)
    pooled = all_hits / max(total.sum(), 1)
    with np.errstate(divide="ignore", invalid="ignore"):
        spread = np.sqrt(pooled * (1 - pooled) * (1 / total + 1 / other))
        z = np.abs(count / total - rest) / spread
    p = np.where((total >= least) & (other >= least) & np.isfinite(z), 2 * special.ndtr(-z), np.nan)
    adjusted = false_discoveries(p)
    return [
        Group(
            n, int(count[n]), int(total[n]), Share(float(count[n] / total[n]), float(ends.low[n]), float(ends.high[n])),
            None if np.isnan(rest[n]) else float(rest[n]), None if np.isnan(adjusted[n]) else float(adjusted[n]),
        )
        for n in range(len(total)) if total[n]
    ]  # fmt: skip


@dataclass(frozen=True)
class Judged:
    """A month against the own past: the rate that was to be expected, the band in which a month like it lies 95 times
    in 100, and p (None: too few to judge)."""

    expected: float
    low: float
    high: float
    p: float | None


def month_against_past(left: Sequence[int], at_risk: Sequence[int]) -> Judged:
    """The last month against the months before it, oldest first.

    The past varies more than chance: its variance is that of a binomial times the mean of Pearson's residuals squared,
    never less than 1 (P. McCullagh and J. A. Nelder 1989, Generalized Linear Models, section 4.5); a new month adds the
    doubt about the past's own mean, and Student's deviate its doubt about the spread. Not judged: fewer than 6 months
    past, or fewer than 5 expected. Raises ValueError for an empty list.
    """
    if not left or len(left) != len(at_risk):
        raise ValueError("A month and its past must be given, each with those at risk.")
    count, total = np.array(left, dtype=np.float64), np.array(at_risk, dtype=np.float64)
    before, now = total[:-1] > 0, total[-1]
    gone, there = count[:-1][before], total[:-1][before]
    if len(there) < 6 or not now:
        return Judged(float("nan"), 0.0, 1.0, None)
    rate = gone.sum() / there.sum()
    chance = max(rate * (1 - rate), 1e-12)
    spread = max(1.0, float(((gone - there * rate) ** 2 / (there * chance)).sum() / (len(there) - 1)))
    error = np.sqrt(chance * spread * (1 / now + 1 / there.sum()))
    reach = float(special.stdtrit(len(there) - 1, 0.975)) * error
    t = abs(count[-1] / now - rate) / error
    p = 2 * float(special.stdtr(len(there) - 1, -t)) if now * rate >= LEAST_EXPECTED else None
    return Judged(float(rate), max(0.0, float(rate - reach)), min(1.0, float(rate + reach)), p)


def real_ones(p_values: Sequence[float | None], most_false: float = 0.05) -> list[bool]:
    """Which differences to call real when many are looked at: of those, at most a part `most_false` is false on
    average. None counts as not tested."""
    given = np.array([np.nan if p is None else p for p in p_values], dtype=np.float64)
    return [bool(p <= most_false) for p in false_discoveries(given)]
