"""The door to the statistics: plain lists in, frozen dataclasses out. Nothing else here imports `analysis`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import numpy as np

from analysis import shares, value
from analysis.defection.episodes import STILL_GONE, Episodes
from analysis.defection.histories import Histories
from analysis.defection.lapse import interval_of
from analysis.defection.rules import detect, rule_from

EPOCH = date(1970, 1, 1)
CENT = Decimal("0.01")


@dataclass(frozen=True)
class Visits:
    """Purchases as rows, in any order: equally long lists. Rows of one customer on one day are one visit."""

    customer: list[int]
    on: list[date]
    amount: list[float]


@dataclass(frozen=True)
class Rule:
    """A definition of defection as it is stored."""

    kind: str
    parameters: Mapping[str, Any]


@dataclass(frozen=True)
class Population:
    """What one customer is judged and valued by, taken from all: so that batches agree."""

    #: mean interval between visits in days; None when nobody came twice
    interval: float | None
    #: expected further years of a customer who stays
    remaining_years: float


@dataclass(frozen=True)
class Episode:
    """One time that a customer was gone; `returned_on` is None while it lasts."""

    customer_id: int
    last_visit_on: date
    defected_on: date
    returned_on: date | None
    #: spent in the 365 days up to the last visit, no margin taken off
    yearly_spend: Decimal


@dataclass(frozen=True)
class Gone:
    """How many of some customers are gone by a rule."""

    customers: int
    gone: int


@dataclass(frozen=True)
class Share:
    """A share with its interval, each between 0 and 1; of a total of nothing the estimate is None."""

    estimate: float | None
    low: float
    high: float


@dataclass(frozen=True)
class RateDifference:
    """A rate minus the rate it is held against, with the interval of the difference."""

    estimate: float
    low: float
    high: float

    @property
    def is_real(self) -> bool:
        """Whether the interval leaves out that nothing changed."""
        return self.low > 0 or self.high < 0


def check_rule(rule: Rule) -> None:
    """Raise ValueError, in words, when the rule cannot be applied."""
    rule_from(rule.kind, rule.parameters)


def population(visits: Visits, rule: Rule, as_of: date) -> Population:
    """The population's interval, and the remaining years by its yearly rate of defection."""
    day, made = _day(as_of), rule_from(rule.kind, rule.parameters)
    known = _histories(visits).until(day)
    if known.size == 0:
        return Population(None, value.SHORTEST_YEARS)
    gone = detect(known, made, day)
    # A customer who left on the day of the first visit was observed for no time at all.
    years = max(value.customer_years(known, gone, day), 1 / value.DAYS_PER_YEAR)
    return Population(interval_of(known), float(value.remaining_years(len(gone), years)))


def find_episodes(visits: Visits, rule: Rule, as_of: date, of: Population) -> list[Episode]:
    """Every time a customer was gone by the rule, as known at the end of `as_of`, by customer and date."""
    histories = _histories(visits)
    made = rule_from(rule.kind, rule.parameters)
    found = detect(histories, made, _day(as_of), of.interval)
    spend = value.yearly_spend(histories, found.customer, found.last_visit_day)
    return _as_episodes(found, spend.tolist())


def count_gone(visits: Visits, rule: Rule, as_of: date) -> Gone:
    """How many of the customers who had visits by the end of `as_of` are gone on that day."""
    day = _day(as_of)
    known = _histories(visits).until(day)
    found = detect(known, rule_from(rule.kind, rule.parameters), day)
    return Gone(known.size, int(found.is_open.sum()))


def lost_values(yearly_spend: Sequence[Decimal], remaining_years: float) -> list[Decimal]:
    """The first estimate of what is lost with each customer: yearly spend times remaining years."""
    lost = value.first_estimate([float(spend) for spend in yearly_spend], remaining_years)
    return [Decimal(amount).quantize(CENT) for amount in lost.tolist()]


def share_intervals(counts: Sequence[float], totals: Sequence[float], level: float = 0.95) -> list[Share]:
    """Wilson's interval for each count out of its total."""
    interval = shares.wilson(counts, totals, level)
    ends = zip(counts, totals, interval.low.tolist(), interval.high.tolist(), strict=True)
    return [Share(count / total if total else None, low, high) for count, total, low, high in ends]


def rate_difference(now: tuple[int, int], before: tuple[int, int], level: float = 0.95) -> RateDifference:
    """The rate now minus the rate before, each as (count, total), with Newcombe's interval."""
    found = shares.rate_difference(now, before, level)
    return RateDifference(float(found.estimate), float(found.low), float(found.high))


def _histories(visits: Visits) -> Histories:
    days = np.array(visits.on, dtype="datetime64[D]").astype(np.int64)
    return Histories.of(np.array(visits.customer, dtype=np.int64), days, visits.amount)


def _as_episodes(found: Episodes, spend: list[float]) -> list[Episode]:
    days = (found.last_visit_day, found.defected_day, found.returned_day)
    rows = zip(found.customer.tolist(), *(column.tolist() for column in days), spend, strict=True)
    return [
        Episode(who, _date(last), _date(gone), None if back == STILL_GONE else _date(back), _money(yearly))
        for who, last, gone, back, yearly in rows
    ]


def _money(amount: float) -> Decimal:
    return Decimal(amount).quantize(CENT)


def _day(on: date) -> int:
    return (on - EPOCH).days


def _date(day: int) -> date:
    return EPOCH + timedelta(days=day)
