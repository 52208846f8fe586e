"""A second opinion without controls: the interrupted time series.

Quasi-Poisson with a step at the start, a trend and two harmonics of the year (J. Lopez Bernal, S. Cummins and A.
Gasparrini 2017, Int. J. Epidemiology 46, 348-355). It takes whatever else happens at the start for the effect, so it
never decides.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analysis.investment.defections import TARGETED
from analysis.investment.effect import Comparison, Effect, judged, season
from analysis.investment.fitting import Problem

Numbers = NDArray[np.float64]

#: Two harmonics, a trend and a step need this much.
MONTHS_NEEDED, MONTHS_BEFORE_NEEDED = 24, 12


@dataclass(frozen=True, slots=True, eq=False)
class Series:
    """t months in order, of which some may be left out: `month` (t,) since 1970-01, `counts`, `exposure` (customers at
    risk), `variance` (see `Defections`) and `after` (t,), whether the investment acted."""

    month: NDArray[np.int64]
    counts: Numbers
    exposure: Numbers
    after: NDArray[np.bool_]
    variance: Numbers | None = None


def series_of(comparison: Comparison) -> Series:
    """The targeted reasons of the treated branches, added up."""
    table, at = comparison.table, comparison.treated
    counts, variance = (column[:, at, TARGETED].sum(axis=1) for column in (table.counts, table.variance))
    return Series(table.months, counts, table.at_risk[:, at].sum(axis=1), comparison.after, variance)


def interrupted(series: Series, level: float = 0.95, *, harmonics: int = 2, small_sample: bool = True) -> Effect | None:
    """The step at the start as a rate ratio; None where there are less than 24 months, 12 before or 3 after.

    `small_sample`: Student's t and residuals of neighbouring months allowed for; without, as the paper has it.
    """
    before, after = int((~series.after).sum()), int(series.after.sum())
    if before + after < MONTHS_NEEDED or before < MONTHS_BEFORE_NEEDED or after < 3 or not series.counts.any():
        return None
    step = series.after.astype(np.float64)[:, None]
    trend = ((series.month - series.month[0]) / 12)[:, None]
    columns = np.concatenate([step, trend, season(series.month, harmonics)], axis=1)[None]
    variance = np.zeros_like(series.counts) if series.variance is None else series.variance
    month = series.month[None] if small_sample else None
    problem = Problem(series.counts[None], series.exposure[None], columns, variance[None], month)
    return judged(problem, "series", level, small_sample)
