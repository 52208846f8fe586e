"""The defection rate: columns of whole lives in, plain figures out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analysis import rates
from analysis.defection.spells import Spells
from analysis.shares import wilson
from survey.analyst import Flags, Ints, RateDifference, Share

Numbers = NDArray[np.float64]
#: first and last day of a period, both included, as days since 1970-01-01
Days = tuple[int, int]
STILL_THERE = -1
#: how much likelier, or less likely, those who did not answer may be to have had a reason that can be influenced (odds)
SILENT_ODDS = 2.0


@dataclass(frozen=True, eq=False)
class Lives:
    """Spells of being a customer, sorted by customer, then by day: equally long int64 columns (s,).

    person: 0..c-1. began: first visit, or return. ended: the first day on which the rule held, -1 while the customer is
    there. last_visit: the last day on which he came within the spell. as_of_day: the last day that was seen.
    """

    person: Ints
    began: Ints
    ended: Ints
    last_visit: Ints
    as_of_day: int

    def __len__(self) -> int:
        return len(self.person)

    def of(self, chosen: Flags) -> Lives:
        """The lives of some people; chosen: (c,) by person, who are numbered anew in the same order."""
        rows, number = chosen[self.person], np.cumsum(chosen) - 1
        columns = (self.began[rows], self.ended[rows], self.last_visit[rows])
        return Lives(number[self.person[rows]], *columns, self.as_of_day)

    @property
    def spells(self) -> Spells:
        return Spells(self.person, self.person, self.began, self.ended, self.as_of_day)

    @property
    def is_first(self) -> Flags:
        """(s,) whether it is the first spell of a person."""
        return np.not_equal(np.diff(self.person, prepend=-1), 0)

    def at_risk(self, day: int) -> Flags:
        """(s,) whether it began before that day, and had not ended by then."""
        stays = np.equal(self.ended, STILL_THERE) | np.greater_equal(self.ended, day)
        return np.less(self.began, day) & stays

    def ended_within(self, period: Days) -> Flags:
        """(s,) whether it ended in that period."""
        return np.greater_equal(self.ended, period[0]) & np.less_equal(self.ended, period[1])


@dataclass(frozen=True)
class Rated:
    """How many left of those at risk, and the rate; of nobody at risk the estimate is None."""

    left: int
    at_risk: int
    share: Share


def month_rates(lives: Lives, periods: Sequence[Days]) -> list[Rated]:
    """The rate of each period; one definition with `survey.reports.spells`."""
    if not len(lives):
        return [Rated(0, 0, Share(None, 0.0, 1.0)) for _ in periods]
    return _rated(rates.period_rates(lives.spells, _periods(periods)))


def mean_rate(lives: Lives, periods: Sequence[Days]) -> Rated:
    """The mean rate of periods that do not overlap, such as the twelve months of a year; customers are the units."""
    if not len(lives):
        return Rated(0, 0, Share(None, 0.0, 1.0))
    return _rated(rates.rolling_rate(lives.spells, _periods(periods)))[0]


def against_past(lives: Lives, now: Sequence[Days], past: Sequence[Days]) -> RateDifference | None:
    """The mean rate now minus that of the past; None where nobody was at risk in one of them."""
    try:
        found = rates.against_past(lives.spells, _periods(now), _periods(past))
    except ValueError:
        return None
    return RateDifference(found.estimate, found.low, found.high)


def how_known(periods: Sequence[Days], as_of_day: int, data_from: int, rule_days: int) -> list[str]:
    """whole, running or too_old, by period, where departures count on the first day on which the rule held."""
    return [each.value for each in rates.known(_periods(periods), as_of_day, data_from, rule_days)]


@dataclass(frozen=True)
class StoppedRow:
    """Who came for the last time in a period: `gone` for certain, `waiting` to be known; low, high: bounds of the share
    of those who were there, with the chance in them. known: whole, too_new or running."""

    gone: int
    waiting: int
    at_risk: int
    low: float
    high: float
    known: str


def stopped(lives: Lives, periods: Sequence[Days], rule_days: int) -> list[StoppedRow]:
    """The same departures dated back to the last visit."""
    found = rates.stopped(lives.spells, lives.last_visit, _periods(periods), rule_days)
    columns = zip(found.gone, found.waiting, found.at_risk, found.low, found.high, found.known, strict=True)
    return [StoppedRow(int(a), int(b), int(c), float(d), float(e), known.value) for a, b, c, d, e, known in columns]


def days_until_known(lives: Lives) -> int:
    """After how many days without a visit 19 of 20 of those who left were known to have left; 0 where nobody left."""
    over = lives.ended != STILL_THERE
    if not over.any():
        return 0
    waited = lives.ended[over] - lives.last_visit[over]
    return int(np.quantile(waited, 0.95, method="higher"))


@dataclass(frozen=True)
class Apart:
    """The part of a rate that somebody could have done something about, and the rest.

    share: of leavers, avoidable, as the answers say, with the chance in it. widened: the same with room for those who
    did not answer. widest: all that silence allows. avoidable, unavoidable: the rate times `widened`.
    """

    share: Share
    widened: Share
    widest: Share
    avoidable: Share
    unavoidable: Share


def avoidable_and_not(rate: Share, avoidable: int, unavoidable: int, leavers: int) -> Apart | None:
    """Part the rate by the reasons of those who answered: `avoidable` and `unavoidable` of `leavers`.

    Who did not answer is given the share of those who did; the interval lets their odds be half or twice as high
    (`SILENT_ODDS`), on top of chance. None where nobody answered or there is no rate.
    """
    answered = avoidable + unavoidable
    if not answered or rate.estimate is None:
        return None
    chance = wilson(avoidable, answered)
    share, low, high = avoidable / answered, float(chance.low), float(chance.high)
    told = min(1.0, answered / max(leavers, answered))
    widened = Share(
        share,
        told * low + (1 - told) * _odds_times(low, 1 / SILENT_ODDS),
        told * high + (1 - told) * _odds_times(high, SILENT_ODDS),
    )
    widest = Share(share, told * share, max(share, told * share + 1 - told))
    ends = ((rate.estimate, rate.low, rate.high), (share, widened.low, widened.high))
    parts = [Share(part.estimate, part.low, part.high) for part in rates.apart(*ends)]
    return Apart(Share(share, low, high), widened, widest, *parts)


def _odds_times(share: float, factor: float) -> float:
    return share * factor / (1 - share + share * factor)


def _rated(found: rates.Rates) -> list[Rated]:
    columns = (np.atleast_1d(each) for each in (found.left, found.at_risk, found.estimate, found.low, found.high))
    return [
        Rated(int(left), int(total), Share(None if np.isnan(rate) else float(rate), float(low), float(high)))
        for left, total, rate, low, high in zip(*columns, strict=True)
    ]


def _periods(periods: Sequence[Days]) -> rates.Periods:
    days = np.array(periods, dtype=np.int64).reshape(-1, 2)
    return rates.Periods(days[:, 0], days[:, 1])
