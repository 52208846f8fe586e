"""Who of those who were gone has come back, and on which day."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date

import numpy as np
from sqlalchemy import func, select

from survey import analyst
from survey.analyst import STILL_GONE, Flags, Ints, Visits, detecting
from survey.analyst.detecting import Facts
from survey.defections.days import column, day_in, plain_rows_of
from survey.defections.facts import facts_of, with_intervals
from survey.defections.histories import Range
from survey.defections.models import Defection, Definition
from survey.extensions import db


@dataclass(frozen=True, eq=False)
class Standing:
    """The latest stored episode of each customer who has one: int64 columns, sorted by customer.

    Days are since 1970-01-01; returned_day is `STILL_GONE` while the episode is open. definition_id: what it was
    labelled by, which may no longer be in force.
    """

    customer: Ints
    number: Ints
    last_visit_day: Ints
    defected_day: Ints
    returned_day: Ints
    definition_id: Ints

    def place_of(self, customer: Ints) -> tuple[Ints, Flags]:
        """(n,) the row of each customer, and whether there is one; where there is none, the row means nothing."""
        if not len(self.customer):
            return np.zeros(len(customer), dtype=np.int64), np.zeros(len(customer), dtype=bool)
        row = np.minimum(np.searchsorted(self.customer, customer), len(self.customer) - 1)
        return row, self.customer[row] == customer

    def ended(self, returns: Returns) -> Standing:
        """The same, with those who came back no longer gone."""
        row, _ = self.place_of(returns.customer)
        returned_day = self.returned_day.copy()
        returned_day[row] = returns.day
        return replace(self, returned_day=returned_day)

    def at(self, rows: Flags) -> Standing:
        """Some of the rows."""
        return Standing(*(getattr(self, name)[rows] for name in self.__dataclass_fields__))


@dataclass(frozen=True, eq=False)
class Returns:
    """Who came back, and on which day: (n,) int64 each."""

    customer: Ints
    day: Ints

    def __len__(self) -> int:
        return len(self.customer)


@dataclass(frozen=True)
class Batch:
    """Some customers, as of a day."""

    customers: Range
    as_of: date


def standing_in(customers: Range) -> Standing:
    """The latest stored episode of each customer of the range who has one."""
    on_days = [day_in(on) for on in (Defection.last_visit_on, Defection.defected_on, Defection.returned_on)]
    on_days[2] = func.coalesce(on_days[2], STILL_GONE)
    query = (
        select(Defection.customer_id, Defection.episode, *on_days, Defection.definition_id)
        .where(customers.among(Defection.customer_id))
        .order_by(Defection.customer_id, Defection.episode)
    )
    rows = plain_rows_of(query)
    every = Standing(*(column(rows, place) for place in range(6)))
    return every.at(np.diff(every.customer, append=-1) != 0)


@dataclass(frozen=True)
class Leaning:
    """What a definition leans on in a batch: the population's usual interval, and what is known besides visits."""

    interval: float | None = None
    facts: Facts = detecting.NOTHING


def returns_of(standing: Standing, visits: Visits, batch: Batch, known: Mapping[int, Leaning]) -> Returns:
    """The day on which each customer came back, for those whose episode is open and who did.

    A lapse ends with the next visit. Any other episode ends when the rule that labelled it no longer holds, whether
    or not that rule is still in force. `known`: what the definitions in force lean on; of others it is read here.
    """
    gone = standing.at(
        (standing.returned_day == STILL_GONE) & (standing.defected_day <= analyst.day_number(batch.as_of))
    )
    labels = np.unique(gone.definition_id).tolist()
    definitions = {d.id: d for d in db.session.scalars(select(Definition).where(Definition.id.in_(labels)))}
    found = []
    for label in labels:
        rule = analyst.Rule(definitions[label].kind, definitions[label].parameters)
        theirs = gone.at(gone.definition_id == label)
        if rule.kind == "lapse":
            found.append(_next_visits(theirs, visits))
            continue
        leaning = known.get(label) or _leaning(rule, batch)
        if leaning.facts.model is None and "forecast" in detecting.asks(rule).needs:
            continue  # no model stands that could say who is back
        found.append(_ends(theirs, detecting.find_episodes(
            visits.only(theirs.customer), rule, batch.as_of, leaning.interval, leaning.facts.only(theirs.customer)
        )))  # fmt: skip
    none = np.zeros(0, dtype=np.int64)
    columns = (np.concatenate([none, *(getattr(one, name) for one in found)]) for name in ("customer", "day"))
    return Returns(*columns)


def _leaning(rule: analyst.Rule, batch: Batch) -> Leaning:
    """What a rule that is no longer in force leans on: the batch stands for the population."""
    return Leaning(None, with_intervals(facts_of(batch.customers.among, detecting.asks(rule), batch.as_of)))


def _next_visits(gone: Standing, visits: Visits) -> Returns:
    back = visits.first_after(gone.customer, gone.last_visit_day)
    came = back != STILL_GONE
    # A visit that was imported late may lie before the day of defection: then nobody was ever gone.
    return Returns(gone.customer[came], np.maximum(back, gone.defected_day)[came])


def _ends(gone: Standing, found: analyst.Episodes) -> Returns:
    """Where the episode that stands is found no more, what was imported since says that the rule did not hold on its
    day, and it ends on that day."""
    row, _ = gone.place_of(found.customer)
    later = (found.returned_day == STILL_GONE) | (found.returned_day > gone.defected_day[row])
    customer, first = np.unique(found.customer[later], return_index=True)
    row, _ = gone.place_of(customer)
    stands = found.defected_day[later][first] <= gone.defected_day[row]
    ends = gone.defected_day.copy()
    ends[row[stands]] = found.returned_day[later][first][stands]
    over = ends != STILL_GONE
    return Returns(gone.customer[over], ends[over])
