"""Who was at risk and who left by month, had one rule held for the whole history."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np

from analysis.defection.episodes import Episodes as FoundEpisodes
from analysis.defection.histories import Histories
from analysis.defection.known import numbers_in
from analysis.defection.rules import detect, rule_from
from analysis.defection.spells import spells_of
from analysis.rates import Periods, grouped_counts
from survey.analyst import Flags, Ints, Visits, day_number
from survey.analyst.detecting import Applied, numbered, who_came
from survey.analyst.known import histories_of, known_from


@dataclass(frozen=True, eq=False)
class CountedRates:
    """left, of at_risk: (groups, m) int64 each, by period. One definition with `survey.reports.spells`."""

    left: Ints
    at_risk: Ints

    def __add__(self, other: CountedRates) -> CountedRates:
        return CountedRates(self.left + other.left, self.at_risk + other.at_risk)

    def of(self, groups: Flags) -> CountedRates:
        """The counts of some groups together: (m,) each."""
        return CountedRates(self.left[groups].sum(axis=0), self.at_risk[groups].sum(axis=0))


@dataclass(frozen=True, eq=False)
class Grouped:
    """Everybody in a batch by group. customer: (c,) sorted keys; group: (c,) the number of each one's group, from 0;
    groups: how many there are, in all batches alike."""

    customer: Ints
    group: Ints
    groups: int


def rate_counts(
    visits: Visits, applied: Applied, as_of: date, months: Sequence[tuple[date, date]], people: Grouped
) -> CountedRates:
    """Who was at risk and who left in each of some periods, by group, had this rule held for the whole history.

    Counts of batches add up. Customers who never came are in no spell, as in the rate of the pages.
    """
    day = day_number(as_of)
    histories = histories_of(visits).until(day)
    first, last = (np.array([day_number(month[end]) for month in months], dtype=np.int64) for end in (0, 1))
    made = rule_from(applied.rule.kind, applied.rule.parameters)
    found = detect(histories, made, day, applied.interval, known_from(applied.facts))
    spells = spells_of(histories, _in_their_spells(who_came(found, histories), histories), day)
    group = people.group[np.searchsorted(people.customer, spells.customer)]
    return CountedRates(*grouped_counts(spells, Periods(first, last), group, people.groups))


def _in_their_spells(found: FoundEpisodes, histories: Histories) -> FoundEpisodes:
    """Only what began after the first visit: a contract that ended before it ended nobody's visits."""
    place, _ = numbers_in(histories.customer[histories.first], found.customer)
    kept = found.defected_day >= histories.day[histories.first][place]
    return numbered(found, kept)
