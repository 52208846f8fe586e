"""Expected: gone when a model of repeat buying no longer expects much of a customer."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np

from analysis.defection.histories import NEVER, Days, Flags
from analysis.defection.judging import Rule, View
from analysis.defection.known import ByYear, Forecast, Seen
from analysis.defection.spans import Spans, held_by

LONGEST = 3650  # days after a visit within which the rule fires, or not before the next visit
_ROW = 1 << 32  # keeps frequency and recency apart in one whole number


@dataclass(frozen=True)
class Expected(Rule):
    """Gone when the probability of still being a customer ('alive'), or the number of visits expected in the next
    `horizon_days` ('visits'), is below `below`; back with the first visit on a day on which it is not.

    Which model says so is for the forecast to know. Beware of 'alive' from a model in which nobody leaves before a
    second visit (BG/NBD): it never fires for those who came once.

    The day on which it fires is found on the assumption that between two visits the figure only falls as days
    pass, as it does in the known models: so it is asked for the day of the visit and the day ten years after, and
    where it crosses in between, the interval is halved until one day is left, which is the first.

    Adding a visit can make a customer gone who was not: by Pareto/NBD and its kin a silence says more about who
    came often, so a visit soon after the last one, with the same silence behind it, lowers the probability.
    """

    measure: Literal["alive", "visits"]
    below: float
    horizon_days: int = 90

    def __post_init__(self) -> None:
        if self.measure not in ("alive", "visits"):
            raise ValueError("The measure of what is expected must be alive or visits.")
        if not 0 < self.below <= (1 if self.measure == "alive" else 1000):
            raise ValueError("The value must lie above 0; a probability is at most 1, expected visits at most 1000.")
        if not 1 <= self.horizon_days <= 3650:
            raise ValueError("The days ahead must lie between 1 and 3650.")

    @property
    def needs(self) -> frozenset[str]:
        return frozenset({"forecast"})

    def spans(self, view: View, ease: float) -> Spans:
        """Eased, a probability fires that part of the way down from 1, and visits at `below` divided by the ease."""
        forecast, histories = view.known.forecast, view.histories
        if forecast is None:
            raise ValueError("The rule looks at what a model expects, and no model was given.")
        first = histories.day[histories.first][histories.group]
        frequency = np.arange(len(first), dtype=np.int64) - histories.first[histories.group]
        # What is expected depends on these two and the age alone, so equal customers are asked about once.
        keys, start = frequency * _ROW + (histories.day - first), np.empty(len(first), dtype=np.int64)
        for asked, rows in _by_model(forecast, first):
            kinds, kind = np.unique(keys[rows], return_inverse=True)
            age = self._age(asked, kinds // _ROW, kinds % _ROW, ease)[kind]
            start[rows] = np.minimum(first[rows] + age, NEVER)
        gone = start < histories.next_day
        return held_by([Spans(histories.customer, start, histories.next_day).where(gone)], 1)

    def _age(self, forecast: Forecast, frequency: Days, recency: Days, ease: float) -> Days:
        """(q,) the days after the first visit on which the rule begins to hold; NEVER where it does not."""
        limit = 1 - ease * (1 - self.below) if self.measure == "alive" else self.below / ease

        def holds(age: Days) -> Flags:
            seen = Seen(*(column.astype(np.float64) for column in (frequency, recency, age)))
            alive = self.measure == "alive"
            value = forecast.alive(seen) if alive else forecast.visits(seen, self.horizon_days)
            if np.isnan(value).any():
                raise ValueError("The model gives no figure for some customers, so nobody can be judged by it.")
            return np.asarray(value < limit, dtype=np.bool_)

        return _first_that_holds(holds, recency, recency + LONGEST)


def _by_model(forecast: Forecast, first: Days) -> Iterator[tuple[Forecast, Flags]]:
    """Each model with the rows (n,) of the customers whom it knows, by the day of their first visit."""
    if not isinstance(forecast, ByYear):
        yield forecast, np.ones(len(first), dtype=np.bool_)
        return
    year = first.astype("datetime64[D]").astype("datetime64[Y]").astype(np.int64) + 1970
    for each, own in forecast.own.items():
        yield own, np.asarray(year == each)
    yield forecast.pooled, ~np.isin(year, list(forecast.own))


def _first_that_holds(holds: Callable[[Days], Flags], low: Days, high: Days) -> Days:
    """(q,) the first day, low .. high, on which it holds, given that it never stops to hold; NEVER for none."""
    never = ~holds(high)
    while (low < high).any():
        middle = (low + high) // 2
        held = holds(middle)
        low, high = np.where(held, low, middle + 1), np.where(held, middle, high)
        low = np.minimum(low, high)
    return np.where(never, NEVER, high)
