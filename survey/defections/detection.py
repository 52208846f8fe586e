"""Who has defected: histories, put to the rules in force, become episodes; and who has come back.

A batch goes in two steps, so that nobody waits while it thinks: `look` only reads, `store` only writes. Running
either again adds nothing. Both work on whole columns: nothing is done customer by customer.
"""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from itertools import count
from operator import itemgetter
from typing import Any

import numpy as np
from sqlalchemy import Float, cast, func, select

from survey import analyst
from survey.analyst import STILL_GONE, Flags, Ints, Visits, detecting
from survey.analyst.detecting import Asks, Facts
from survey.customers.models import Customer
from survey.defections import definitions
from survey.defections.days import column, plain_rows_of
from survey.defections.facts import facts_of, with_intervals
from survey.defections.histories import Range, sample_of, visits_among, visits_of
from survey.defections.models import Definition
from survey.defections.returns import Batch, Leaning, Standing, returns_of, standing_in
from survey.defections.states import Stands, moves, stands
from survey.defections.storing import GIVEN_VALUE as GIVEN_VALUE
from survey.defections.storing import OWN_SPEND as OWN_SPEND
from survey.defections.storing import Findings as Findings
from survey.defections.storing import Found
from survey.defections.storing import Noticed as Noticed
from survey.defections.storing import Stored as Stored
from survey.defections.storing import store as store
from survey.extensions import db

#: customers by whom the population is judged
SAMPLE = 50_000
#: customers that are looked at together
BATCH = 20_000
#: of a rule that cannot be applied
NOBODY = analyst.Population(None, 0.0)


@dataclass(frozen=True)
class AppliedRule:
    """A definition in force, ready to be applied to any batch of customers as of one day."""

    definition_id: int
    segment: str
    rule: analyst.Rule
    population: analyst.Population
    #: label only who is still gone, and what began on or after this day; None: the whole history
    since: date | None
    #: that day is its own: of who was gone before it, it says that they left on it
    starts: bool = False
    asks: Asks = Asks(frozenset(), frozenset())
    #: what holds for all batches: the usual intervals between purchases of a service, and the model
    shared: Facts = detecting.NOTHING

    def facts(self, customers: Range, as_of: date) -> Facts:
        """What it must be told of the customers of a batch."""
        if not self.asks.needs and not self.asks.services:
            return detecting.NOTHING
        return self.shared.shared_with(facts_of(customers.among, self.asks, as_of))

    @property
    def lacks_a_model(self) -> bool:
        """Whether it asks what a model foretells while none stands: then it labels nobody, and nobody else does."""
        return "forecast" in self.asks.needs and self.shared.model is None


@dataclass(frozen=True, eq=False)
class _People:
    """The customers of a batch, sorted by key; segment: (c,) numbers of the names in `segments`; yearly_cents: (c,)
    float64, NaN where the business gave no value. erased: the keys of those who were erased."""

    customer: Ints
    segment: Ints
    segments: list[str]
    yearly_cents: Any
    erased: Ints

    def labelled_by(self, rule: AppliedRule, applied: list[AppliedRule]) -> Ints:
        """Whom this rule labels: its segment, or everybody without a rule of their own."""
        own = {other.segment for other in applied if other.segment}
        wanted = [name == rule.segment if rule.segment else name not in own for name in self.segments]
        chosen: Ints = self.customer[np.array(wanted, dtype=bool)[self.segment]]
        return chosen


def rules_in_force(as_of: date) -> list[AppliedRule]:
    """The definitions that hold on a day and what they need to know of the population: once for all batches."""
    standing = definitions.in_force(as_of)
    return [applied(definition, standing, as_of) for definition in standing]


def applied(definition: Definition, standing: list[Definition], as_of: date) -> AppliedRule:
    """One definition, ready for all batches; `standing`: those that hold beside it."""
    rule = definitions.rule_of(definition)
    asks = detecting.asks(rule)
    sample = sample_of(definitions.covers(definition, standing), SAMPLE)
    facts = with_intervals(facts_of(sample.among, asks, as_of))
    without = "forecast" in asks.needs and facts.model is None
    visits = visits_among(sample.among, as_of)
    return AppliedRule(
        definition.id,
        definition.segment,
        rule,
        NOBODY if without else detecting.population(visits, rule, as_of, facts),
        definitions.labels_from(definition),
        definition.effective_on is not None,
        asks,
        facts.of_all,
    )


def batches(after_id: int = 0) -> Iterator[Range]:
    """All customers in ranges of their keys, from the range that holds the first key after `after_id`."""
    last = db.session.scalar(select(func.max(Customer.id))) or 0
    for first in range(after_id // BATCH * BATCH + 1, last + 1, BATCH):
        yield Range(first, first + BATCH - 1)


def look(customers: Range, as_of: date, applied: list[AppliedRule]) -> Findings:
    """What a batch shows up to and including `as_of`. Reads only: one query each for the histories, the
    customers, the episodes and the states that stand, however many customers there are."""
    visits, people = visits_of(customers, as_of), _people_in(customers)
    standing = standing_in(customers)
    known = {rule.definition_id: Leaning(rule.population.interval, rule.facts(customers, as_of)) for rule in applied}
    returned = returns_of(standing, visits, Batch(customers, as_of), known)
    standing = standing.ended(returned)
    new, told = [], []
    for rule in (each for each in applied if not each.lacks_a_model):
        whom = _labelled(visits, rule, applied, people)
        facts = known[rule.definition_id].facts
        if whom is not visits:
            facts = facts.only(people.labelled_by(rule, applied))
        episodes = detecting.find_episodes(whom, rule.rule, as_of, rule.population.interval, facts)
        new.append(_added_to(standing, _from_its_day(episodes, rule), rule, people))
        found = detecting.states(whom, detecting.Applied(rule.rule, rule.population.interval, facts), as_of)
        told.append(_stands(found, rule, people))
    return Findings(customers, as_of, Found.together(new), returned, moves(told, standing, customers, as_of))


def _stands(found: detecting.States, rule: AppliedRule, people: _People) -> Stands:
    """Where the customers of a rule stand, but for those who were erased."""
    from_day = analyst.day_number(rule.since) if rule.since is not None and rule.starts else None
    told = stands(found, from_day)
    return told.at(~np.isin(told.customer, people.erased)) if len(people.erased) else told


def _from_its_day(episodes: analyst.Episodes, rule: AppliedRule) -> analyst.Episodes:
    """Whoever was gone when the rule began to hold left on that day: the months before stay as they were."""
    if rule.since is None or not rule.starts:
        return episodes
    first = analyst.day_number(rule.since)
    over = (episodes.returned_day != STILL_GONE) & (episodes.returned_day <= first)
    columns = (episodes.customer, episodes.last_visit_day, np.maximum(episodes.defected_day, first))
    kept = (column[~over] for column in (*columns, episodes.returned_day, episodes.yearly_cents))
    return analyst.Episodes(*kept)


def _people_in(customers: Range) -> _People:
    cents = cast(Customer.yearly_value, Float) * 100
    query = select(Customer.id, Customer.segment, cents, Customer.erased_at.is_not(None)).where(
        Customer.id.between(customers.first_id, customers.last_id)
    )
    rows = plain_rows_of(query.order_by(Customer.id))
    number: dict[str, int] = defaultdict(count().__next__)
    segment = np.fromiter(map(number.__getitem__, map(itemgetter(1), rows)), dtype=np.int64, count=len(rows))
    worth = np.rint(np.array([row[2] for row in rows], dtype=np.float64))
    keys, erased = column(rows, 0), column(rows, 3).astype(bool)
    return _People(keys, segment, list(number), worth, keys[erased])


def _labelled(visits: Visits, rule: AppliedRule, applied: list[AppliedRule], people: _People) -> Visits:
    if len(applied) == 1 and not rule.segment:
        return visits
    return visits.only(people.labelled_by(rule, applied))


def _added_to(standing: Standing, episodes: analyst.Episodes, rule: AppliedRule, people: _People) -> Found:
    """The episodes that are new, numbered and valued.

    Only what begins after the last stored one ended is new: what was labelled once is never relabelled. The episodes
    of a rule do not overlap, and each customer has one rule, so what follows a new one is new too.
    """
    row, stands = standing.place_of(episodes.customer)
    is_new = ~stands
    number = np.zeros(len(episodes), dtype=np.int64)
    if stands.any():
        ended = standing.returned_day[row]
        is_new |= (ended != STILL_GONE) & (episodes.defected_day > ended)
        number = np.where(stands, standing.number[row], 0)
    kept = np.flatnonzero(is_new & _is_labelled(episodes, rule))
    return _valued(episodes, kept, number[kept] + _count_up(episodes.customer[kept]), rule, people)


def _is_labelled(episodes: analyst.Episodes, rule: AppliedRule) -> Flags:
    if rule.since is None:
        return np.ones(len(episodes), dtype=bool)
    began_since: Flags = episodes.defected_day >= analyst.day_number(rule.since)
    is_open: Flags = episodes.returned_day == STILL_GONE
    return is_open | began_since


def _count_up(customer: Ints) -> Ints:
    """(n,) 1, 2, ... within each customer of a sorted column."""
    starts = np.flatnonzero(np.diff(customer, prepend=-1))
    counts = np.diff(np.append(starts, len(customer)))
    return np.arange(1, len(customer) + 1) - np.repeat(starts, counts)


def _valued(episodes: analyst.Episodes, kept: Ints, number: Ints, rule: AppliedRule, people: _People) -> Found:
    customer, years = episodes.customer[kept], rule.population.remaining_years
    given = people.yearly_cents[np.searchsorted(people.customer, customer)]
    is_given = ~np.isnan(given)
    yearly = np.where(is_given, np.nan_to_num(given), episodes.yearly_cents[kept]).astype(np.int64)
    return Found(
        customer=customer,
        definition_id=np.full(len(kept), rule.definition_id),
        number=number,
        last_visit_day=episodes.last_visit_day[kept],
        defected_day=episodes.defected_day[kept],
        returned_day=episodes.returned_day[kept],
        yearly_cents=yearly,
        lost_cents=analyst.lost_cents(yearly, years),
        remaining_years=np.full(len(kept), years),
        is_given=is_given,
    )
