"""The leaf of value: what customers may still be expected to bring in, and what was lost with those who left.

Only who has a history of visits is valued here. Money is in units of the currency, not in cents.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

import numpy as np
from numpy.typing import NDArray

from analysis.defection.episodes import Episodes
from analysis.defection.histories import Histories
from analysis.defection.spells import spells_of
from analysis.value.first import DAYS_PER_YEAR
from analysis.value.lost import lost_per_episode, person_of
from analysis.value.noncontractual import customer_values, leaving_rates
from analysis.value.settings import ValueSettings
from analysis.value.thin import Thin as Thin
from analysis.value.thin import thin_groups
from analysis.value.worth import Worth, chosen, totals, worth_of
from survey.analyst import Ints, Visits, day_number

Money = NDArray[np.float64]


@dataclass(frozen=True)
class Terms:
    """By what turnover becomes value. margins: of each segment, a share; discount: a year; horizon: years ahead."""

    margins: Mapping[str, float]
    discount: float
    horizon: float


@dataclass(frozen=True, eq=False)
class Departures:
    """The stored episodes of customers who have a history, sorted by customer and number: equally long columns."""

    customer: Ints
    number: Ints
    last_visit_day: Ints
    defected_day: Ints
    returned_day: Ints


@dataclass(frozen=True, eq=False)
class People:
    """Who has a history, sorted by key: customer (p,), segment of each, and yearly (p,), what the business itself says
    each is worth a year, NaN where it says nothing."""

    customer: Ints
    segment: Sequence[str]
    yearly: Money


@dataclass(frozen=True, eq=False)
class Valued:
    """Values of n rows: customers who are there, or departures. given: (n,) the yearly margin is what the business
    said; thin: (n,) the segment has too few data, so the figure leans on little."""

    customer: Ints
    value: Money
    low: Money
    high: Money
    margin: Money
    years: Money
    given: NDArray[np.bool_]
    thin: NDArray[np.bool_]
    worth: Worth


@dataclass(frozen=True)
class Total:
    """The value of some rows together, with its 95 % interval."""

    rows: int
    estimate: float
    low: float
    high: float


@dataclass(frozen=True, eq=False)
class Values:
    """there: who are customers on the day; departures: in the order they were given; missing: per segment, what is
    missing before its figures can be trusted."""

    there: Valued
    departures: Valued
    missing: Mapping[str, tuple[Thin, ...]]


def values(visits: Visits, departures: Departures, people: People, terms: Terms, as_of: date) -> Values:
    """Value everybody as of the end of a day. Raises ValueError where a departure has no history."""
    day = day_number(as_of)
    histories = Histories(visits.customer, visits.day, visits.cents / 100.0)
    columns = (departures.customer, departures.number, departures.last_visit_day)
    episodes = Episodes(*columns, departures.defected_day, departures.returned_day)
    spells = spells_of(histories, episodes, day)
    names, of = np.unique(np.array(people.segment, dtype=str), return_inverse=True)
    settings = ValueSettings(1.0, terms.discount, terms.horizon)
    rates = leaving_rates(spells, of)
    lacking = thin_groups(rates, _seen_years(histories, day))
    margins = np.array([terms.margins.get(str(name), terms.margins[""]) for name in names])
    known = _Known(people, of, margins, np.array([bool(each) for each in lacking]))
    there, worth = customer_values(histories, spells, of, settings)
    person = spells.person[~spells.is_over]
    gone = person_of(episodes, spells)
    lost = lost_per_episode(histories, episodes, spells, of, settings)
    return Values(
        known.valued(there, person, worth),
        known.valued(episodes.customer, gone, lost),
        {str(name): lacking[at] for at, name in enumerate(names)},
    )


def total_by(valued: Valued, groups: Ints, size: int) -> list[Total]:
    """The total of each group (n,) 0..size-1, over exactly these rows, whose errors may have much in common."""
    found = totals(valued.worth, groups, size)
    ends = zip(found.rows.tolist(), found.estimate.tolist(), found.low.tolist(), found.high.tolist(), strict=True)
    return [Total(*row) for row in ends]


def some(valued: Valued, rows: NDArray[np.bool_]) -> Valued:
    """Some of the rows."""
    columns = {name: getattr(valued, name)[rows] for name in Valued.__dataclass_fields__ if name != "worth"}
    return Valued(**columns, worth=chosen(valued.worth, rows))


@dataclass(frozen=True, eq=False)
class _Known:
    """What the business said of its customers: of (p,) segment codes; margins, thin: (g,)."""

    people: People
    of: Ints
    margins: Money
    thin: NDArray[np.bool_]

    def valued(self, customer: Ints, person: Ints, worth: Worth) -> Valued:
        """Turnover turned into margin, and what the business said of somebody put in its place."""
        said = self.people.yearly[person]
        given = ~np.isnan(said)
        margin = self.margins[self.of[person]]
        spent = worth.spending
        spent = replace(
            spent,
            yearly=np.where(given, np.nan_to_num(said), spent.yearly * margin),
            variance=np.where(given, 0.0, spent.variance * margin**2),
            leaning=np.where(given[:, None], 0.0, spent.leaning * margin[:, None]),
        )
        made = worth_of(spent, worth.staying, worth.settings)
        thin = self.thin[self.of[person]]
        return Valued(customer, made.value, made.low, made.high, made.margin, made.years, given, thin, made)


def _seen_years(histories: Histories, day: int) -> float:
    return float(day + 1 - histories.day.min()) / DAYS_PER_YEAR if len(histories.day) else 0.0
