"""Work out the rate as it would have been under one definition, for all, each branch and each segment; and keep it."""

from collections.abc import Iterator
from dataclasses import asdict
from datetime import date
from typing import Any

from sqlalchemy import select

from survey.analyst.recounting import CountedRates
from survey.clock import now, today
from survey.customers import histories
from survey.customers.models import Branch
from survey.database import committed, reading
from survey.defections import definitions, detection, recounting
from survey.defections.histories import Range
from survey.defections.models import Definition
from survey.defections.recounting import Month, Recount
from survey.extensions import db
from survey.jobs.models import Job
from survey.reports.models import StoredFigure
from survey.reports.rate.scopes import groups_stored, scope_of


class NoSuchDefinition(ValueError):
    """The definition that was asked for does not exist."""


def run(job: Job | None = None) -> dict[str, Any]:
    """Under the definition that the job names, else the general one that holds today, as of today.

    Thinks outside the write gate; what it stores takes the place of what stood.
    """
    arguments = job.arguments if job else {}
    as_of = date.fromisoformat(arguments["as_of"]) if arguments.get("as_of") else today()
    while committed(db.session, histories.refresh_some):
        pass
    with reading():
        definition = _definition(arguments.get("definition_id"))
        ranges, groups = list(detection.batches()), _groups()
        ready = recounting.prepare(definition, as_of, {segment for _, segment in groups})
        definition_id = definition.id
        db.session.rollback()
    total = ready.summed(_counted(ready, ranges, job))
    figures = {scope_of(*group): ready.told(total, *group) for group in groups}
    committed(db.session, lambda: _keep(definition_id, as_of, figures))
    return {"months": len(ready.months), "as_of": as_of.isoformat()}


def _groups() -> list[tuple[int | None, str]]:
    """Everybody, each branch, and the segments that have figures of their own."""
    branches = db.session.scalars(select(Branch.id).order_by(Branch.id))
    return [(None, ""), *((key, "") for key in branches), *(each for each in groups_stored() if each[1])]


def _counted(ready: Recount, ranges: list[Range], job: Job | None) -> Iterator[CountedRates]:
    for customers in ranges:
        with reading():
            counts = ready.count(customers)
            db.session.rollback()
        if job:
            job.done, job.total = customers.last_id, ranges[-1].last_id
            db.session.commit()
        yield counts


def _definition(definition_id: int | None) -> Definition:
    found = db.session.get(Definition, definition_id) if definition_id else definitions.standing_for("")
    if found is None:
        raise NoSuchDefinition("There is no such definition.")
    return found


def _keep(definition_id: int, as_of: date, figures: dict[str, list[Month]]) -> None:
    """By scope; those of branches and segments that have none any more go."""
    name = recounting.figure_name(definition_id)
    standing = {f.scope: f for f in db.session.scalars(select(StoredFigure).where(StoredFigure.name == name))}
    for scope, months in figures.items():
        figure = standing.pop(scope, None) or StoredFigure(name=name, scope=scope)
        figure.as_of, figure.created_at = as_of, now()
        figure.payload = {
            "definition_id": definition_id,
            "months": [asdict(month) | {"first": month.first.isoformat()} for month in months],
        }
        db.session.add(figure)
    for figure in standing.values():
        db.session.delete(figure)
