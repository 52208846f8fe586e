"""The leaf of detection: rules applied to histories and to what else is known."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import numpy as np

from analysis import value
from analysis.defection.episodes import Episodes as FoundEpisodes
from analysis.defection.histories import NEVER as NEVER
from analysis.defection.histories import Histories
from analysis.defection.known import numbers_in
from analysis.defection.lapse import interval_of
from analysis.defection.rules import detect, rule_from
from analysis.defection.states import STATE_NAMES as STATE_NAMES
from analysis.defection.states import States as States
from analysis.defection.states import states as states_of
from survey.analyst import Episodes, Flags, Ints, Population, Rule, Visits, day_number
from survey.analyst.known import NOTHING as NOTHING
from survey.analyst.known import Answers as Answers
from survey.analyst.known import Asks as Asks
from survey.analyst.known import Contracts as Contracts
from survey.analyst.known import Facts as Facts
from survey.analyst.known import Fitted as Fitted
from survey.analyst.known import histories_of, known_from


def check_rule(rule: Rule) -> None:
    """Raise ValueError, in words, when the rule cannot be applied."""
    rule_from(rule.kind, rule.parameters)


def asks(rule: Rule) -> Asks:
    """What the rule must be told besides visits. Raises ValueError where it cannot be applied."""
    made = rule_from(rule.kind, rule.parameters)
    return Asks(made.needs, made.watched)


def population(visits: Visits, rule: Rule, as_of: date, facts: Facts = NOTHING) -> Population:
    """The population's interval, and the remaining years by its yearly rate of defection."""
    day, made = day_number(as_of), rule_from(rule.kind, rule.parameters)
    known = histories_of(visits).until(day)
    if known.size == 0:
        return Population(None, value.SHORTEST_YEARS)
    gone = who_came(detect(known, made, day, known=known_from(facts)), known)
    # A customer who left on the day of the first visit was observed for no time at all.
    years = max(value.customer_years(known, gone, day), 1 / value.DAYS_PER_YEAR)
    return Population(interval_of(known), float(value.remaining_years(len(gone), years)))


def usual_interval(visits: Visits) -> float | None:
    """The population's usual interval between these visits, in days; None where nobody came twice."""
    return interval_of(histories_of(visits))


def find_episodes(visits: Visits, rule: Rule, as_of: date, interval: float | None, facts: Facts = NOTHING) -> Episodes:
    """Every time a customer was gone by the rule, as known at the end of `as_of`; `interval` is the population's."""
    histories = histories_of(visits)
    made = rule_from(rule.kind, rule.parameters)
    found = detect(histories, made, day_number(as_of), interval, known_from(facts))
    spend = _yearly_spend(histories, found.customer, found.last_visit_day)
    days = (found.last_visit_day, found.defected_day, found.returned_day)
    return Episodes(found.customer, *days, np.rint(spend * 100).astype(np.int64))


@dataclass(frozen=True, eq=False)
class Applied:
    """A rule with what it leans on: the population's interval, and the facts of the customers it is applied to."""

    rule: Rule
    interval: float | None
    facts: Facts = NOTHING


def states(visits: Visits, applied: Applied, as_of: date) -> States:
    """Where each of these customers stands by a rule at the end of `as_of`, and since when: as `analysis` gives it."""
    made = rule_from(applied.rule.kind, applied.rule.parameters)
    known = replace(known_from(applied.facts), interval=applied.interval)
    return states_of(histories_of(visits), made, day_number(as_of), known)


def who_came(found: FoundEpisodes, histories: Histories) -> FoundEpisodes:
    """Only the episodes of customers with visits."""
    _, came = numbers_in(histories.customer[histories.first], found.customer)
    return found if came.all() else numbered(found, came)


def numbered(found: FoundEpisodes, kept: Flags) -> FoundEpisodes:
    customer = found.customer[kept]
    starts = np.flatnonzero(np.diff(customer, prepend=-1))
    counts = np.diff(np.append(starts, len(customer)))
    number = np.arange(len(customer), dtype=np.int64) - np.repeat(starts, counts) + 1
    columns = (found.last_visit_day, found.defected_day, found.returned_day)
    return FoundEpisodes(customer, number, *(column[kept] for column in columns))


def _yearly_spend(histories: Histories, customer: Ints, last_visit_day: Ints) -> Any:
    """(n,) as `value.yearly_spend`; nothing of who never came, but had a contract or gave an answer."""
    _, came = numbers_in(histories.customer[histories.first], customer)
    spend = np.zeros(len(customer), dtype=np.float64)
    spend[came] = value.yearly_spend(histories, customer[came], last_visit_day[came])
    return spend
