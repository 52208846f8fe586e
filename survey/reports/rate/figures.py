"""All figures of the page, worked out at once for everybody, each branch, each segment and each segment of a branch.
They are stored until the next night."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date
from types import SimpleNamespace
from typing import Any

import numpy as np
from sqlalchemy import delete, select

from survey.analyst import EPOCH, Ints, day_number, surviving
from survey.analyst.rating import Lives
from survey.analyst.valued import Signed
from survey.clock import now
from survey.customers.models import Branch
from survey.defections.contracts import signed_by
from survey.defections.histories import Range
from survey.defections.states import known_until
from survey.extensions import db
from survey.reports.models import StoredFigure
from survey.reports.period import DAY, Period
from survey.reports.rate.beside import branches_beside, employees_beside, teams_beside
from survey.reports.rate.contracts import contracts_of
from survey.reports.rate.lives import (
    Gone,
    People,
    Serving,
    Teams,
    gone_by,
    has_employees,
    known_day,
    lives_of,
    people,
    teams,
)
from survey.reports.rate.scopes import NAME, scope_of
from survey.reports.rate.staying import hazard_of, staying_by, unkept
from survey.reports.rate.told import Told, could_not_be_kept, told_by_group
from survey.reports.rate.trend import Scope, apart_of, months_of, quarters_of, stopped_of, year_of

NOBODY = Told(0, 0, 0)
#: customers without whom a segment has no page of its own, and segments of branches that have one: of more, only those
#: with most customers
LEAST_CUSTOMERS, MOST_PAIRS = 30, 200


@dataclass(frozen=True)
class Worked:
    """The figures of one scope, ready to be stored."""

    scope: str
    as_of: date
    payload: dict[str, Any]


def work_out(today: date) -> Iterator[Worked]:
    """The figures of all, then of each branch, each segment and each segment of a branch. Reads only; nothing where
    there are no purchases."""
    as_of = known_day(today)
    if as_of is None:
        return
    everybody = people()
    gone = gone_by(as_of)
    came, lives = lives_of(everybody, gone, as_of)
    first = EPOCH + int(came.first_visit.min()) * DAY
    scope = Scope(as_of, first, _days_until_known(as_of))
    serving = Serving() if has_employees() else None
    signed = signed_by(Range(0, int(everybody.customer.max())).among)
    run = _Run(everybody, gone, scope, could_not_be_kept(), signed, serving, teams() if serving else None)
    branches = db.session.scalars(select(Branch.id).order_by(Branch.id)).all()
    for branch_id in (None, *branches):
        yield run.figures(branch_id)
    for branch_id, segment in _segments(came, branches):
        yield run.figures(branch_id, segment)


def _segments(came: People, branches: Sequence[int]) -> list[tuple[int | None, str]]:
    """The segments, and the largest segments of branches, that are large enough for figures of their own."""
    words = came.segment.words
    sizes: Counter[tuple[int | None, str]] = Counter()
    for code, count in enumerate(np.bincount(came.segment.code, minlength=len(words)).tolist()):
        sizes[None, words[code]] = count
    pairs, counts = np.unique(came.branch * len(words) + came.segment.code, return_counts=True)
    for pair, count in zip(pairs.tolist(), counts.tolist(), strict=True):
        sizes[pair // len(words), words[pair % len(words)]] = count
    large = [key for key, size in sizes.most_common() if size >= LEAST_CUSTOMERS and key[1]]
    several = len([key for key in large if key[0] is None]) > 1
    of_all = [key for key in large if key[0] is None]
    of_branches = [key for key in large if key[0] in branches]
    return [*of_all, *of_branches[:MOST_PAIRS]] if several else []


@dataclass(frozen=True, eq=False)
class _Run:
    everybody: People
    gone: Gone
    scope: Scope
    unreachable: Ints
    signed: Signed
    serving: Serving | None
    teams: Teams | None
    told: dict[Period, dict[tuple[int, str], Told]] = field(default_factory=dict)

    def figures(self, branch_id: int | None, segment: str = "") -> Worked:
        """1. The customers of the branch or segment, or all. 2. The rate. 3. Units beside each other. 4. How long they
        stay. 5. Whom a contract holds."""
        chosen = self._chosen(branch_id, segment)
        came, lives = lives_of(chosen, self.gone, self.scope.as_of)
        months = months_of(lives, self.scope)
        year = year_of(lives, months)
        told = self._told(year, branch_id, segment)
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
            **self._served(came, lives, quarters),
            "segments": _plain(staying_by(stays, came.segment)),
            "channels": _plain(staying_by(stays, came.channel)),
            "hazard": [asdict(row) for row in hazard_of(stays)],
            "unkept": _plain(unkept(came, stays, self.unreachable, self.scope)),
            "contracts": _plain(contracts_of(chosen, came, lives, self.scope, self.signed)),
        }
        scope = scope_of(branch_id, segment)
        return Worked(scope, self.scope.as_of, json.loads(json.dumps(payload, default=_written)))

    def _chosen(self, branch_id: int | None, segment: str) -> People:
        chosen = self.everybody
        if branch_id is not None:
            chosen = chosen.of(chosen.branch == branch_id)
        return chosen.of(chosen.segment.code == chosen.segment.words.index(segment)) if segment else chosen

    def _served(self, came: People, lives: Lives, quarters: Sequence[Period]) -> dict[str, Any]:
        """The funnels by who served the customers."""
        if self.serving is None:
            return {"employees": None, "teams": None}
        found = {"employees": _plain(employees_beside(came, lives, quarters, self.serving)), "teams": None}
        if self.teams is None:
            return found
        beside = teams_beside(came, lives, quarters, self.serving, self.teams)
        return found | {"teams": _plain(beside), "team_names": self.teams.names}

    def _told(self, year: Any, branch_id: int | None, segment: str) -> Told:
        if year is None:
            return NOBODY
        if year.period not in self.told:
            self.told[year.period] = told_by_group(year.period)
        columns = [
            (each.leavers, each.avoidable, each.unavoidable)
            for (branch, name), each in self.told[year.period].items()
            if branch_id in (None, branch) and segment in ("", name)
        ]
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


def forget_others(scopes: Collection[str]) -> None:
    """Forget the figures of branches and segments that have none any more. Flushes."""
    rows = db.session.execute(select(StoredFigure.id, StoredFigure.scope).where(StoredFigure.name == NAME))
    gone = [key for key, scope in rows if scope not in scopes]
    if gone:
        db.session.execute(delete(StoredFigure).where(StoredFigure.id.in_(gone)))


def stored(scope: str, name: str = NAME) -> Any:
    """The figures of a scope, with `as_of` and days as dates; None before they were worked out."""
    row = _row(name, scope)
    return None if row is None else revived({"as_of": row.as_of.isoformat(), **row.payload})


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
