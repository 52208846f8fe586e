"""Branches, teams and employees side by side, fair to whom they serve: the counts that a funnel is made of."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np

from survey import analyst
from survey.analyst import Ints, standing_out
from survey.analyst.rating import Lives
from survey.analyst.standing_out import FunnelRow
from survey.reports.period import Period
from survey.reports.rate.lives import People, Serving, Teams

#: tenure at the start of a quarter, in days: within a band customers are alike
TENURE_BANDS = (182, 365, 730, 1461)
#: the unit of employees or teams of whom too few customers were expected to leave
POOLED = -1
#: people by row and, for each, the unit they belong to on a day; 0: none
UnitOf = Callable[[date], Ints]


@dataclass(frozen=True)
class Unit:
    """key: of the branch, team or employee; `POOLED` for those taken together, `members` of them."""

    key: int
    row: FunnelRow
    members: int = 1


@dataclass(frozen=True)
class Beside:
    """The funnel of a year by quarters: rates are a quarter. units: in no order; sort them by name."""

    overall: float
    dispersion: float
    units: list[Unit]
    lines: list[tuple[float, float, float, float, float]]


@dataclass(frozen=True, eq=False)
class _Cells:
    """Rows of counts by unit, stratum: how many left of those at risk."""

    unit: Ints
    stratum: Ints
    left: Ints

    def of(self, units: Ints) -> _Cells:
        return _Cells(units, self.stratum, self.left)


def branches_beside(people: People, lives: Lives, quarters: Sequence[Period]) -> Beside | None:
    """Every branch; None where there are fewer than two."""
    found = _counted(people, lives, quarters, lambda _day: people.branch)
    return _funnel(found, found.unit) if len(np.unique(found.unit[found.unit > 0])) > 1 else None


def employees_beside(people: People, lives: Lives, quarters: Sequence[Period], serving: Serving) -> Beside | None:
    """Every employee by the customers whom he served last before a quarter began; those of whom too few were expected
    to leave are taken together. None where there are fewer than two."""
    return _pooled(_counted(people, lives, quarters, lambda day: serving.last(people.customer, day)))


def teams_beside(
    people: People, lives: Lives, quarters: Sequence[Period], serving: Serving, teams: Teams
) -> Beside | None:
    """The same by the team, as it is now, of who served them last; keys are places in the names of the teams plus 1."""

    def team_of(day: date) -> Ints:
        employee = serving.last(people.customer, day)
        return np.where(employee < len(teams.of), teams.of[np.minimum(employee, len(teams.of) - 1)], 0)

    return _pooled(_counted(people, lives, quarters, team_of))


def _pooled(found: _Cells) -> Beside | None:
    """Units, those too small to be drawn taken together; None where there are fewer than two."""
    if len(np.unique(found.unit[found.unit > 0])) < 2:
        return None
    alone = _funnel(found, found.unit)
    small = [unit.key for unit in alone.units if not unit.row.drawn] if alone else []
    if len(small) < 2:
        return alone
    return _funnel(found, np.where(np.isin(found.unit, small), POOLED, found.unit), len(small))


def _counted(people: People, lives: Lives, quarters: Sequence[Period], unit_of: UnitOf) -> _Cells:
    """A row for every customer at risk in a quarter."""
    units, strata, left = [], [], []
    for quarter in quarters:
        first, last = analyst.day_number(quarter.first), analyst.day_number(quarter.last)
        rows = lives.at_risk(first)
        person = lives.person[rows]
        band = np.searchsorted(TENURE_BANDS, first - lives.began[rows], side="right")
        units.append(unit_of(quarter.first)[person])
        strata.append(people.segment.code[person] * (len(TENURE_BANDS) + 1) + band)
        left.append(lives.ended_within((first, last))[rows].astype(np.int64))
    empty = [np.zeros(0, dtype=np.int64)]
    return _Cells(*(np.concatenate(each or empty) for each in (units, strata, left)))


def _funnel(found: _Cells, unit: Ints, pooled: int = 0) -> Beside | None:
    """Whom nobody is recorded to have served, or belongs to no branch, counts for what is usual and is not shown."""
    keys, number = np.unique(unit, return_inverse=True)
    cells, cell = np.unique(number * (found.stratum.max(initial=0) + 1) + found.stratum, return_inverse=True)
    at_risk = np.bincount(cell).astype(np.float64)
    left = np.bincount(cell, weights=found.left).astype(np.float64)
    strata = found.stratum.max(initial=0) + 1
    funnel = standing_out.funnel(cells // strata, cells % strata, left, at_risk)
    if funnel is None:
        return None
    units = [Unit(int(key), row, pooled if key == POOLED else 1) for key, row in zip(keys, funnel.rows, strict=True)]
    return Beside(funnel.overall, funnel.dispersion, [unit for unit in units if unit.key], funnel.lines)
