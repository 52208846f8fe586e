"""Years still to come under a contract: who renews, how often, and what that is worth today."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from analysis.defection.histories import Days
from analysis.shares import wilson
from analysis.sums import ratio
from analysis.value.hazards import Hazards, Timed, hazards
from analysis.value.settings import ValueSettings
from analysis.value.spending import Spending
from analysis.value.staying import Years

Numbers = NDArray[np.float64]
_STEP = 1e-4


@dataclass(frozen=True, eq=False)
class Renewals:
    """Renewals faced by people in view. person: (s,) 0..c-1; before, after: (s,) how many renewals the contract had
    behind it when it came into view and at the end, the last one faced included; ended: (s,) whether the last of them
    was not renewed."""

    person: Days
    before: Days
    after: Days
    ended: NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Retention:
    """By group and renewal number 1, 2, ...: faced, renewed: (g, k); estimate, low, high of the share that renews;
    surviving: (g, k) of the share of new contracts still running after that renewal."""

    faced: Numbers
    renewed: Numbers
    estimate: Numbers
    low: Numbers
    high: Numbers
    surviving: Numbers


@dataclass(frozen=True, eq=False)
class ValuedContracts:
    """Contracts to be valued. group: (n,); renewed: (n,) renewals behind them; left: (n,) years until the next one;
    term: (n,) years between renewals, above 0; until: (n,) years after which nothing counts (the day somebody came
    back), infinite where there is none."""

    group: Days
    renewed: Days
    left: Numbers
    term: Numbers
    until: Numbers


def renewal_rates(seen: Renewals, group: ArrayLike, numbers: ArrayLike = (0, 1, 2, 3)) -> Hazards:
    """The share of contracts ended at each renewal, by group and bands of the renewal's number: `numbers` (k,) are the
    renewals behind a contract at which a band begins, so that (0, 1, 2, 3) tells the first, second, third and later
    ones apart. Raises ValueError as `hazards` does, or where a contract faced less than no renewals.

    First renewals lose most, because those who would leave do (P. S. Fader and B. G. S. Hardie 2007, Journal of
    Interactive Marketing 21, 76-90): bands keep that, and later contracts are not judged by it.
    """
    if (seen.after < seen.before).any():
        raise ValueError("A contract cannot have faced less than no renewals.")
    timed = Timed(seen.person, seen.before.astype(np.float64), seen.after.astype(np.float64), seen.ended)
    return hazards(timed, group, np.asarray(numbers, dtype=np.float64))


def retention(rates: Hazards, level: float = 0.95) -> Retention:
    """The retention of each band with Wilson's interval; what survives is their product."""
    renewed = rates.exposure - rates.events
    interval = wilson(renewed, rates.exposure, level)
    estimate = ratio(renewed, rates.exposure, 1.0)
    return Retention(
        rates.exposure, renewed, estimate, interval.low, interval.high, np.cumprod(estimate, axis=1, dtype=np.float64)
    )


def contract_years(rates: Hazards, contracts: ValuedContracts, settings: ValueSettings) -> Years:
    """Discounted years of contracts that run: the rest of the term, then each further term times the chance that all
    renewals before it are made. For a contract that was not renewed give `left` = `term` and one renewal more behind
    it: what it would have been had it been renewed.

    The sum of Fader and Hardie (2010), equation 2, with money coming in evenly over each term.
    """
    _check(contracts)

    def years(shares: Numbers) -> Numbers:
        return _years(np.minimum(shares, 1.0), rates.edges, contracts, settings)

    middle = years(rates.rate)
    slope = np.zeros((len(middle), len(rates.edges)))
    for k in range(len(rates.edges)):
        step = np.ones(len(rates.edges))
        step[k] += _STEP
        slope[:, k] = (years(rates.rate * step) - middle) / np.log1p(_STEP)
    return Years(middle, contracts.group, slope, rates.variance, rates.influence, rates.group)


def contract_spending(yearly: ArrayLike) -> Spending:
    """(n,) what contracts bring in a year, which is known and leans on nothing."""
    money = np.asarray(yearly, dtype=np.float64)
    if not (np.isfinite(money).all() and (money >= 0).all()):
        raise ValueError("A contract needs a yearly value of at least 0.")
    nothing = np.zeros_like(money)
    return Spending(
        money, nothing, np.ones_like(money), np.zeros(len(money), dtype=np.int64), np.zeros((len(money), 2)),
        np.zeros((1, 2)),
    )  # fmt: skip


def _check(contracts: ValuedContracts) -> None:
    if not (contracts.term > 0).all() or (contracts.left < 0).any() or (contracts.renewed < 0).any():
        raise ValueError("A contract needs a term above 0, and time left and renewals of at least 0.")


def _years(ends: Numbers, edges: Numbers, contracts: ValuedContracts, settings: ValueSettings) -> Numbers:
    horizon = np.minimum(contracts.until, settings.horizon_years)
    start, end = np.zeros(len(horizon)), np.minimum(contracts.left, horizon)
    total, running = np.zeros(len(horizon)), np.ones(len(horizon))
    number = contracts.renewed.astype(np.float64)
    rows = np.arange(len(horizon))
    while len(rows):
        total[rows] += running * _annuity(start, end, settings.force)
        going = end < horizon[rows]
        rows, end, running = rows[going], end[going], running[going]
        band = np.searchsorted(edges, number[rows], side="right") - 1
        running = running * (1 - ends[contracts.group[rows], band])
        number[rows] += 1
        start, end = end, np.minimum(end + contracts.term[rows], horizon[rows])
    return total


def _annuity(start: Numbers, end: Numbers, force: float) -> Numbers:
    if force == 0:
        return end - start
    return np.asarray(np.exp(-force * start) * -np.expm1(-force * (end - start)) / force)
