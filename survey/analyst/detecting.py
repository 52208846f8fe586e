"""The leaf of detection: rules applied to histories and to what else is known, and tried before they are saved."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Any

import numpy as np

from analysis import value
from analysis.defection import trying
from analysis.defection.buying.storing import buying_model_from
from analysis.defection.episodes import Episodes as FoundEpisodes
from analysis.defection.histories import NEVER as NEVER
from analysis.defection.histories import Histories
from analysis.defection.known import Answers as Answers
from analysis.defection.known import Contracts as Contracts
from analysis.defection.known import FittedForecast, Known, numbers_in
from analysis.defection.lapse import interval_of
from analysis.defection.rules import detect, rule_from
from analysis.defection.spells import Spells, spells_of
from analysis.defection.states import STATE_NAMES as STATE_NAMES
from analysis.defection.states import States as States
from analysis.defection.states import states as states_of
from analysis.defection.trying import FalseAlarms as FalseAlarms
from analysis.defection.trying import Quartiles as Quartiles
from analysis.rates import Periods, period_rates
from survey.analyst import EPOCH, STILL_GONE, Episodes, Flags, Ints, Population, Rule, Visits, day_number


@dataclass(frozen=True, eq=False)
class Facts:
    """What rules may lean on besides visits. A part that is None or absent is not known.

    services: the purchases of each service alone. service_intervals: the population's usual interval between them, in
    days. model: a fitted model of repeat buying as it was stored, and the days in its unit of time.
    """

    contracts: Contracts | None = None
    answers: Answers | None = None
    services: Mapping[str, Visits] = field(default_factory=dict)
    service_intervals: Mapping[str, float | None] = field(default_factory=dict)
    model: Mapping[str, Any] | None = None
    unit_days: float = 7.0

    def only(self, customer_ids: Ints) -> Facts:
        """What is known of some of the customers."""
        contracts, answers = self.contracts, self.answers
        if contracts is not None:
            kept = np.isin(contracts.customer, customer_ids)
            columns = (contracts.customer, contracts.start, contracts.until, contracts.cancelled, contracts.known_from)
            contracts = Contracts(*(column[kept] for column in columns))
        if answers is not None:
            kept = np.isin(answers.customer, customer_ids)
            answers = Answers(answers.customer[kept], answers.day[kept], answers.share[kept])
        services = {name: visits.only(customer_ids) for name, visits in self.services.items()}
        return replace(self, contracts=contracts, answers=answers, services=services)


NOTHING = Facts()


@dataclass(frozen=True)
class Asks:
    """What a rule must be told besides visits: of interval, contracts, answers, services, forecast; and of which
    services."""

    needs: frozenset[str]
    services: frozenset[str]


@dataclass(frozen=True)
class Example:
    """One time that a customer was called gone, and why it is shown: biggest, false_alarm, just_gone, long_gone,
    other. value: what the customer spent in the year up to the last visit."""

    customer: int
    why: str
    last_visit_on: date
    gone_on: date
    returned_on: date | None
    value: float
    visits: tuple[date, ...]


@dataclass(frozen=True)
class AgainstYear:
    """Held against a year without a visit: of `gone` who by that are gone now, `in_time` were called gone before, half
    of them `lead_days` or more before; value: what they spent in a year, value_in_time: those called in time."""

    gone: int
    in_time: int
    lead_days: float | None
    value: float
    value_in_time: float


@dataclass(frozen=True)
class Tried:
    """What a rule says of some customers as of a day.

    months: 24 first days of months, the last one perhaps not over, and new: who began to be gone in each. delay: days
    from the last visit to the day on which it fires. standing_gone: how many are gone by the rule it is held against;
    differently: gone by one of the two only; None where there is none.
    """

    customers: int
    gone: int
    months: tuple[date, ...]
    new: tuple[int, ...]
    false_alarms: FalseAlarms
    delay: Quartiles
    against_year: AgainstYear
    examples: tuple[Example, ...]
    standing_gone: int | None = None
    differently: int | None = None


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
    known = _histories(visits).until(day)
    if known.size == 0:
        return Population(None, value.SHORTEST_YEARS)
    gone = _who_came(detect(known, made, day, known=_known(facts)), known)
    # A customer who left on the day of the first visit was observed for no time at all.
    years = max(value.customer_years(known, gone, day), 1 / value.DAYS_PER_YEAR)
    return Population(interval_of(known), float(value.remaining_years(len(gone), years)))


def usual_interval(visits: Visits) -> float | None:
    """The population's usual interval between these visits, in days; None where nobody came twice."""
    return interval_of(_histories(visits))


def find_episodes(visits: Visits, rule: Rule, as_of: date, interval: float | None, facts: Facts = NOTHING) -> Episodes:
    """Every time a customer was gone by the rule, as known at the end of `as_of`; `interval` is the population's."""
    histories = _histories(visits)
    made = rule_from(rule.kind, rule.parameters)
    found = detect(histories, made, day_number(as_of), interval, _known(facts))
    spend = _yearly_spend(histories, found.customer, found.last_visit_day)
    days = (found.last_visit_day, found.defected_day, found.returned_day)
    return Episodes(found.customer, *days, np.rint(spend * 100).astype(np.int64))


def try_rule(visits: Visits, rule: Rule, as_of: date, facts: Facts = NOTHING, standing: Rule | None = None) -> Tried:
    """Try a rule on some customers, held against the one that stands. Raises ValueError where it needs what is not
    known."""
    day = day_number(as_of)
    histories, known = _histories(visits).until(day), _known(facts)
    made = rule_from(rule.kind, rule.parameters)
    trial = trying.try_definition(histories, made, day, known, _worth(histories))
    year = trial.against_year
    tried = Tried(
        customers=trial.customers,
        gone=trial.gone_now,
        months=tuple(trial.month.astype("datetime64[M]").astype("datetime64[D]").tolist()),
        new=tuple(trial.new.tolist()),
        false_alarms=trial.false_alarms,
        delay=trial.delay,
        against_year=AgainstYear(year.gone, year.in_time, year.lead.median, year.value, year.value_in_time),
        examples=tuple(_example(one) for one in trial.examples),
    )
    if standing is None:
        return tried
    now, before = (_gone(histories, one, day, known) for one in (rule, standing))
    return replace(tried, standing_gone=len(before), differently=len(np.setxor1d(now, before)))


@dataclass(frozen=True, eq=False)
class CountedRates:
    """Per period: left, of at_risk; (m,) int64 each. One definition with `survey.reports.spells`."""

    left: Ints
    at_risk: Ints

    def __add__(self, other: CountedRates) -> CountedRates:
        return CountedRates(self.left + other.left, self.at_risk + other.at_risk)


@dataclass(frozen=True, eq=False)
class Applied:
    """A rule with what it leans on: the population's interval, and the facts of the customers it is applied to."""

    rule: Rule
    interval: float | None
    facts: Facts = NOTHING


def states(visits: Visits, applied: Applied, as_of: date) -> States:
    """Where each of these customers stands by a rule at the end of `as_of`, and since when: as `analysis` gives it."""
    made = rule_from(applied.rule.kind, applied.rule.parameters)
    known = replace(_known(applied.facts), interval=applied.interval)
    return states_of(_histories(visits), made, day_number(as_of), known)


def rate_counts(
    visits: Visits, applied: Applied, as_of: date, months: Sequence[tuple[date, date]], group: Mapping[int, Ints]
) -> dict[int, CountedRates]:
    """Who was at risk and who left in each of some periods, had this rule held for the whole history.

    `group`: the customers of each group, such as a branch; the counts of each, and of all under the key 0. Counts of
    batches add up. Customers who never came are in no spell, as in the rate of the pages.
    """
    day = day_number(as_of)
    histories = _histories(visits).until(day)
    first, last = (np.array([day_number(month[end]) for month in months], dtype=np.int64) for end in (0, 1))
    periods = Periods(first, last)
    made = rule_from(applied.rule.kind, applied.rule.parameters)
    found = detect(histories, made, day, applied.interval, _known(applied.facts))
    spells = spells_of(histories, _in_their_spells(_who_came(found, histories), histories), day)
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
    return _numbered(found, kept)


def _who_came(found: FoundEpisodes, histories: Histories) -> FoundEpisodes:
    """Only the episodes of customers with visits."""
    _, came = numbers_in(histories.customer[histories.first], found.customer)
    return found if came.all() else _numbered(found, came)


def _numbered(found: FoundEpisodes, kept: Flags) -> FoundEpisodes:
    customer = found.customer[kept]
    starts = np.flatnonzero(np.diff(customer, prepend=-1))
    counts = np.diff(np.append(starts, len(customer)))
    number = np.arange(len(customer), dtype=np.int64) - np.repeat(starts, counts) + 1
    columns = (found.last_visit_day, found.defected_day, found.returned_day)
    return FoundEpisodes(customer, number, *(column[kept] for column in columns))


def _gone(histories: Histories, rule: Rule, day: int, known: Known) -> Ints:
    found = detect(histories, rule_from(rule.kind, rule.parameters), day, known=known)
    gone: Ints = found.customer[found.is_open]
    return gone


def _worth(histories: Histories) -> trying.Worth:
    """What each spent in the year up to the last visit."""
    who = histories.customer[histories.first]
    return trying.Worth(who, value.yearly_spend(histories, who, histories.day[histories.last]))


def _yearly_spend(histories: Histories, customer: Ints, last_visit_day: Ints) -> Any:
    """(n,) as `value.yearly_spend`; nothing of who never came, but had a contract or gave an answer."""
    _, came = numbers_in(histories.customer[histories.first], customer)
    spend = np.zeros(len(customer), dtype=np.float64)
    spend[came] = value.yearly_spend(histories, customer[came], last_visit_day[came])
    return spend


def _known(facts: Facts) -> Known:
    forecast = None
    if facts.model is not None:
        forecast = FittedForecast(buying_model_from(facts.model), facts.unit_days)
    return Known(
        contracts=facts.contracts,
        answers=facts.answers,
        services={name: _histories(visits) for name, visits in facts.services.items()},
        service_intervals=facts.service_intervals,
        forecast=forecast,
    )


def _example(one: Any) -> Example:
    return Example(
        customer=one.customer,
        why=one.why,
        last_visit_on=_date(one.last_visit_day),
        gone_on=_date(one.defected_day),
        returned_on=None if one.returned_day == STILL_GONE else _date(one.returned_day),
        value=one.value,
        visits=tuple(map(_date, one.visit_days)),
    )


def _date(day: int) -> date:
    return EPOCH + timedelta(days=day)


def _histories(visits: Visits) -> Histories:
    return Histories(visits.customer, visits.day, visits.cents / 100)
