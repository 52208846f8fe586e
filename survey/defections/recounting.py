"""The rate as it would have been, had one definition held for the whole history: so that no break lies in it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

import numpy as np
from sqlalchemy import func, select, true

from survey.analyst import Ints, detecting
from survey.analyst.detecting import Applied
from survey.analyst.recounting import CountedRates, rate_counts
from survey.customers.models import Customer, CustomerHistory
from survey.defections import definitions
from survey.defections.days import rows_of
from survey.defections.detection import SAMPLE
from survey.defections.facts import facts_of, with_intervals
from survey.defections.histories import Range, sample_of, visits_among, visits_of
from survey.defections.models import Definition
from survey.extensions import db

#: the key of the counts of all customers; the others are those of branches
EVERYBODY = 0


@dataclass(frozen=True)
class Month:
    """How many were at risk at the start of a month, and how many of them left in it."""

    first: date
    left: int
    at_risk: int


@dataclass(frozen=True)
class Recount:
    """A definition ready to be applied to all customers, whatever their segment, over all months."""

    definition_id: int
    as_of: date
    applied: Applied
    asks: detecting.Asks
    #: first and last day of each month, from that of the first visit to that of the day
    months: tuple[tuple[date, date], ...]

    def count(self, customers: Range) -> dict[int, CountedRates]:
        """The counts of a batch, by branch and of everybody. Reads only, a query for each kind of fact."""
        facts = facts_of(customers.among, self.asks, self.as_of)
        applied = replace(self.applied, facts=self.applied.facts.shared_with(facts))
        visits = visits_of(customers, self.as_of)
        return rate_counts(visits, applied, self.as_of, self.months, _branches(customers))

    def told(self, counts: CountedRates) -> list[Month]:
        """Counts as months."""
        firsts = (first for first, _ in self.months)
        figures = zip(firsts, counts.left.tolist(), counts.at_risk.tolist(), strict=True)
        return [Month(first, left, at_risk) for first, left, at_risk in figures]


def prepare(definition: Definition, as_of: date) -> Recount:
    """What holds for all batches: the population's intervals, of all customers, and the months."""
    rule = definitions.rule_of(definition)
    asks = detecting.asks(rule)
    sample = sample_of(true(), SAMPLE)
    facts = with_intervals(facts_of(sample.among, asks, as_of))
    interval = detecting.usual_interval(visits_among(sample.among, as_of))
    first = db.session.scalar(select(func.min(CustomerHistory.first_on)))
    return Recount(
        definition.id, as_of, Applied(rule, interval, facts.of_all), asks, tuple(_months(first or as_of, as_of))
    )


def summed(batches: Iterable[dict[int, CountedRates]]) -> dict[int, CountedRates]:
    """The counts of all batches together."""
    total: dict[int, CountedRates] = {}
    for batch in batches:
        for key, counts in batch.items():
            total[key] = total[key] + counts if key in total else counts
    return total


def recount(definition: Definition, as_of: date, batches: Sequence[Range]) -> dict[int, list[Month]]:
    """Monthly counts under one definition, by branch and of everybody (`EVERYBODY`)."""
    ready = prepare(definition, as_of)
    return {key: ready.told(counts) for key, counts in summed(ready.count(some) for some in batches).items()}


def _months(first: date, last: date) -> Iterable[tuple[date, date]]:
    start = first.replace(day=1)
    while start <= last:
        following = (start + timedelta(days=31)).replace(day=1)
        yield start, following - timedelta(days=1)
        start = following


def _branches(customers: Range) -> dict[int, Ints]:
    query = select(Customer.branch_id, Customer.id).where(customers.among(Customer.id), Customer.branch_id.is_not(None))
    found: dict[int, list[int]] = defaultdict(list)
    for branch, customer in rows_of(query):
        found[branch].append(customer)
    return {branch: np.array(sorted(theirs), dtype=np.int64) for branch, theirs in found.items()}


def figure_name(definition_id: int) -> str:
    """What the stored figure is called."""
    return f"rate_under:{definition_id}"
