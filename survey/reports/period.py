"""Periods: whole days, both ends included, and the stretch before that each is held against."""

from dataclasses import dataclass
from datetime import date, timedelta

#: periods whose days follow from today
NAMED = ("last-quarter", "this-quarter", "last-12-months")
#: from the month in which the first customer left, and days that somebody chose
EVERYTHING, CUSTOM = "everything", "custom"
NAMES = (*NAMED, EVERYTHING, CUSTOM)
DAY = timedelta(days=1)


@dataclass(frozen=True, order=True)
class Period:
    """From `first` up to and including `last`."""

    first: date
    last: date

    def __post_init__(self) -> None:
        if self.last < self.first:
            raise ValueError("A period ends on or after the day it begins.")

    @property
    def days(self) -> int:
        return (self.last - self.first).days + 1

    @property
    def is_whole_months(self) -> bool:
        return self.first.day == 1 and (self.last + DAY).day == 1

    def before(self) -> "Period":
        """The stretch just before: as many whole months where this is whole months, else as many days."""
        last = self.first - DAY
        if not self.is_whole_months:
            return Period(self.first - timedelta(days=self.days), last)
        months = month_number(self.last) - month_number(self.first) + 1
        return Period(_month_start(month_number(self.first) - months), last)


def named(name: str, today: date) -> Period:
    """The period that a name of NAMED stands for on a day; raises KeyError for any other name."""
    quarter = _quarter_start(today)
    if name == "last-quarter":
        return Period(_quarter_start(quarter - DAY), quarter - DAY)
    if name == "this-quarter":
        return Period(quarter, today)
    if name == "last-12-months":
        return Period(_month_start(month_number(today) - 12), _month_start(month_number(today)) - DAY)
    raise KeyError(name)


def months_up_to(day: date, count: int) -> list[Period]:
    """The last `count` whole months of which the last ends on or before `day`, oldest first."""
    after = month_number(day + DAY)
    return [Period(_month_start(n), _month_start(n + 1) - DAY) for n in range(after - count, after) if n >= 12]


def month_number(day: date) -> int:
    """Months since the beginning of year 0."""
    return day.year * 12 + day.month - 1


def _month_start(number: int) -> date:
    return date(number // 12, number % 12 + 1, 1)


def _quarter_start(day: date) -> date:
    return date(day.year, (day.month - 1) // 3 * 3 + 1, 1)
