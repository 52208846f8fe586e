"""What a unit of money spent may earn, and which investment comes first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analysis.investment.ceiling import annuity, cost_of
from analysis.investment.effect import Effect
from analysis.investment.lost import Estimated, LostValue, interval
from analysis.investment.plan import Investment, InvestmentSettings

Numbers = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Profit:
    """`per_euro`: profit for each unit of money spent, after it is earned back: 0 breaks even, -1 is all lost; the
    value is the mean of the draws. `probability`: of any profit at all. `basis`: "expected" (somebody's range, before
    there is evidence) or "measured" (the fall that was found)."""

    name: str
    per_euro: Estimated
    probability: float
    basis: str


def expected_profit(
    investment: Investment, lost: LostValue, settings: InvestmentSettings = InvestmentSettings()
) -> Profit:
    """Profit by the expected range of the fall, each value in it as likely as any other."""
    rng = np.random.default_rng(settings.seed)
    falls = rng.uniform(*investment.expected_fall, len(lost.draws))
    return _profit(investment, lost, falls, settings, "expected")


def measured_profit(
    investment: Investment, lost: LostValue, effect: Effect, settings: InvestmentSettings = InvestmentSettings()
) -> Profit:
    """Profit by the fall that was measured, with the error of the measurement (normal in the log of the ratio)."""
    rng = np.random.default_rng(settings.seed)
    falls = 1 - np.exp(rng.normal(np.log(effect.rate_ratio), effect.error, len(lost.draws)))
    return _profit(investment, lost, falls, settings, "measured")


def rank_profits(profits: Sequence[Profit]) -> tuple[Profit, ...]:
    """The most profitable unit of money first; equal ones by name."""
    return tuple(sorted(profits, key=lambda profit: (-profit.per_euro.value, profit.name)))


def _profit(
    investment: Investment, lost: LostValue, falls: Numbers, settings: InvestmentSettings, basis: str
) -> Profit:
    """fall x yearly loss x (discounted) years / cost - 1, for every draw of both."""
    loss = lost.draws[:, lost.at(investment.reasons)].sum(axis=1)
    today = annuity(investment.years, settings.discount)
    drawn = falls * loss * today / cost_of(investment, settings.discount) - 1
    per_euro = Estimated(float(drawn.mean()), *interval(drawn, settings.level))
    return Profit(investment.name, per_euro, float((drawn > 0).mean()), basis)
