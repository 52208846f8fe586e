"""The rate by month and over twelve months, against the own past, and the same dated back to the last visit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from survey import analyst
from survey.analyst import RateDifference, Share, rating
from survey.analyst.rating import Apart, Days, Lives, Rated, StoppedRow
from survey.reports.period import DAY, Period, months_up_to
from survey.reports.rate.told import Told

#: months that are looked back on, and that a mean is taken over
MONTHS, YEAR = 36, 12


@dataclass(frozen=True)
class Scope:
    """What every figure of one run shares: up to which day purchases are known, since when, and how many days after the
    last visit 19 of 20 departures are known."""

    as_of: date
    data_from: date
    rule_days: int


@dataclass(frozen=True)
class Month:
    """known: whole, running (not over, or purchases missing) or too_old (before the rule could find everybody).
    mean: a month, over the twelve months up to and including this one; None where they are not all known."""

    period: Period
    known: str
    rated: Rated
    mean: Share | None


@dataclass(frozen=True)
class Year:
    """The last whole months, twelve at most, as one mean rate a month.

    compared: how many of them have the same month of the year before known; paired, before, change: the mean rate of
    those, that of a year before, and the first minus the second. So a season never passes for a change.
    """

    period: Period
    now: Rated
    compared: int
    paired: Rated | None
    before: Rated | None
    change: RateDifference | None


def months_of(lives: Lives, scope: Scope) -> list[Month]:
    """By month, oldest first, from the first whole month of the data; a month that is not over stands last."""
    periods = _months(scope)
    days = [_days(period) for period in periods]
    known = rating.how_known(days, lives.as_of_day, analyst.day_number(scope.data_from), scope.rule_days)
    rated = rating.month_rates(lives, days)
    return [
        Month(period, state, rate, _mean(lives, days[: n + 1], known[: n + 1]))
        for n, (period, state, rate) in enumerate(zip(periods, known, rated, strict=True))
    ]


def year_of(lives: Lives, months: Sequence[Month]) -> Year | None:
    """The last whole months against those before; None before there is a whole month."""
    whole = [_days(month.period) for month in months if month.known == "whole"]
    if not whole:
        return None
    periods = [month.period for month in months if month.known == "whole"][-YEAR:]
    period, now = Period(periods[0].first, periods[-1].last), rating.mean_rate(lives, whole[-YEAR:])
    compared = max(0, min(YEAR, len(whole) - YEAR))
    if not compared:
        return Year(period, now, 0, None, None, None)
    paired, past = whole[-compared:], whole[-compared - YEAR :][:compared]
    rates = (rating.mean_rate(lives, paired), rating.mean_rate(lives, past))
    return Year(period, now, compared, *rates, rating.against_past(lives, paired, past))


def stopped_of(lives: Lives, scope: Scope) -> list[tuple[Period, StoppedRow]]:
    """By month, dated back to the last visit."""
    periods = _months(scope)
    if not len(lives):
        return []
    rows = rating.stopped(lives, [_days(period) for period in periods], scope.rule_days)
    return list(zip(periods, rows, strict=True))


def apart_of(year: Year | None, told: Told) -> Apart | None:
    """The year's rate in its avoidable and its unavoidable part; None before anybody answered."""
    if year is None:
        return None
    return rating.avoidable_and_not(year.now.share, told.avoidable, told.unavoidable, told.leavers)


def quarters_of(year: Period) -> list[Period]:
    """The year in stretches of three months, the last of them whole; what is left over at its beginning goes."""
    months = months_up_to(year.last, YEAR)
    months = [month for month in months if month.first >= year.first]
    groups = [months[n : n + 3] for n in range(len(months) % 3, len(months), 3)]
    return [Period(group[0].first, group[-1].last) for group in groups]


def _months(scope: Scope) -> list[Period]:
    whole = [month for month in months_up_to(scope.as_of, MONTHS) if month.first >= scope.data_from]
    begun = scope.as_of.replace(day=1)
    if begun < scope.as_of and (not whole or whole[-1].last < begun) and begun >= scope.data_from:
        whole.append(Period(begun, _end_of_month(begun)))
    return whole


def _end_of_month(first: date) -> date:
    return date(first.year + first.month // 12, first.month % 12 + 1, 1) - DAY


def _mean(lives: Lives, days: Sequence[Days], known: Sequence[str]) -> Share | None:
    if len(days) < YEAR or set(known[-YEAR:]) != {"whole"}:
        return None
    return rating.mean_rate(lives, days[-YEAR:]).share


def _days(period: Period) -> Days:
    return analyst.day_number(period.first), analyst.day_number(period.last)
