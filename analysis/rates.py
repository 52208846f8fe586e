"""The defection rate: by month, over several months, against the own past; avoidable and unavoidable apart.

What every interval here covers is the rate of the process: the share that would leave, in the long run, of customers
like these in such a period. It is not about the figure that was counted, which is what it is.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from math import exp, hypot, inf, log

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from analysis.defection.histories import NEVER, Days
from analysis.defection.spells import Spells
from analysis.shares import wilson
from analysis.sums import summed

Numbers = NDArray[np.float64]


class Known(StrEnum):
    """How far a period can be known."""

    WHOLE = "whole"
    #: the period is not over
    RUNNING = "running"
    #: who stopped coming then may not have been silent for long enough yet
    TOO_NEW = "too_new"
    #: the data do not go back far enough for the rule to have found everybody who left then
    TOO_OLD = "too_old"


@dataclass(frozen=True, eq=False)
class Rates:
    """left, at_risk: counts; estimate, low, high: shares. Where nobody is at risk the estimate is NaN and the interval
    (0, 1): nothing is known."""

    left: Numbers
    at_risk: Numbers
    estimate: Numbers
    low: Numbers
    high: Numbers


@dataclass(frozen=True, eq=False)
class Periods:
    """first, last: (m,) the first and last day of each period, both included. Raises ValueError where one ends before
    it begins."""

    first: Days
    last: Days

    def __post_init__(self) -> None:
        if self.first.shape != self.last.shape or (self.last < self.first).any():
            raise ValueError("A period must not end before it begins.")


@dataclass(frozen=True, eq=False)
class Change:
    """A rate minus another, and the interval of the difference."""

    estimate: float
    low: float
    high: float


def rates(left: ArrayLike, at_risk: ArrayLike, level: float = 0.95) -> Rates:
    """Rates of single periods, in which nobody counts twice: Wilson's interval. Raises ValueError as `wilson` does."""
    interval = wilson(left, at_risk, level)
    count, total = np.asarray(left, dtype=np.float64), np.asarray(at_risk, dtype=np.float64)
    estimate = np.divide(count, total, out=np.full(np.broadcast(count, total).shape, np.nan), where=total > 0)
    return Rates(count, total, estimate, interval.low, interval.high)


def period_rates(spells: Spells, periods: Periods, level: float = 0.95) -> Rates:
    """The rate of each period (m,): of the customers with a spell that began before it and had not ended by then, the
    share whose spell ended within it. One definition with `survey.reports.spells`. Periods may overlap."""
    left, at_risk = grouped_counts(spells, periods, np.zeros(len(spells), dtype=np.int64), 1)
    return rates(left[0], at_risk[0], level)


def grouped_counts(spells: Spells, periods: Periods, group: Days, groups: int) -> tuple[Days, Days]:
    """Who left and who was at risk in each period, counted as in `period_rates`, by group: (groups, m) int64 each.

    group: (s,) the number of the group of each spell, from 0.
    """
    left, at_risk = (np.zeros((groups, len(periods.first)), dtype=np.int64) for _ in range(2))
    until = np.where(spells.is_over, spells.ended, NEVER)
    for n, (first, last) in enumerate(zip(*_days(periods), strict=True)):
        there = (spells.began < first) & (until >= first)
        at_risk[:, n] = np.bincount(group[there], minlength=groups)
        left[:, n] = np.bincount(group[there & (until <= last)], minlength=groups)
    return left, at_risk


def rolling_rate(spells: Spells, periods: Periods, level: float = 0.95) -> Rates:
    """One mean rate per period over all periods given, which must not overlap: everyone who left, over everyone at
    risk, period by period. left, at_risk, ...: single figures.

    One customer is at risk in many periods and may leave more than once, so customers are the units that vary: the
    variance of a ratio of sums over customers (W. G. Cochran 1977, Sampling Techniques, section 6.4), turned into an
    effective number at risk for Wilson's interval (E. L. Korn and B. I. Graubard 1998, Survey Methodology 24, 193-201).
    """
    left, at_risk = _by_person(spells, periods)
    return repeated_rate(left, at_risk, level)


def repeated_rate(left: ArrayLike, at_risk: ArrayLike, level: float = 0.95) -> Rates:
    """The same from counts per customer, (c,) each: how often he left, and in how many periods he could have."""
    count, total = np.asarray(left, dtype=np.float64), np.asarray(at_risk, dtype=np.float64)
    if count.shape != total.shape or (count < 0).any() or (count > total).any():
        raise ValueError("Nobody can leave more often than he was at risk.")
    gone, exposed = float(count.sum()), float(total.sum())
    size = _effective(count, total, level)
    interval = wilson(gone / exposed * size if exposed else 0.0, size, level)
    return Rates(
        np.asarray(gone), np.asarray(exposed), np.asarray(gone / exposed if exposed else np.nan),
        interval.low, interval.high,
    )  # fmt: skip


def against_past(spells: Spells, now: Periods, past: Periods, level: float = 0.95) -> Change:
    """The mean rate of the periods `now` minus that of `past`; the two do not overlap.

    Many customers are in both, so the two rates are not independent: the interval is that of the difference of two
    correlated estimates by G. Y. Zou (2007), Psychological Methods 12, 399-413, with the correlation from sums over
    customers. Raises ValueError where nobody was at risk in one of them.
    """
    sides = [_by_person(spells, each) for each in (now, past)]
    if min(float(total.sum()) for _, total in sides) <= 0:
        raise ValueError("A comparison needs customers at risk in both periods.")
    (first, one), (second, two) = ((repeated_rate(*side, level), _influence(*side)) for side in sides)
    scale = float(np.sqrt((one**2).sum() * (two**2).sum()))
    together = float((one * two).sum()) / scale if scale else 0.0
    apart = first.estimate - second.estimate
    down = _between(first.estimate - first.low, second.high - second.estimate, together)
    up = _between(first.high - first.estimate, second.estimate - second.low, together)
    return Change(float(apart), float(apart - down), float(apart + up))


def known(periods: Periods, as_of_day: int, data_from: int, rule_days: int = 0) -> list[Known]:
    """How far the rate of each period can be known, where defections count on the day on which the rule held.

    Such a figure does not change once the period is over. But a rule that waits `rule_days` finds nobody in the first
    `rule_days` of the data, and too few until everybody at risk could have been silent for so long.
    """
    state = {True: Known.RUNNING, False: Known.WHOLE}
    return [
        Known.TOO_OLD if first < data_from + rule_days else state[bool(last > as_of_day)]
        for first, last in zip(*_days(periods), strict=True)
    ]


@dataclass(frozen=True, eq=False)
class Stopped:
    """Who stopped coming in each period, dated back to the last visit; (m,) each. gone: found by the rule by now;
    waiting: silent since then, and the rule has not had its time; low, high: bounds of the share of those at risk, with
    the chance in them: Wilson's lower end if nobody waiting is gone, the upper end if all are."""

    gone: Days
    waiting: Days
    at_risk: Days
    low: Numbers
    high: Numbers
    known: list[Known]


def stopped(spells: Spells, last_visit: ArrayLike, periods: Periods, rule_days: int, level: float = 0.95) -> Stopped:
    """When customers stopped coming, with the newest periods shown as what they are: not known yet.

    last_visit: (s,) of each spell, the last day on which he came in it. A spell that began before the period and whose
    last visit lies in it stopped then, if the rule has found it. While less than `rule_days` have passed since, it
    cannot have been (right-censoring), and nothing is assumed about it.
    """
    seen = np.asarray(last_visit, dtype=np.int64)
    gone, waiting, at_risk = [], [], []
    for first, last in zip(*_days(periods), strict=True):
        present = (spells.began < first) & (seen >= first)
        within = present & (seen <= last)
        gone.append(int((within & spells.is_over).sum()))
        waiting.append(int((within & ~spells.is_over & (seen + rule_days > spells.as_of_day)).sum()))
        at_risk.append(int(present.sum()))
    found, open_, total = (np.array(each, dtype=np.int64) for each in (gone, waiting, at_risk))
    low, high = wilson(found, total, level).low, wilson(found + open_, total, level).high
    newest = [_newness(last, spells.as_of_day, rule_days) for last in periods.last.tolist()]
    return Stopped(found, open_, total, low, high, newest)


@dataclass(frozen=True, slots=True)
class Part:
    """A part of the rate, with its interval; shares of customers."""

    estimate: float
    low: float
    high: float


def apart(rate: tuple[float, float, float], share: tuple[float, float, float]) -> tuple[Part, Part]:
    """The avoidable and the unavoidable part of a rate: (estimate, low, high) of the rate, and of the share of those
    who left for a reason that somebody could have done something about, both from independent data.

    Each is a product of two shares; its interval is found on the log scale from the distances of their ends (the method
    of variance estimates recovery: G. Y. Zou and A. Donner 2008, Statistics in Medicine 27, 1693-1702). An end at
    nothing stays at nothing. Raises ValueError where ends are not in order within 0 and 1.
    """
    for middle, low, high in (rate, share):
        if not 0 <= low <= middle <= high <= 1:
            raise ValueError("A share must lie within its interval, and both within 0 and 1.")
    middle, low, high = share
    return _product(rate, share), _product(rate, (1 - middle, 1 - high, 1 - low))


def _product(one: tuple[float, float, float], two: tuple[float, float, float]) -> Part:
    estimate = one[0] * two[0]
    if estimate == 0:
        return Part(0.0, 0.0, one[2] * two[2])
    down = hypot(_log(one[0], one[1]), _log(two[0], two[1]))
    up = hypot(_log(one[2], one[0]), _log(two[2], two[0]))
    return Part(estimate, estimate * exp(-down), min(estimate * exp(up), 1.0))


def _log(above: float, below: float) -> float:
    return log(above / below) if below > 0 else inf


def _newness(last: int, as_of_day: int, rule_days: int) -> Known:
    if last > as_of_day:
        return Known.RUNNING
    return Known.TOO_NEW if last + rule_days > as_of_day else Known.WHOLE


def _days(periods: Periods) -> tuple[list[int], list[int]]:
    return periods.first.tolist(), periods.last.tolist()


def _by_person(spells: Spells, periods: Periods) -> tuple[Numbers, Numbers]:
    """(c,) how often each person left, and in how many of the periods he was at risk; no loop over periods."""
    order = np.argsort(periods.first)
    first, last = periods.first[order], periods.last[order]
    if (first[1:] <= last[:-1]).any():
        raise ValueError("Periods that are taken together must not overlap.")
    until = np.where(spells.is_over, spells.ended, NEVER)
    before, by_end = np.searchsorted(first, spells.began, side="right"), np.searchsorted(first, until, side="right")
    # The period that had begun last when the spell ended; it counts if it began after the spell, and was not over.
    within = (by_end > before) & (until <= last[by_end - 1])
    return summed(spells.person, within, spells.people), summed(spells.person, by_end - before, spells.people)


def _influence(left: Numbers, at_risk: Numbers) -> Numbers:
    """(c,) how much each person moves the rate."""
    total = float(at_risk.sum())
    return (left - float(left.sum()) / total * at_risk) / total


def _effective(left: Numbers, at_risk: Numbers, level: float) -> float:
    """How many independent people at risk the rate is worth. Nobody or everybody left: as many as people.

    Less where the variance rests on few people: by (normal / Student's deviate)^2, with the degrees of freedom of F. E.
    Satterthwaite (1946), Biometrics Bulletin 2, 110-114.
    """
    total, people = float(at_risk.sum()), int((at_risk > 0).sum())
    rate = float(left.sum()) / total if total else 0.0
    if not 0 < rate < 1 or people < 2:
        return float(people)
    squares = _influence(left, at_risk) ** 2
    variance = float(squares.sum()) * people / (people - 1)
    if variance <= 0:
        return total
    freedom = max(2 * float(squares.sum()) ** 2 / float((squares**2).sum()), 1.0)
    student = float(special.stdtrit(freedom, 0.5 + level / 2))
    return rate * (1 - rate) / variance * (float(special.ndtri(0.5 + level / 2)) / student) ** 2


def _between(one: Numbers, two: Numbers, together: float) -> float:
    return float(np.sqrt(np.maximum(one**2 + two**2 - 2 * together * one * two, 0.0)))
