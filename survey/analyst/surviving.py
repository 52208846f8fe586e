"""How long customers stay: columns of whole lives in, curves and risks by tenure out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from analysis.defection import survival
from analysis.defection.spells import Spells
from analysis.defection.survival import DAYS_PER_MONTH
from survey.analyst import Ints, Share
from survey.analyst.rating import STILL_THERE, Lives


@dataclass(frozen=True)
class Curve:
    """The share that is still there by month of tenure, for one group. at: months; stays: one a month. people: how many
    it rests on; left: how many of them left."""

    group: int
    people: int
    left: int
    at: list[int]
    stays: list[Share]


@dataclass(frozen=True)
class Curves:
    """p: how often groups would differ as much by chance alone (log-rank); None for one group."""

    curves: list[Curve]
    p: float | None


@dataclass(frozen=True, eq=False)
class Stays:
    """First spells, dated back to the last visit: `person` (n,) and, for each, the tenure seen."""

    person: Ints
    durations: survival.Durations

    def __len__(self) -> int:
        return len(self.person)


def first_stays(lives: Lives, joined: Ints, data_from: int, rule_days: int) -> Stays:
    """How long people stayed before they left for the first time: from joining to the day after the last visit.

    joined: (c,) by person, -1 where not known. What the last `rule_days` hold is left out for everybody: who stopped
    then cannot all be known, and everybody else is seen up to then.
    """
    cut = lives.as_of_day - rule_days
    rows = lives.is_first & (lives.began <= cut)
    gone = lives.last_visit[rows] + 1
    over = (lives.ended[rows] != STILL_THERE) & (gone <= cut)
    person = lives.person[rows]
    number = np.arange(len(person))
    spells = Spells(number, number, lives.began[rows], np.where(over, gone, STILL_THERE), cut)
    return Stays(person, survival.durations(spells, joined[person], data_from))


def curves(stays: Stays, group: Ints, most_months: int = 60) -> Curves:
    """The survival curve of each group; group: (n,) by stay, 0..g-1. Months in which fewer than ten are in view are
    left out."""
    groups = np.unique(group)
    found = [_curve(stays.durations.only(group == g), int(g), most_months) for g in groups]
    p = survival.log_rank(stays.durations, group).p if len(groups) > 1 else None
    return Curves([curve for curve in found if curve.at], p)


def _curve(stays: survival.Durations, group: int, most_months: int) -> Curve:
    curve = survival.kaplan_meier(stays)
    day = np.round(np.arange(most_months + 1) * DAYS_PER_MONTH).astype(np.int64)
    in_view = np.searchsorted(np.sort(stays.entry), day, "right") - np.searchsorted(np.sort(stays.exit), day, "left")
    seen = np.cumprod(in_view >= 10).astype(bool)
    estimate, low, high = curve.at(day[seen])
    shares = [Share(*each) for each in zip(estimate.tolist(), low.tolist(), high.tolist(), strict=True)]
    return Curve(group, len(stays), int(stays.left.sum()), list(range(int(seen.sum()))), shares)


@dataclass(frozen=True)
class HazardRow:
    """Of those who were there, the share that left a month, in the months of tenure from `start` up to `end`."""

    start: int
    end: int
    left: int
    months: float
    share: Share


def hazard(stays: Stays, edges: Sequence[int]) -> list[HazardRow]:
    """The risk of leaving by month of tenure; edges: rising, in months. Bands in which nobody was seen are left out."""
    found = survival.hazard_by_tenure(stays.durations, np.array(edges) * DAYS_PER_MONTH)
    columns = (found.left, found.months, found.rate, found.low, found.high)
    rows = zip(edges[:-1], edges[1:], *(column.tolist() for column in columns), strict=True)
    return [
        HazardRow(start, end, left, months, Share(rate, low, min(high, 1.0)))
        for start, end, left, months, rate, low, high in rows
        if months > 0
    ]
