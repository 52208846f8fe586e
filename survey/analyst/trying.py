"""A rule tried on some customers before it is saved."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

import numpy as np

from analysis import value
from analysis.defection import trying
from analysis.defection.histories import Histories
from analysis.defection.known import Known
from analysis.defection.rules import detect, rule_from
from analysis.defection.trying import FalseAlarms as FalseAlarms
from analysis.defection.trying import Quartiles as Quartiles
from survey.analyst import EPOCH, STILL_GONE, Ints, Rule, Visits, day_number
from survey.analyst.known import NOTHING, Facts, histories_of, known_from


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


def try_rule(visits: Visits, rule: Rule, as_of: date, facts: Facts = NOTHING, standing: Rule | None = None) -> Tried:
    """Try a rule on some customers, held against the one that stands. Raises ValueError where it needs what is not
    known."""
    day = day_number(as_of)
    histories, known = histories_of(visits).until(day), known_from(facts)
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


def _gone(histories: Histories, rule: Rule, day: int, known: Known) -> Ints:
    found = detect(histories, rule_from(rule.kind, rule.parameters), day, known=known)
    gone: Ints = found.customer[found.is_open]
    return gone


def _worth(histories: Histories) -> trying.Worth:
    """What each spent in the year up to the last visit."""
    who = histories.customer[histories.first]
    return trying.Worth(who, value.yearly_spend(histories, who, histories.day[histories.last]))


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
