"""A shop whose customers live as a test says, with histories kept as an import keeps them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import select

from survey.customers import histories
from survey.customers.models import Employee
from survey.extensions import db
from survey.jobs.tasks import figures as task
from survey.reports.rate import figures
from tests import stories


@dataclass(frozen=True)
class Life:
    """visits: days; gone: for each episode the last visit, the day of departure and the day of return, or None."""

    visits: Sequence[date]
    gone: Sequence[tuple[date, date, date | None]] = ()
    branch: str = ""
    served_by: str = ""
    team: str = ""
    more: tuple[tuple[str, Any], ...] = ()


def add(*lives: Life) -> list[int]:
    """Store these customers; gives their ids. Commits."""
    ids = [_add(life) for life in lives]
    histories.mark(ids)
    db.session.commit()
    while histories.refresh_some():
        db.session.commit()
    db.session.commit()
    return ids


def _add(life: Life) -> int:
    branch_id = stories.branch(life.branch).id if life.branch else None
    who = stories.customer(**{"branch_id": branch_id, "joined_on": None} | dict(life.more))
    for on in life.visits:
        stories.visit(who, on).employee_id = _employee(life.served_by, life.team) if life.served_by else None
    for number, (last, on, back) in enumerate(life.gone, 1):
        stories.defection(who, on, episode=number, last_visit_on=last, returned_on=back)
    return who.id


def _employee(name: str, team: str) -> int:
    found = db.session.scalar(select(Employee).where(Employee.name == name)) or Employee(name=name)
    found.team = team
    db.session.add(found)
    db.session.flush()
    return found.id


def worked(scope: str = "") -> Any:
    """Run the job; the figures that it stored."""
    task.run()
    return figures.stored(scope)
