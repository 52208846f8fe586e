"""All figures of the page, worked out at once for everybody and for each branch, and stored until the next night."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import date
from types import SimpleNamespace
from typing import Any

import numpy as np
from sqlalchemy import select

from survey.analyst import EPOCH, Ints, day_number, surviving
from survey.clock import now
from survey.customers.models import Branch
from survey.defections.states import known_until
from survey.extensions import db
from survey.reports.models import StoredFigure
from survey.reports.period import DAY
from survey.reports.rate.beside import branches_beside, employees_beside
from survey.reports.rate.lives import Gone, People, Serving, gone_by, has_employees, known_day, lives_of, people
from survey.reports.rate.staying import contracts_of, hazard_of, staying_by, unkept
from survey.reports.rate.told import Told, could_not_be_kept, told_by_branch
from survey.reports.rate.trend import Scope, apart_of, months_of, quarters_of, stopped_of, year_of

NAME = "rate"
NOBODY = Told(0, 0, 0)


@dataclass(frozen=True)
class Worked:
    """The figures of one scope, ready to be stored."""

    scope: str
    as_of: date
    payload: dict[str, Any]


def scope_of(branch_id: int | None) -> str:
    """The scope that the figures of a branch, or of all, are stored under."""
    return "" if branch_id is None else f"branch:{branch_id}"


def work_out(today: date) -> Iterator[Worked]:
    """The figures of all, then of each branch. Reads only; nothing where there are no purchases."""
    as_of = known_day(today)
    if as_of is None:
        return
    everybody = people()
    gone = gone_by(as_of)
    came, lives = lives_of(everybody, gone, as_of)
    first = EPOCH + int(came.first_visit.min()) * DAY
    scope = Scope(as_of, first, _days_until_known(as_of))
    run = _Run(everybody, gone, scope, could_not_be_kept(), Serving() if has_employees() else None)
    yield run.figures(None)
    for branch_id in db.session.scalars(select(Branch.id).order_by(Branch.id)).all():
        yield run.figures(branch_id)


@dataclass(frozen=True, eq=False)
class _Run:
    everybody: People
    gone: Gone
    scope: Scope
    unreachable: Ints
    serving: Serving | None

    def figures(self, branch_id: int | None) -> Worked:
        """1. The customers of the branch, or all. 2. The rate. 3. Units beside each other. 4. How long they stay."""
        chosen = self.everybody
        if branch_id is not None:
            chosen = chosen.of(chosen.branch == branch_id)
        came, lives = lives_of(chosen, self.gone, self.scope.as_of)
        months = months_of(lives, self.scope)
        year = year_of(lives, months)
        told = self._told(year, branch_id)
        quarters = quarters_of(year.period) if year else []
        stays = surviving.first_stays(lives, came.joined, day_number(self.scope.data_from), self.scope.rule_days)
        payload = {
            "as_of": self.scope.as_of,
            "data_from": self.scope.data_from,
            "rule_days": self.scope.rule_days,
            "customers": len(came.customer),
            "months": [asdict(month) for month in months],
            "year": _plain(year),
            "stopped": [{"period": asdict(period), **asdict(row)} for period, row in stopped_of(lives, self.scope)],
            "told": asdict(told),
            "apart": _plain(apart_of(year, told)),
            "quarters": len(quarters),
            "branches": _plain(branches_beside(came, lives, quarters) if branch_id is None else None),
            "employees": _plain(employees_beside(came, lives, quarters, self.serving) if self.serving else None),
            "segments": _plain(staying_by(stays, came.segment)),
            "channels": _plain(staying_by(stays, came.channel)),
            "hazard": [asdict(row) for row in hazard_of(stays)],
            "unkept": _plain(unkept(came, stays, self.unreachable, self.scope)),
            "contracts": _plain(contracts_of(chosen, came, lives, self.scope)),
        }
        return Worked(scope_of(branch_id), self.scope.as_of, json.loads(json.dumps(payload, default=_written)))

    def _told(self, year: Any, branch_id: int | None) -> Told:
        if year is None:
            return NOBODY
        found = told_by_branch(year.period)
        if branch_id is not None:
            return found.get(branch_id, NOBODY)
        columns = [(each.leavers, each.avoidable, each.unavoidable) for each in found.values()]
        return Told(*np.sum(columns or [(0, 0, 0)], axis=0).tolist())


def _days_until_known(as_of: date) -> int:
    """How many days after the last visit 19 of 20 departures are known; 0 before anybody left."""
    until = known_until(as_of)
    return 0 if until is None else (as_of - until).days


def keep(worked: Worked) -> None:
    """Store the figures of one scope in place of those that stood. Flushes."""
    row = _row(NAME, worked.scope) or StoredFigure(name=NAME, scope=worked.scope)
    row.as_of, row.payload, row.created_at = worked.as_of, worked.payload, now()
    db.session.add(row)
    db.session.flush()


def stored(scope: str, name: str = NAME) -> Any:
    """The figures of a scope, with `as_of` and days as dates; None before they were worked out."""
    row = _row(name, scope)
    return None if row is None else revived(row.payload)


def revived(payload: Any) -> Any:
    """A payload as its dataclasses would look: names instead of keys, and days as dates."""
    return json.loads(json.dumps(payload), object_hook=_read)


def _row(name: str, scope: str) -> StoredFigure | None:
    return db.session.scalar(select(StoredFigure).where(StoredFigure.name == name, StoredFigure.scope == scope))


def _read(found: dict[str, Any]) -> SimpleNamespace:
    for name in ("as_of", "data_from", "first", "last"):
        if isinstance(found.get(name), str):
            found[name] = date.fromisoformat(found[name])
    return SimpleNamespace(**found)


def _plain(found: Any) -> dict[str, Any] | None:
    return None if found is None else asdict(found)


def _written(value: Any) -> str:
    if isinstance(value, date):
        return value.isoformat()
    raise TypeError(f"{value!r} cannot be stored")
