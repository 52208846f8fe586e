"""What the page shows somebody: the stored figures of the scope asked for, with names for what has one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import select

from survey.accounts.models import User
from survey.customers.groups import branches_for
from survey.customers.models import Employee
from survey.defections import definitions
from survey.defections.models import Definition
from survey.defections.recounting import figure_name
from survey.extensions import db
from survey.reports.lens import UnclearAddress
from survey.reports.period import Period
from survey.reports.rate.beside import POOLED
from survey.reports.rate.figures import stored
from survey.reports.rate.scopes import scope_of, segments_stored
from survey.reports.rate.staying import OTHERS

#: months that are drawn
SHOWN = 24
#: who may read the names of employees
NAMES_TO = ("administrator", "manager")
BY_DAY, BY_LAST_VISIT = "departure", "last-visit"


@dataclass(frozen=True)
class Asked:
    """What an address asks for. under: a definition under which everything was counted anew; segment: empty for all."""

    branch_id: int | None
    dated: str
    under: int | None
    segment: str = ""


@dataclass(frozen=True)
class Break:
    """The day from which another definition held; segment: of whom, empty where it was of all who are shown."""

    on: date
    name: str
    version: int
    segment: str = ""


@dataclass(frozen=True)
class Recounted:
    """All months counted anew under one definition. rates: by first day of the month, the share that left."""

    definition: Definition
    as_of: date
    rates: Mapping[date, float]


@dataclass(frozen=True)
class NamedUnit:
    """A branch, team or employee of a funnel, by name."""

    name: str
    members: int
    row: Any


@dataclass(frozen=True)
class Page:
    """figures: as `survey.reports.rate.figures.stored` gives them. recounted: None where nobody asked for it, or it is
    not there yet. branches, teams, employees: sorted by name, never by rate."""

    figures: Any
    branch: str
    breaks: list[Break]
    recounted: Recounted | None
    branches: list[NamedUnit]
    teams: list[NamedUnit]
    employees: list[NamedUnit]
    segment: str = ""

    @property
    def months(self) -> list[Any]:
        return list(self.figures.months[-SHOWN:])

    @property
    def stopped(self) -> list[Any]:
        return list(self.figures.stopped[-SHOWN:])

    @property
    def last_whole(self) -> Any:
        """The last month that is known; None before there is one."""
        whole = [month for month in self.figures.months if month.known == "whole"]
        return whole[-1] if whole else None


def asked_by(given: Mapping[str, str], user: User) -> Asked:
    """Read an address. Who is tied to branches sees one of them at a time; raises UnclearAddress."""
    branches = [key for key, _name in branches_for(user)]
    wanted = given.get("branch", "")
    if wanted and wanted not in map(str, branches):
        raise UnclearAddress(_("There is no such branch, or you may not see it."))
    branch_id = int(wanted) if wanted else None
    if branch_id is None and user.branch_ids:
        branch_id = branches[0]
    dated = given.get("dated") or BY_DAY
    if dated not in (BY_DAY, BY_LAST_VISIT):
        raise UnclearAddress(_("A departure is dated by the definition or by the last visit, in no other way."))
    segment = given.get("segment", "")
    if segment and segment not in segments_stored(branch_id):
        raise UnclearAddress(_("Of this segment there are no figures; it is too small, or there is no such segment."))
    under = given.get("under", "")
    if under and not (under.isascii() and under.isdigit() and len(under) < 10):
        raise UnclearAddress(_("There is no such definition."))
    return Asked(branch_id, dated, int(under) if under else None, segment)


def page_of(asked: Asked, user: User) -> Page | None:
    """The page of what was asked; None before the figures were worked out."""
    figures = stored(scope_of(asked.branch_id, asked.segment))
    if figures is None:
        return None
    names = dict(branches_for(user))
    # figures of before there were teams have none
    teams = getattr(figures, "teams", None)
    return Page(
        figures,
        names.get(asked.branch_id or 0, ""),
        breaks(figures.as_of, asked.segment),
        recounted(asked),
        _named(figures.branches, names),
        _named(teams, dict(enumerate(figures.team_names, 1)) if teams else {}),
        _named(figures.employees, _employees(figures.employees, user)),
        asked.segment,
    )


def breaks(today: date, segment: str) -> list[Break]:
    """When another definition came to hold for customers of a segment, or any; in order of days."""
    segments = {segment} if segment else {"", *definitions.segments()}
    found: dict[tuple[date, int], Break] = {}
    for change in definitions.changes_for(segments, today):
        held = change.definition
        named = Break(change.on, held.name, held.version, "" if segment else change.segment)
        found.setdefault((change.on, held.id), named)
    return list(found.values())


def recounted(asked: Asked) -> Recounted | None:
    """The rate by month under the definition that is asked for, as the job stored it; None before that."""
    definition = db.session.get(Definition, asked.under) if asked.under else None
    found = stored(scope_of(asked.branch_id, asked.segment), figure_name(definition.id)) if definition else None
    if definition is None or found is None:
        return None
    rates = {month.first: month.left / month.at_risk for month in found.months if month.at_risk}
    return Recounted(definition, found.as_of, rates)


def recount_offered(segment: str) -> list[Definition]:
    """The definitions under which all can be counted anew; that of these customers comes first."""
    return sorted(definitions.in_force(), key=lambda each: each.segment != segment)


def month_of(period: Any) -> Period:
    """A stored period as one."""
    return Period(period.first, period.last)


def group_name(name: str) -> str:
    """How a segment or a channel is called."""
    if name == OTHERS:
        return str(_("All others"))
    return name or str(_("Not recorded"))


def _employees(beside: Any, user: User) -> dict[int, str]:
    keys = [unit.key for unit in beside.units] if beside else []
    if any(user.has_role(role) for role in NAMES_TO):
        query = select(Employee.id, Employee.name).where(Employee.id.in_(keys))
        return {key: name for key, name in db.session.execute(query)}
    return {key: str(_("Employee %(number)s", number=key)) for key in keys}


def _named(beside: Any, names: Mapping[int, str]) -> list[NamedUnit]:
    """By name, those taken together last; a unit whose name is gone is left out."""
    if beside is None:
        return []
    alone = [unit for unit in beside.units if unit.key in names]
    units = [NamedUnit(names[unit.key], 1, unit.row) for unit in alone]
    units.sort(key=lambda unit: unit.name.casefold())
    pooled = [unit for unit in beside.units if unit.key == POOLED]
    return units + [NamedUnit(str(_("All others together")), unit.members, unit.row) for unit in pooled]
