"""Lapse: gone when no visit came for too long."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from analysis.defection.histories import NEVER, Days, Histories, Money
from analysis.defection.judging import Rule, View, eased_days
from analysis.defection.spans import Spans, running_max

MAX_LAPSE = 3650


@dataclass(frozen=True)
class Lapse(Rule):
    """Gone after `days` without a visit, or after `times_usual` times one's own usual interval.

    With both, the later of the two counts ("three times the usual interval, but at least 30 days").
    The usual interval after n visits is (w * p + sum of the own intervals so far) / (w + n - 1): the mean of
    the own intervals, shrunk towards the population's mean p as if `prior_weight` = w intervals of p had been
    seen before (the posterior mean of the mean interval of a gamma-exponential model). It uses the intervals
    up to that visit only, so what holds on a day never depends on later days, given p.

    A visit never brings the day of leaving nearer: of the days to which the visits so far would each let the
    customer stay away, the latest counts. Without that, somebody who comes every 100 days and once two days in a
    row would be called gone sooner than had that second visit not been made. So, given p, a visit after the last
    one never makes a customer gone who would not have been. A visit put in between earlier ones may, with
    `times_usual`: it shortens the usual interval.
    """

    days: int | None = None
    times_usual: float | None = None
    prior_weight: float = 2.0

    def __post_init__(self) -> None:
        if self.days is None and self.times_usual is None:
            raise ValueError("A lapse needs a number of days, a number of usual intervals, or both.")
        if self.days is not None and not 1 <= self.days <= MAX_LAPSE:
            raise ValueError(f"The days without a visit must lie between 1 and {MAX_LAPSE}.")
        if self.times_usual is not None and not 1 <= self.times_usual <= 100:
            raise ValueError("The number of usual intervals must lie between 1 and 100.")
        if not 0 <= self.prior_weight <= 1000:
            raise ValueError("The weight of the population's interval must lie between 0 and 1000.")

    @property
    def needs(self) -> frozenset[str]:
        return frozenset() if self.times_usual is None else frozenset({"interval"})

    def spans(self, view: View, ease: float) -> Spans:
        """Eased, it fires after that part of the days."""
        return lapses(view.histories, self, view.known.interval, ease)


def lapses(histories: Histories, rule: Lapse, interval: float | None, ease: float = 1.0) -> Spans:
    """Every time away that was too long, from the day on which it became so to the next visit."""
    allowed = _allowed(histories, rule, interval)
    start = histories.day + eased_days(allowed, ease)
    if rule.times_usual is not None:
        told = np.where(allowed == NEVER, histories.day, start)  # a visit that says nothing holds nothing off
        start = np.where(allowed == NEVER, NEVER, running_max(histories.group, told))
    gone = start < histories.next_day
    return Spans(histories.customer[gone], start[gone], histories.next_day[gone])


def population_interval(first_day: ArrayLike, last_day: ArrayLike, visits: ArrayLike) -> float | None:
    """The usual interval of a population in days: the mean, over customers with at least two visits, of each
    one's own mean interval. Takes (c,) first days, last days and numbers of visit days; None when nobody came
    twice. Customers who came once tell nothing here, so the figure leans to the regulars."""
    first, last, count = (np.asarray(x, dtype=np.float64) for x in (first_day, last_day, visits))
    again = count > 1
    if not again.any():
        return None
    return float(np.mean((last[again] - first[again]) / (count[again] - 1)))


def interval_of(histories: Histories) -> float | None:
    """`population_interval` of whole histories."""
    first, last = histories.first, histories.last
    return population_interval(histories.day[first], histories.day[last], last - first + 1)


def usual_interval(histories: Histories, prior_weight: float, interval: float | None) -> Money:
    """(m,) the usual interval of the customer as known at each visit; infinite where nothing is known."""
    start = histories.first[histories.group]
    gaps = np.arange(len(histories.day), dtype=np.int64) - start
    elapsed = histories.day - histories.day[start]
    weight = prior_weight if interval is not None else 0.0
    known = weight * (interval or 0.0) + elapsed
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(weight + gaps > 0, known / (weight + gaps), np.inf)


def _allowed(histories: Histories, rule: Lapse, interval: float | None) -> Days:
    """(m,) the days that may pass after each visit. Where the usual interval is unknown, and no number of
    days is given, the time allowed never ends."""
    floor = rule.days or 1
    if rule.times_usual is None:
        return np.full(len(histories.day), floor, dtype=np.int64)
    usual = usual_interval(histories, rule.prior_weight, interval)
    known = np.isfinite(usual)
    # The hair's breadth keeps 3 x 7.000000000001 from becoming 22 days.
    days = np.ceil(rule.times_usual * np.where(known, usual, 0.0) - 1e-9)
    never = floor if rule.days is not None else NEVER
    return np.where(known, np.maximum(days, floor), never).astype(np.int64)
