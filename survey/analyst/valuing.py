"""The leaf of value: what customers may still be expected to bring in, and what was lost with those who left.

Valued is who has a history of visits, or a contract of which somebody said what it brings in. Money is in units of the
currency, not in cents.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date

import numpy as np

from analysis.defection.episodes import Episodes
from analysis.defection.histories import Histories
from analysis.defection.spells import spells_of
from analysis.value.first import DAYS_PER_YEAR
from analysis.value.lost import lost_per_episode, person_of
from analysis.value.noncontractual import customer_values, leaving_rates
from analysis.value.settings import ValueSettings
from analysis.value.thin import Thin as Thin
from analysis.value.thin import thin_groups
from analysis.value.worth import Worth, worth_of
from survey.analyst import Flags, Ints, Visits, contracting, day_number
from survey.analyst.contracting import Retained as Retained
from survey.analyst.valued import Departures as Departures
from survey.analyst.valued import Money, Valued, together, valued
from survey.analyst.valued import People as People
from survey.analyst.valued import Signed as Signed
from survey.analyst.valued import Terms as Terms
from survey.analyst.valued import Total as Total
from survey.analyst.valued import some as some
from survey.analyst.valued import total_by as total_by


@dataclass(frozen=True, eq=False)
class Values:
    """there: who are customers on the day; departures: those that could be valued, at the places `departure_rows` among
    those given; missing: per segment, what is missing before its figures can be trusted; contracts: of segments that
    have any whose renewal is decided; signed: how many customers have or had a contract."""

    there: Valued
    departures: Valued
    departure_rows: Ints
    missing: Mapping[str, tuple[Thin, ...]]
    contracts: list[Retained]
    signed: int


@dataclass(frozen=True, eq=False)
class _ByVisits:
    """Who has a history, valued by it. departures: in the order given, of those who have one."""

    there: Valued
    departures: Valued
    missing: Mapping[str, tuple[Thin, ...]]


def values(visits: Visits, departures: Departures, people: People, terms: Terms, as_of: date) -> Values | None:
    """Value everybody as of the end of a day: by contract where its renewals tell enough, else by visits. None where
    nobody can be valued. Raises ValueError where somebody with visits is not among the people."""
    settings = ValueSettings(1.0, terms.discount, terms.horizon)
    came = np.isin(departures.customer, visits.customer)
    found = _by_visits(visits, departures.at(came), people, terms, as_of) if len(visits) else None
    held = contracting.holders(people, settings, as_of) if len(people.signed.customer) else None
    there = contracting.running(held, departures, found.there if found else None) if held else None
    gone = contracting.ended(held, departures, found.departures if found else None) if held else None
    if found is None:
        return _by_contract_alone(there, gone, held)
    rows, signed = np.flatnonzero(came), len(np.unique(people.signed.customer))
    lost = found.departures
    if gone is not None:
        order, rows = _preferred(rows, gone[0])
        lost = together(lost, gone[1], order)
    here = found.there
    if there is not None:
        here = together(here, there, _preferred(here.customer, there.customer)[0])
    return Values(here, lost, rows, found.missing, contracting.retained(held) if held else [], signed)


def _by_contract_alone(
    there: Valued | None, gone: tuple[Ints, Valued] | None, held: contracting.Holders | None
) -> Values | None:
    """The values of a business that knows contracts and no visits."""
    if held is None or there is None:
        return None
    rows, lost = gone or (np.zeros(0, dtype=np.int64), some(there, np.zeros(len(there.customer), dtype=np.bool_)))
    found = np.unique(held.contracts.customer)
    missing = {name: held.missing[at] for at, name in enumerate(held.names[: len(held.missing)])}
    return Values(there, lost, rows, missing, contracting.retained(held), len(found))


def _preferred(first: Ints, second: Ints) -> tuple[Ints, Ints]:
    """Two sorted columns of keys as one, the second's row for a key of both: the order of rows among those of the
    first, then the second, and the keys."""
    kept = np.flatnonzero(~np.isin(first, second))
    keys = np.concatenate([first[kept], second])
    place = np.concatenate([kept, len(first) + np.arange(len(second))])
    order = np.argsort(keys, kind="stable")
    return place[order], keys[order]


def _by_visits(visits: Visits, departures: Departures, people: People, terms: Terms, as_of: date) -> _ByVisits:
    day = day_number(as_of)
    people = people.at(np.isin(people.customer, visits.customer))
    histories = Histories(visits.customer, visits.day, visits.cents / 100.0)
    columns = (departures.customer, departures.number, departures.last_visit_day)
    episodes = Episodes(*columns, departures.defected_day, departures.returned_day)
    spells = spells_of(histories, episodes, day)
    names, of = np.unique(np.array(people.segment, dtype=str), return_inverse=True)
    settings = ValueSettings(1.0, terms.discount, terms.horizon)
    lacking = thin_groups(leaving_rates(spells, of), _seen_years(histories, day))
    margins = np.array([terms.margins.get(str(name), terms.margins[""]) for name in names])
    known = _Known(people, of, margins, np.array([bool(each) for each in lacking]))
    there, worth = customer_values(histories, spells, of, settings)
    return _ByVisits(
        known.valued(there, spells.person[~spells.is_over], worth),
        known.valued(
            episodes.customer, person_of(episodes, spells), lost_per_episode(histories, episodes, spells, of, settings)
        ),
        {str(name): lacking[at] for at, name in enumerate(names)},
    )


@dataclass(frozen=True, eq=False)
class _Known:
    """What the business said of its customers: of (p,) segment codes; margins, thin: (g,)."""

    people: People
    of: Ints
    margins: Money
    thin: Flags

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
        return valued(customer, made, given, self.thin[self.of[person]], by_contract=False)


def _seen_years(histories: Histories, day: int) -> float:
    return float(day + 1 - histories.day.min()) / DAYS_PER_YEAR if len(histories.day) else 0.0
