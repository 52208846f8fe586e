"""Did defections for that reason fall? Poisson difference-in-differences.

Rows are months x branches x reasons (targeted, others). What changes for everybody (season, market, customers at risk)
is taken out by a level of its own for every month, or month and branch; what is left of the targeted reasons after the
start, against before, is the effect. Consistent for counts of any spread (J. M. Wooldridge 1999, J. Econometrics 90,
77-97); a spread beyond Poisson's is taken from Pearson's chi-square and tested by Student's t.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtr, stdtrit

from analysis.investment.defections import OTHERS, TARGETED, Table
from analysis.investment.fitting import Fit, Problem, fit
from analysis.investment.periods import Periods

Numbers = NDArray[np.float64]
Flags = NDArray[np.bool_]

#: Fewer months or defections (counted as in `volumes`) than these are not compared at all.
MONTHS_BEFORE, MONTHS_AFTER, DEFECTIONS = 6, 3, 10
#: Fewer defections for the targeted reasons at untreated branches, before and after together, hold nothing up.
_SEEN_ELSEWHERE = 4 * DEFECTIONS
#: From so many months on, the targeted reasons may have a season of their own.
_MONTHS_FOR_SEASON = 24
#: So many standard errors must neighbours be alike (.005 by chance), or true effects are lost to the guard.
_LIKE_NEIGHBOURS = 2.58
_MOST_LIKE = 0.8
_ROUNDING = 1e-18


@dataclass(frozen=True, slots=True)
class Effect:
    """`rate_ratio`: defections for the targeted reasons after, over what they would have been (.7: a fall of 30 %),
    with its interval; `error`: the standard error of its logarithm; `p_value`: two-sided, that there is no effect.
    `controls`: what it is held against. `dispersion`: spread of the counts, as a multiple of Poisson's; `freedom`:
    degrees of freedom it rests on, infinite where it is Poisson's."""

    rate_ratio: float
    low: float
    high: float
    error: float
    p_value: float
    controls: str
    dispersion: float
    freedom: float


@dataclass(frozen=True, slots=True, eq=False)
class Comparison:
    """A table of the months compared only; `after` (t,) and `treated` (b,) mark when and where the investment acted.
    `controls`: "reasons", "branches" or "both"."""

    table: Table
    after: Flags
    treated: Flags
    controls: str


def compare(table: Table, periods: Periods, treated: Flags, controls: str) -> Comparison:
    """What is compared: with the other reasons of the treated branches, the targeted reasons of untreated ones, or
    both (a triple difference: the same difference between other reasons is taken off)."""
    branches = treated if controls == "reasons" else np.ones_like(treated)
    kept = table.only(periods.compared, branches)
    return Comparison(kept, periods.after[periods.compared], treated[branches], controls)


def choose_controls(table: Table, treated: Flags) -> str:
    """The rule by which controls are chosen, which looks at nothing that the investment did.

    "both" where untreated branches have at least as many customers at risk as treated ones, and enough of them left for
    the targeted reasons to be compared with: a change of the reasons, of the classifier or of a branch then deceives
    nobody. Else "reasons", as the market is then taken off at least; or "branches", however small, where other
    investments leave no other reason to compare with.
    """
    others_here = table.counts[:, treated, OTHERS].sum()
    elsewhere = _as_sure_as(table.counts[:, ~treated, TARGETED], table.variance[:, ~treated, TARGETED])
    if elsewhere >= _SEEN_ELSEWHERE and table.at_risk[:, ~treated].sum() >= table.at_risk[:, treated].sum() > 0:
        return "both" if others_here > 0 else "branches"
    return "branches" if elsewhere > 0 and not others_here > 0 else "reasons"


def volumes(comparison: Comparison) -> Numbers:
    """The defections that each corner of the comparison rests on: (4,), or (8,) for a triple difference.

    As many as would be as sure if each had been counted by itself: 12 answers that stand for 60 who left are 12.
    """
    table, after, treated = comparison.table, comparison.after, comparison.treated
    everywhere = np.ones_like(treated)
    groups = {
        "reasons": [(everywhere, TARGETED), (everywhere, OTHERS)],
        "branches": [(treated, TARGETED), (~treated, TARGETED)],
        "both": [(at, kind) for at in (treated, ~treated) for kind in (TARGETED, OTHERS)],
    }[comparison.controls]
    parts = [(np.ix_(when, at), kind) for at, kind in groups for when in (~after, after)]
    return np.array([_as_sure_as(table.counts[at][..., kind], table.variance[at][..., kind]) for at, kind in parts])


def _as_sure_as(counts: Numbers, variance: Numbers) -> float:
    """The square of the sum over its variance: the number of plain counts whose sum is as sure."""
    total = float(counts.sum())
    return total**2 / (total + float(variance.sum())) if total > 0 else 0.0


def effect(comparison: Comparison, level: float = 0.95) -> Effect:
    """The effect, with season and neighbouring months that are alike allowed for. Fast: about a millisecond."""
    return judged(_filled(_problem(comparison)), comparison.controls, level)


def trend_before(comparison: Comparison, level: float = 0.95) -> Effect | None:
    """How the targeted reasons moved against the controls before the start: a ratio for each year. None where there
    is less than a year to see it in.

    Should be 1: what was falling by itself goes on falling, which is no effect.
    """
    before = ~comparison.after
    if before.sum() < 12:
        return None
    table = comparison.table.only(before, np.ones_like(comparison.treated))
    early = replace(comparison, table=table, after=np.zeros(int(before.sum()), dtype=np.bool_))
    years = (table.months - table.months.mean()) / 12
    return judged(_problem(early, years), comparison.controls, level)


def judged(problem: Problem, controls: str, level: float, small_sample: bool = True) -> Effect:
    """The first column's coefficient as a rate ratio. Where residuals of neighbouring months are clearly alike, the
    error is widened as for a first-order autoregression.

    `small_sample`: Student's t, as it should be; without, the normal quantiles of older papers.
    """
    fitted = fit(problem)
    freedom = fitted.freedom if small_sample else np.inf
    error = float(np.sqrt(fitted.covariance[0, 0] * _likeness(problem, fitted)))
    estimate = float(fitted.coefficients[0])
    reach = float(stdtrit(freedom, 0.5 + level / 2))
    p_value = 2 * float(stdtr(freedom, -abs(estimate) / error))
    low, high = (float(np.exp(np.clip(estimate + side * reach * error, -700, 700))) for side in (-1, 1))
    return Effect(float(np.exp(estimate)), low, high, error, p_value, controls, fitted.dispersion, fitted.freedom)


def _problem(comparison: Comparison, course: Numbers | None = None) -> Problem:
    """`course` (t,): what the effect follows over the months; after against before where it is not given."""
    when = comparison.after.astype(np.float64) if course is None else course
    return _by_branch(comparison, when) if comparison.controls == "branches" else _by_reason(comparison, when)


def _by_branch(comparison: Comparison, when: Numbers) -> Problem:
    """Strata: months. Cells: branches."""
    table, treated = comparison.table, comparison.treated
    effect_column = (when[:, None] * treated)[..., None]
    levels = np.broadcast_to(np.eye(len(treated))[:, 1:], (len(when), len(treated), len(treated) - 1))
    columns = np.concatenate([effect_column, levels], axis=2)
    month = np.where(treated, table.months[:, None], -1)
    return Problem(table.counts[..., TARGETED], table.at_risk, columns, table.variance[..., TARGETED], month)


def _by_reason(comparison: Comparison, when: Numbers) -> Problem:
    """Strata: months x branches. Cells: other reasons, targeted reasons; columns speak of the latter."""
    table, t, b = comparison.table, len(when), len(comparison.treated)
    where = comparison.treated if comparison.controls == "both" else np.ones(b)
    parts = [(when[:, None] * where)[..., None], np.broadcast_to(np.eye(b), (t, b, b))]
    if comparison.controls == "both":
        parts.append(np.broadcast_to(np.eye(t)[:, None, 1:], (t, b, t - 1)))
    elif t >= _MONTHS_FOR_SEASON:
        parts.append(np.broadcast_to(season(table.months, 1)[:, None, :], (t, b, 2)))
    of_targeted = np.concatenate(parts, axis=2).reshape(t * b, -1)
    columns = np.stack([np.zeros_like(of_targeted), of_targeted], axis=1)
    exposure = np.repeat(table.at_risk.reshape(-1, 1), 2, axis=1)
    month = np.where(comparison.treated, table.months[:, None], -1).reshape(-1, 1)
    month = np.concatenate([np.full_like(month, -1), month], axis=1)
    return Problem(table.counts.reshape(-1, 2), exposure, columns, table.variance.reshape(-1, 2), month)


def season(months: NDArray[np.int64], harmonics: int) -> Numbers:
    """(t, 2 x harmonics) sines and cosines of the year."""
    angle = 2 * np.pi * np.outer(months, np.arange(1, harmonics + 1)) / 12
    return np.concatenate([np.sin(angle), np.cos(angle)], axis=1)


def _filled(problem: Problem) -> Problem:
    """Half a defection where there was none at all after (or before), so that a ratio exists (Haldane 1956)."""
    acted = problem.columns[..., 0] != 0
    if problem.counts[acted].sum() > 0:
        return problem
    counts = problem.counts + 0.5 * acted / max(int(acted.sum()), 1)
    return replace(problem, counts=counts)


def _likeness(problem: Problem, fitted: Fit) -> float:
    """By how much the variance grows as neighbouring months are alike: (1 + r) / (1 - r), r the correlation of the
    residuals of a month and the next. Where counts spread more than Poisson's, what makes them spread may well last,
    and any r above 0 counts; else only one that chance hardly gives."""
    if problem.month is None:
        return 1.0
    watched = problem.month >= 0
    month = problem.month[watched]
    by_month = np.bincount(month - month.min(), (problem.counts - fitted.expected)[watched])
    total = float(by_month @ by_month)
    likely = 0.0 if fitted.dispersion > 1 else _LIKE_NEIGHBOURS / np.sqrt(len(np.unique(month)))
    is_more_than_rounding = total > _ROUNDING * float(fitted.expected[watched].sum()) ** 2
    r = float(by_month[1:] @ by_month[:-1]) / total if is_more_than_rounding else 0.0
    return (1 + min(r, _MOST_LIKE)) / (1 - min(r, _MOST_LIKE)) if r > likely else 1.0


def dispersion_before(comparison: Comparison) -> float:
    """How much the counts before the start spread, as a multiple of Poisson's; 1 where half a year is not known."""
    before = ~comparison.after
    if before.sum() < MONTHS_BEFORE:
        return 1.0
    table = comparison.table.only(before, np.ones_like(comparison.treated))
    course = np.linspace(-0.5, 0.5, int(before.sum()))
    return fit(_problem(replace(comparison, table=table, after=~before[before]), course)).dispersion
