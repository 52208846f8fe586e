"""Could it ever pay back? What it costs, against what would be gained if its reasons vanished altogether."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from analysis.investment.lost import Estimated, LostValue, interval
from analysis.investment.plan import Investment, InvestmentSettings


@dataclass(frozen=True, slots=True)
class Ceiling:
    """All in money of today. `yearly_loss`: what the targeted reasons cost a year. `gain`: what would be gained within
    the horizon if nobody left for them any more. `cost`: once and running, within the same years. `fall_needed`: the
    part of these defections that must disappear to earn the cost back; above 1 it never can (infinite where nothing is
    lost)."""

    yearly_loss: Estimated
    gain: Estimated
    cost: float
    fall_needed: float

    @property
    def can_pay_back(self) -> bool:
        """Whether the upper end of the gain covers the cost."""
        return self.gain.high >= self.cost


def annuity(years: float, discount: float) -> float:
    """What one unit of money a year for `years` years is worth today, each year's in its middle.

        sum over years t of (1 + discount) ** -(t - 1/2), the last year for the part that is left of it

    Lost value and running cost come all through the year, so their middle is when they count.
    """
    whole = int(np.floor(years))
    parts = np.append(np.ones(whole), years - whole)
    middle = np.arange(whole + 1) + parts / 2
    return float((parts * (1 + discount) ** -middle).sum())


def ceiling(investment: Investment, lost: LostValue, settings: InvestmentSettings = InvestmentSettings()) -> Ceiling:
    """The upper bound of what the investment may bring, with the interval of the lost value, beside its cost.

    A bound, not a forecast: no effect is assumed but the largest there can be. ValueError where a targeted reason has
    no lost value (it may be 0).
    """
    at = lost.at(investment.reasons)
    low, high = interval(lost.draws[:, at].sum(axis=1), settings.level)
    value = float(lost.yearly[at].sum())
    loss = Estimated(value, min(low, value), max(high, value))
    today = annuity(investment.years, settings.discount)
    gain = Estimated(*(end * today for end in loss))
    cost = cost_of(investment, settings.discount)
    return Ceiling(loss, gain, cost, cost / gain.value if gain.value > 0 else float("inf"))


def cost_of(investment: Investment, discount: float) -> float:
    """Money of today: the one-off cost, and the running cost of the years that the effect lasts."""
    return investment.one_off + investment.yearly * annuity(investment.years, discount)
