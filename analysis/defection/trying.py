"""Trying a definition on the own history before it is saved: what it would have said, and how often wrongly."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from analysis.defection.episodes import Episodes, episodes_of
from analysis.defection.examples import Example, examples_of
from analysis.defection.histories import MAX_DAY, Days, Flags, Histories, Money
from analysis.defection.judging import Rule
from analysis.defection.known import Known, numbers_in
from analysis.defection.lapse import Lapse
from analysis.defection.rules import view_of

MONTHS = 24
SOON_BACK = 90
#: what a rule is held against: whoever stayed away for a year has left by any definition
YEAR_AWAY = Lapse(days=365)


@dataclass(frozen=True, eq=False)
class Worth:
    """What customers are worth: customer (n,) int64, each once; value (n,) float64 in money. Who is not named counts
    as nothing. Raises ValueError, in words, where the columns are not so."""

    customer: Days
    value: Money

    def __post_init__(self) -> None:
        customer, value = np.asarray(self.customer, dtype=np.int64), np.asarray(self.value, dtype=np.float64)
        if customer.shape != value.shape or len(np.unique(customer)) != len(customer):
            raise ValueError("Each customer must be named once, with one value.")
        if not np.isfinite(value).all():
            raise ValueError("A customer's value is missing or not a number.")
        order = np.argsort(customer)
        object.__setattr__(self, "customer", customer[order])
        object.__setattr__(self, "value", value[order])

    def of(self, customer: Days) -> Money:
        """(n,) the value of each of these customers."""
        place, there = numbers_in(self.customer, customer)
        return np.where(there, np.append(self.value, 0.0)[place], 0.0)


class Quartiles(NamedTuple):
    """The days below which a quarter, a half and three quarters lie, and of how many; None of none."""

    times: int
    lower: float | None
    median: float | None
    upper: float | None


@dataclass(frozen=True)
class FalseAlarms:
    """Of the `began` times gone that began at least 90 days before the end, `came_back` ended within 90 days.

    `too_recent` began later. Whether they end within 90 days nobody knows yet, so they are in neither count.
    """

    began: int
    came_back: int
    too_recent: int


@dataclass(frozen=True)
class AgainstYear:
    """The rule held against a year without a visit, on the customers who by that are gone now.

    gone: how many they are; in_time: how many the rule had called gone by the day on which the year was full, and
    still did; lead: how many days before that day it did. value: what those who are gone are worth; value_in_time:
    what those are worth that the rule had called in time, which is the lost value that it covers.
    """

    gone: int
    in_time: int
    lead: Quartiles
    value: float
    value_in_time: float


@dataclass(frozen=True, eq=False)
class Trial:
    """What a definition says of a history as of a day.

    customers: who can be judged by it; gone_now: who is gone on the day; value_all and value_gone: what they are
    worth. month: (24,) months since January 1970, the last one that of the day and so perhaps not whole; new: (24,)
    the times gone that began in each. delay: days from the last visit to the day on which it fired, of all times
    gone; delay_gone: the same, of those who have not come back. examples: twenty, or all where there are fewer.
    """

    customers: int
    gone_now: int
    value_all: float
    value_gone: float
    month: Days
    new: NDArray[np.int64]
    false_alarms: FalseAlarms
    delay: Quartiles
    delay_gone: Quartiles
    against_year: AgainstYear
    examples: tuple[Example, ...]


def try_definition(
    histories: Histories, rule: Rule, as_of_day: int, known: Known | None = None, worth: Worth | None = None
) -> Trial:
    """Try a rule on histories as they were known at the end of `as_of_day`.

    `worth`: what each customer is worth, in money; left out, what each has spent so far. The same data give the same
    trial, examples included. Raises ValueError, in words, when the rule needs what is not known.
    """
    view = view_of(histories, rule, as_of_day, known or Known())
    found = episodes_of(rule.spans(view, 1.0), view)
    customer = view.customers(rule.needs)
    worth = worth or _spent(view.histories)
    delay = found.defected_day - found.last_visit_day
    month, new = _by_month(found, as_of_day)
    year = episodes_of(YEAR_AWAY.spans(view, 1.0), view)
    return Trial(
        customers=len(customer),
        gone_now=int(found.is_open.sum()),
        value_all=float(worth.of(customer).sum()),
        value_gone=float(worth.of(found.customer[found.is_open]).sum()),
        month=month,
        new=new,
        false_alarms=_false_alarms(found, as_of_day),
        delay=_quartiles(delay),
        delay_gone=_quartiles(delay[found.is_open]),
        against_year=_against_year(found, year, worth),
        examples=examples_of(found, view.histories, worth.of(found.customer), soon_back(found)),
    )


def soon_back(found: Episodes) -> Flags:
    """(e,) whether the customer came back within 90 days of having been called gone."""
    quick = found.returned_day - found.defected_day <= SOON_BACK
    return np.logical_and(~found.is_open, quick)


def _false_alarms(found: Episodes, as_of_day: int) -> FalseAlarms:
    told = found.defected_day <= as_of_day - SOON_BACK
    return FalseAlarms(int(told.sum()), int((told & soon_back(found)).sum()), int((~told).sum()))


def _by_month(found: Episodes, as_of_day: int) -> tuple[Days, NDArray[np.int64]]:
    last = int(_months(np.array([as_of_day]))[0])
    month = np.arange(last - MONTHS + 1, last + 1, dtype=np.int64)
    began = _months(found.defected_day) - month[0]
    return month, np.bincount(began[began >= 0], minlength=MONTHS)


def _months(day: Days) -> Days:
    """Days since 1970-01-01 to months since January 1970."""
    return day.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)


def _against_year(found: Episodes, year: Episodes, worth: Worth) -> AgainstYear:
    customer, full = year.customer[year.is_open], year.defected_day[year.is_open]
    still = found.is_open
    place, there = numbers_in(found.customer[still], customer)
    fired = np.append(found.defected_day[still], MAX_DAY)[place]
    in_time = there & (fired <= full)
    value = worth.of(customer)
    lead = _quartiles((full - fired)[in_time])
    return AgainstYear(len(customer), int(in_time.sum()), lead, float(value.sum()), float(value[in_time].sum()))


def _quartiles(days: Days) -> Quartiles:
    if not len(days):
        return Quartiles(0, None, None, None)
    lower, median, upper = np.quantile(days, [0.25, 0.5, 0.75]).tolist()
    return Quartiles(len(days), lower, median, upper)


def _spent(histories: Histories) -> Worth:
    if not histories.size:
        return Worth(histories.customer, histories.amount)
    return Worth(histories.customer[histories.first], np.add.reduceat(histories.amount, histories.first))
