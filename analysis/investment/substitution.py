"""Did fewer leave in all, or do they give another reason now? The total is always tested too."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import hypot, log

import numpy as np
from scipy.special import stdtrit

from analysis.investment.defections import TARGETED
from analysis.investment.effect import Comparison, Effect, effect
from analysis.investment.series import interrupted, series_of


@dataclass(frozen=True, slots=True)
class Total:
    """`effect`: on all defections of the treated branches, against the total of the untreated ones ("branches") or,
    where there are none, as a series by itself ("series"); None where there is too little. `expected`: the ratio of
    the total if the fall of the targeted reasons is real and nothing replaced it. `has_moved`: the total lies above
    that, by more than chance, as neither is known for sure. Only a total held against other branches can prove it: a
    series may have risen with the market."""

    effect: Effect | None
    expected: float
    has_moved: bool

    @property
    def is_proof(self) -> bool:
        return self.has_moved and self.effect is not None and self.effect.controls == "branches"


def total(comparison: Comparison, found: Effect, level: float = 0.95) -> Total:
    """The test of the total. `comparison` holds every reason and branch that is not left out for another investment;
    `found` is the effect on the targeted reasons."""
    before = comparison.table.counts[~comparison.after][:, comparison.treated]
    share = float(before[..., TARGETED].sum() / before.sum()) if before.sum() > 0 else 0.0
    expected = 1 - share * (1 - found.rate_ratio)
    whole = replace(comparison, table=comparison.table.all_reasons(), controls="branches")
    tested = effect(whole, level) if _has_others(whole) else interrupted(series_of(whole), level)
    if tested is None or found.rate_ratio >= 1:
        return Total(tested, expected, False)
    # what the error of the fall adds (delta method); the two move together, so taking them as apart is the careful side
    error = hypot(tested.error, share * found.rate_ratio / expected * found.error)
    reach = float(stdtrit(min(tested.freedom, found.freedom), 0.5 + level / 2))
    return Total(tested, expected, bool(log(tested.rate_ratio / expected) > reach * error))


def _has_others(comparison: Comparison) -> bool:
    others = comparison.table.counts[:, ~comparison.treated]
    return bool(np.all([others[when].sum() >= 10 for when in (comparison.after, ~comparison.after)]))
