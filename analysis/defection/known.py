"""What rules lean on besides visits: contracts, answers, services, and what a model of repeat buying expects."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import ArrayLike

from analysis.defection.histories import NEVER, Days, Flags, Histories, Money, whole


@dataclass(frozen=True, eq=False)
class Contracts:
    """Contracts as the customer system tells them, one row each, in any order; a customer may have several.

    customer: (n,) int64; start: (n,) the first day; until: (n,) the last day on which it runs; cancelled: (n,) the
    day of the cancellation; told: (n,) the day from which the row is known, left out the first day itself. Days
    since 1970-01-01, `NEVER` where there is none. A system that moves `until` when a contract is renewed gives one
    row a customer, and then knows no more when it was renewed. One that keeps what it knew gives a row for each
    renewal, `told` on the day of renewing.

    A row with no day at all is left out; an unknown start is the first of the other days. A cancellation before
    the start belongs to a contract before this one and is no longer heard; one in the future counts from its day.
    Raises ValueError where the columns are not equally long whole numbers.
    """

    customer: Days
    start: Days
    until: Days
    cancelled: Days
    told: Days | None = None

    def __post_init__(self) -> None:
        columns = {name: whole(getattr(self, name), name) for name in ("customer", "start", "until", "cancelled")}
        columns["told"] = whole(columns["start"] if self.told is None else self.told, "told")
        if len({len(column) for column in columns.values()}) > 1:
            raise ValueError("The columns of the contracts must be equally long.")
        first = np.minimum(columns["until"], columns["cancelled"])
        columns["start"] = np.where(columns["start"] == NEVER, first, columns["start"])
        columns["told"] = np.where(columns["told"] == NEVER, columns["start"], columns["told"])
        stale = columns["cancelled"] < columns["start"]
        columns["cancelled"] = np.where(stale, NEVER, columns["cancelled"])
        for name, column in columns.items():
            object.__setattr__(self, name, column[columns["start"] != NEVER])

    @property
    def known_from(self) -> Days:
        """(n,) the day from which each contract is known."""
        return self.start if self.told is None else self.told

    @property
    def running_from(self) -> Days:
        """(n,) the day from which each contract is known to run: no earlier than it was told."""
        return np.maximum(self.start, self.known_from)

    def until_day(self, as_of_day: int) -> Contracts:
        """What was known at the end of that day."""
        known = self.known_from <= as_of_day
        cancelled = np.where(self.cancelled > as_of_day, NEVER, self.cancelled)
        columns = (self.customer, self.start, self.until, cancelled, self.known_from)
        return Contracts(*(column[known] for column in columns))


@dataclass(frozen=True, eq=False)
class Answers:
    """What customers answered to "of your last ten times, how many with us?", one row each, in any order.

    customer: (n,) int64; day: (n,) of the answer; share: (n,) float64 between 0 and 1. Of several answers of one
    customer on one day the highest counts. Raises ValueError, in words, where the columns are not so.
    """

    customer: Days
    day: Days
    share: Money

    def __post_init__(self) -> None:
        customer, day = whole(self.customer, "customer"), whole(self.day, "day")
        share = np.asarray(self.share, dtype=np.float64)
        if not customer.shape == day.shape == share.shape:
            raise ValueError("The columns of the answers must be equally long.")
        if not ((share >= 0) & (share <= 1)).all():
            raise ValueError("The share of an answer must lie between 0 and 1.")
        order = np.lexsort((-share, day, customer))
        customer, day, share = customer[order], day[order], share[order]
        new = (np.diff(customer, prepend=-1) != 0) | (np.diff(day, prepend=NEVER) != 0)
        for name, column in (("customer", customer), ("day", day), ("share", share)):
            object.__setattr__(self, name, column[new])

    def until_day(self, as_of_day: int) -> Answers:
        """What was answered by the end of that day."""
        known = self.day <= as_of_day
        return Answers(self.customer[known], self.day[known], self.share[known])


class Seen(NamedTuple):
    """What a model of repeat buying is told of customers, (q,) each: `frequency` visit days after the first,
    `recency` days from the first to the last of them, `age` days from the first to the day that is asked about."""

    frequency: Money
    recency: Money
    age: Money


class Forecast(Protocol):
    """What is expected of customers with such a history, by whatever model."""

    def alive(self, seen: Seen) -> Money:
        """(q,) the probability of still being a customer, 0 to 1."""
        ...

    def visits(self, seen: Seen, days: int) -> Money:
        """(q,) the visits expected in so many days after the day that is asked about."""
        ...


class RepeatBuying(Protocol):
    """A fitted model of repeat buying, in the unit of time it was fitted in."""

    def probability_alive(self, frequency: ArrayLike, recency: ArrayLike, age: ArrayLike) -> Money: ...

    def expected_purchases(self, horizon: float, frequency: ArrayLike, recency: ArrayLike, age: ArrayLike) -> Money: ...


@dataclass(frozen=True)
class FittedForecast:
    """The forecast of a fitted model whose unit of time is `unit_days` days: 7 where it was fitted in weeks."""

    model: RepeatBuying
    unit_days: float = 7.0

    def alive(self, seen: Seen) -> Money:
        return self.model.probability_alive(seen.frequency, *self._units(seen))

    def visits(self, seen: Seen, days: int) -> Money:
        return self.model.expected_purchases(days / self.unit_days, seen.frequency, *self._units(seen))

    def _units(self, seen: Seen) -> tuple[Money, Money]:
        return seen.recency / self.unit_days, seen.age / self.unit_days


@dataclass(frozen=True)
class ByYear:
    """Forecasts of those who first came in a year, and `pooled` of all others, which is asked where no year is told."""

    pooled: Forecast
    own: Mapping[int, Forecast]

    def alive(self, seen: Seen) -> Money:
        return self.pooled.alive(seen)

    def visits(self, seen: Seen, days: int) -> Money:
        return self.pooled.visits(seen, days)


@dataclass(frozen=True, eq=False)
class Known:
    """What rules lean on besides visits. A rule says in `needs` which of these it must be given.

    interval: the population's usual interval between visits, in days. services: per service, the histories of
    its purchases alone. service_intervals: per service, the usual interval between its purchases. Intervals are
    given where customers are judged in batches, so that batches agree; left out, they are taken from what is given.
    forecast: of one model, or `ByYear` of the first visit.
    """

    interval: float | None = None
    contracts: Contracts | None = None
    answers: Answers | None = None
    services: Mapping[str, Histories] = field(default_factory=dict)
    service_intervals: Mapping[str, float | None] = field(default_factory=dict)
    forecast: Forecast | None = None

    def until(self, as_of_day: int) -> Known:
        """The same as it was known at the end of that day."""
        return dataclasses.replace(
            self,
            contracts=None if self.contracts is None else self.contracts.until_day(as_of_day),
            answers=None if self.answers is None else self.answers.until_day(as_of_day),
            services={name: histories.until(as_of_day) for name, histories in self.services.items()},
        )


def numbers_in(customers: Days, sought: Days) -> tuple[Days, Flags]:
    """(n,) the place of each sought customer among sorted customers, and (n,) whether it is there at all."""
    if not len(customers):
        return np.zeros(len(sought), dtype=np.int64), np.zeros(len(sought), dtype=np.bool_)
    place = np.minimum(np.searchsorted(customers, sought), len(customers) - 1)
    return place.astype(np.int64), customers[place] == sought
