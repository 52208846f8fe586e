"""Who of those who were gone has come back, and on which day."""

from dataclasses import dataclass
from datetime import date

from sqlalchemy import func, select

from survey import analyst
from survey.analyst import Population, Visits
from survey.defections.histories import Range, first_visit_after, only
from survey.defections.models import Defection, Definition
from survey.extensions import db


@dataclass(frozen=True)
class Standing:
    """The latest episode of a customer that is stored, or about to be."""

    number: int
    last_visit_on: date
    defected_on: date
    returned_on: date | None
    #: what it was labelled by, which may no longer be in force
    rule: analyst.Rule


def standing_in(customers: Range) -> dict[int, Standing]:
    """The latest stored episode of each customer of the range who has one."""
    within = Defection.customer_id.between(customers.first_id, customers.last_id)
    latest = (
        select(Defection.customer_id, func.max(Defection.episode).label("episode"))
        .where(within)
        .group_by(Defection.customer_id)
        .subquery()
    )
    query = (
        select(
            Defection.customer_id,
            Defection.episode,
            Defection.last_visit_on,
            Defection.defected_on,
            Defection.returned_on,
            Defection.definition_id,
        )
        .join(latest, Defection.customer_id == latest.c.customer_id)
        .where(within, Defection.episode == latest.c.episode)
    )
    rules = {d.id: analyst.Rule(d.kind, d.parameters) for d in db.session.scalars(select(Definition))}
    return {row[0]: Standing(*row[1:5], rules[row[5]]) for row in db.session.execute(query)}


def returns_of(standing: dict[int, Standing], visits: Visits, as_of: date) -> dict[int, date]:
    """The day on which each customer came back, for those whose episode is open and who did.

    A lapse ends with the next visit. Any other episode ends when the rule that labelled it no longer holds.
    """
    gone = {c: s for c, s in standing.items() if s.returned_on is None and s.defected_on <= as_of}
    lapsed = {c: s.last_visit_on for c, s in gone.items() if s.rule.kind == "lapse"}
    back = first_visit_after(visits, lapsed)
    # A visit that was imported late may lie before the day of defection: then nobody was ever gone.
    found = {customer: max(day, gone[customer].defected_on) for customer, day in back.items()}
    rules: list[analyst.Rule] = []
    for stands in gone.values():
        if stands.rule.kind != "lapse" and stands.rule not in rules:
            rules.append(stands.rule)
    for rule in rules:
        found |= _ended({c: s for c, s in gone.items() if s.rule == rule}, rule, visits, as_of)
    return found


def _ended(gone: dict[int, Standing], rule: analyst.Rule, visits: Visits, as_of: date) -> dict[int, date]:
    nobody = Population(interval=None, remaining_years=0.0)
    holds: dict[int, analyst.Episode] = {}
    for episode in analyst.find_episodes(only(visits, set(gone)), rule, as_of, nobody):
        if episode.returned_on is None or episode.returned_on > gone[episode.customer_id].defected_on:
            holds.setdefault(episode.customer_id, episode)
    ends: dict[int, date] = {}
    for customer, stands in gone.items():
        found = holds.get(customer)
        if found is None or found.defected_on > stands.defected_on:
            # What was imported since says that the rule did not hold on that day.
            ends[customer] = stands.defected_on
        elif found.returned_on is not None:
            ends[customer] = found.returned_on
    return ends
