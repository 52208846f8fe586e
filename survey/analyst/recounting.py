"""Who was at risk and who left by month, had one rule held for the whole history."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np

from analysis.defection.episodes import Episodes as FoundEpisodes
from analysis.defection.histories import Histories
from analysis.defection.known import numbers_in
from analysis.defection.rules import detect, rule_from
from analysis.defection.spells import Spells, spells_of
from analysis.rates import Periods, period_rates
from survey.analyst import Ints, Visits, day_number
from survey.analyst.detecting import Applied, numbered, who_came
from survey.analyst.known import histories_of, known_from


@dataclass(frozen=True, eq=False)
class CountedRates:
    """Per period: left, of at_risk; (m,) int64 each. One definition with `survey.reports.spells`."""

    left: Ints
    at_risk: Ints

    def __add__(self, other: CountedRates) -> CountedRates:
        return CountedRates(self.left + other.left, self.at_risk + other.at_risk)


def rate_counts(
    visits: Visits, applied: Applied, as_of: date, months: Sequence[tuple[date, date]], group: Mapping[int, Ints]
) -> dict[int, CountedRates]:
    """Who was at risk and who left in each of some periods, had this rule held for the whole history.

    `group`: the customers of each group, such as a branch; the counts of each, and of all under the key 0. Counts of
    batches add up. Customers who never came are in no spell, as in the rate of the pages.
    """
    day = day_number(as_of)
    histories = histories_of(visits).until(day)
    first, last = (np.array([day_number(month[end]) for month in months], dtype=np.int64) for end in (0, 1))
    periods = Periods(first, last)
    made = rule_from(applied.rule.kind, applied.rule.parameters)
    found = detect(histories, made, day, applied.interval, known_from(applied.facts))
    spells = spells_of(histories, _in_their_spells(who_came(found, histories), histories), day)
    counted = {0: _counted(spells, periods)}
    for key, customers in group.items():
        counted[key] = _counted(_spells_of_some(spells, customers), periods)
    return counted


def _counted(spells: Spells, periods: Periods) -> CountedRates:
    rates = period_rates(spells, periods)
    return CountedRates(rates.left.astype(np.int64), rates.at_risk.astype(np.int64))


def _spells_of_some(spells: Spells, customers: Ints) -> Spells:
    kept = np.isin(spells.customer, customers)
    began, ended = spells.began[kept], spells.ended[kept]
    return Spells(spells.customer[kept], spells.person[kept], began, ended, spells.as_of_day)


def _in_their_spells(found: FoundEpisodes, histories: Histories) -> FoundEpisodes:
    """Only what began after the first visit: a contract that ended before it ended nobody's visits."""
    place, _ = numbers_in(histories.customer[histories.first], found.customer)
    kept = found.defected_day >= histories.day[histories.first][place]
    return numbered(found, kept)
