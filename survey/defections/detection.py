"""Who has defected: histories, put to the rules in force, become episodes; and who has come back.

A batch goes in two steps, so that nobody waits while it thinks: `look` only reads, `store` only writes. Running
either again adds nothing.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import func, insert, select, update

from survey import analyst
from survey.analyst import Visits
from survey.clock import local, now
from survey.customers.models import Customer
from survey.defections import definitions
from survey.defections.histories import Range, only, visits_of, visits_of_sample
from survey.defections.models import Defection
from survey.defections.returns import Standing, returns_of, standing_in
from survey.extensions import db

#: customers by whom the population is judged
SAMPLE = 50_000
BATCH = 10_000

#: how a lost value was come by: from the own purchases, or from what the business said the customer is worth
OWN_SPEND = "own_spend"
GIVEN_VALUE = "given_value"


@dataclass(frozen=True)
class AppliedRule:
    """A definition in force, ready to be applied to any batch of customers as of one day."""

    definition_id: int
    segment: str
    rule: analyst.Rule
    population: analyst.Population
    #: label only who is still gone, and what began on or after this day; None: the whole history
    since: date | None


@dataclass(frozen=True)
class Found:
    """An episode to be stored, with its value."""

    applied: AppliedRule
    episode: analyst.Episode
    number: int
    yearly_spend: Decimal
    lost_value: Decimal
    value_method: str


@dataclass(frozen=True)
class Findings:
    """What `look` saw in a batch: episodes to be stored, and the day on which each customer came back."""

    as_of: date
    new: list[Found]
    returned: dict[int, date]


@dataclass(frozen=True)
class Noticed:
    """A defection that was stored just now."""

    defection_id: int
    customer_id: int
    defected_on: date
    is_open: bool


@dataclass(frozen=True)
class Stored:
    """What came of a batch."""

    new: list[Noticed]
    returned: int


@dataclass(frozen=True)
class _Person:
    segment: str
    yearly_value: Decimal | None


def rules_in_force(as_of: date) -> list[AppliedRule]:
    """The definitions in force and what they need to know of the population: computed once for all batches."""
    standing = definitions.in_force()
    applied = []
    for definition in standing:
        rule = definitions.rule_of(definition)
        scope = definitions.covers(definition, standing)
        population = analyst.population(visits_of_sample(scope, as_of, SAMPLE), rule, as_of)
        late = definitions.labelling_began_before(definition)
        since = local(definition.created_at).date() if late else None
        applied.append(AppliedRule(definition.id, definition.segment, rule, population, since))
    return applied


def batches(after_id: int = 0) -> Iterator[Range]:
    """All customers in ranges of their keys, from the range that holds the first key after `after_id`."""
    last = db.session.scalar(select(func.max(Customer.id))) or 0
    for first in range(after_id // BATCH * BATCH + 1, last + 1, BATCH):
        yield Range(first, first + BATCH - 1)


def look(customers: Range, as_of: date, applied: list[AppliedRule]) -> Findings:
    """What a batch shows up to and including `as_of`. Reads only: one query each for the histories, the
    customers and the episodes that stand, however many customers there are."""
    visits, people = visits_of(customers, as_of), _people_in(customers)
    standing = standing_in(customers)
    returned = returns_of(standing, visits, as_of)
    for customer, day in returned.items():
        standing[customer] = replace(standing[customer], returned_on=day)
    new: list[Found] = []
    for rule in applied:
        labelled = _labelled(visits, rule, applied, people)
        episodes = analyst.find_episodes(labelled, rule.rule, as_of, rule.population)
        new += _valued(_added_to(standing, episodes, rule), rule, people)
    return Findings(as_of, new, returned)


def store(findings: Findings) -> Stored:
    """Store what `look` saw. What another run stored in the meantime is left as it stands. Flushes."""
    returned = _store_returns(findings.returned)
    fresh = _not_yet_stored(findings.new)
    if not fresh:
        return Stored([], returned)
    # As rows of the table: objects would be inserted one statement for every change between open and closed.
    db.session.execute(insert(Defection.metadata.tables["defection"]), [_row(found, findings.as_of) for found in fresh])
    keys = _keys_of({found.episode.customer_id for found in fresh})
    return Stored([_noticed(keys, found) for found in fresh], returned)


def _people_in(customers: Range) -> dict[int, _Person]:
    query = select(Customer.id, Customer.segment, Customer.yearly_value).where(
        Customer.id.between(customers.first_id, customers.last_id)
    )
    return {key: _Person(segment, worth) for key, segment, worth in db.session.execute(query)}


def _labelled(visits: Visits, rule: AppliedRule, applied: list[AppliedRule], people: dict[int, _Person]) -> Visits:
    """The visits of those whom this rule labels: its segment, or everybody without a rule of their own."""
    if len(applied) == 1 and not rule.segment:
        return visits
    own = {other.segment for other in applied if other.segment}
    if rule.segment:
        return only(visits, {key for key, person in people.items() if person.segment == rule.segment})
    return only(visits, {key for key, person in people.items() if person.segment not in own})


def _added_to(
    standing: dict[int, Standing], episodes: list[analyst.Episode], rule: AppliedRule
) -> list[tuple[int, analyst.Episode]]:
    """The episodes that are new, numbered; each becomes the one that stands. Episodes come by date, and only
    what begins after the last one ended is new: what was labelled once is never relabelled."""
    new = []
    for episode in episodes:
        last = standing.get(episode.customer_id)
        if not _comes_after(episode, last) or not _is_labelled(episode, rule):
            continue
        number = last.number + 1 if last else 1
        standing[episode.customer_id] = Standing(
            number, episode.last_visit_on, episode.defected_on, episode.returned_on, rule.rule
        )
        new.append((number, episode))
    return new


def _comes_after(episode: analyst.Episode, last: Standing | None) -> bool:
    return last is None or (last.returned_on is not None and episode.defected_on > last.returned_on)


def _is_labelled(episode: analyst.Episode, rule: AppliedRule) -> bool:
    return rule.since is None or episode.returned_on is None or episode.defected_on >= rule.since


def _valued(new: list[tuple[int, analyst.Episode]], rule: AppliedRule, people: dict[int, _Person]) -> list[Found]:
    given = [people[episode.customer_id].yearly_value for _, episode in new]
    yearly = [e.yearly_spend if worth is None else worth for worth, (_, e) in zip(given, new, strict=True)]
    lost = analyst.lost_values(yearly, rule.population.remaining_years)
    methods = [OWN_SPEND if worth is None else GIVEN_VALUE for worth in given]
    return [
        Found(rule, episode, number, *value)
        for (number, episode), value in zip(new, zip(yearly, lost, methods, strict=True), strict=True)
    ]


def _store_returns(returned: dict[int, date]) -> int:
    """Only the latest episode of a customer can be open."""
    if not returned:
        return 0
    opened = select(Defection.customer_id, Defection.id).where(
        Defection.customer_id.in_(returned), Defection.returned_on.is_(None)
    )
    rows = [{"id": key, "returned_on": returned[customer]} for customer, key in db.session.execute(opened)]
    if rows:
        db.session.execute(update(Defection), rows)
    return len(rows)


def _not_yet_stored(new: list[Found]) -> list[Found]:
    customers = {found.episode.customer_id for found in new}
    query = (
        select(Defection.customer_id, func.max(Defection.episode))
        .where(Defection.customer_id.in_(customers))
        .group_by(Defection.customer_id)
    )
    highest = {customer: number for customer, number in db.session.execute(query)}
    return [found for found in new if found.number > highest.get(found.episode.customer_id, 0)]


def _row(found: Found, as_of: date) -> dict[str, Any]:
    episode = found.episode
    return {
        "customer_id": episode.customer_id,
        "definition_id": found.applied.definition_id,
        "episode": found.number,
        "last_visit_on": episode.last_visit_on,
        "defected_on": episode.defected_on,
        "noticed_on": as_of,
        "returned_on": episode.returned_on,
        "yearly_spend": found.yearly_spend,
        "remaining_years": found.applied.population.remaining_years,
        "lost_value": found.lost_value,
        "value_method": found.value_method,
        "created_at": now(),
    }


def _keys_of(customers: set[int]) -> dict[tuple[int, int], int]:
    query = select(Defection.customer_id, Defection.episode, Defection.id)
    rows = db.session.execute(query.where(Defection.customer_id.in_(customers)))
    return {(customer, number): key for customer, number, key in rows}


def _noticed(keys: dict[tuple[int, int], int], found: Found) -> Noticed:
    episode = found.episode
    key = keys[episode.customer_id, found.number]
    return Noticed(key, episode.customer_id, episode.defected_on, episode.returned_on is None)
