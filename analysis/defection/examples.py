"""Examples of customers whom a definition calls gone, a spread of them, always the same ones for the same data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from analysis.defection.episodes import Episodes
from analysis.defection.histories import Days, Flags, Histories, Money
from analysis.defection.known import numbers_in

EXAMPLES = 20

Why = Literal["biggest", "false_alarm", "just_gone", "long_gone", "other"]


@dataclass(frozen=True)
class Example:
    """One time that a customer was called gone, and why it is shown.

    Days since 1970-01-01; returned_day -1 while gone; value in money; visit_days: every day on which the customer
    came, from the first, to draw a strip of.
    """

    customer: int
    why: Why
    last_visit_day: int
    defected_day: int
    returned_day: int
    value: float
    visit_days: tuple[int, ...]


def examples_of(found: Episodes, histories: Histories, value: Money, soon_back: Flags) -> tuple[Example, ...]:
    """Twenty times gone of twenty customers, or as many as there are: five each of the most valuable who are gone,
    the latest false alarms, the latest gone and the longest gone; where there are fewer of these, the latest of the
    others. `value` (e,) and `soon_back` (e,) are of each time gone. Among equals the lowest customer comes first."""
    gone = found.is_open
    wanted: list[tuple[Why, Days, int]] = [
        ("biggest", _best(found, gone, -value), 5),
        ("false_alarm", _best(found, soon_back, -found.defected_day), 5),
        ("just_gone", _best(found, gone, -found.defected_day), 5),
        ("long_gone", _best(found, gone, found.defected_day), 5),
        ("other", _best(found, np.ones(len(found), dtype=np.bool_), -found.defected_day), EXAMPLES),
    ]
    chosen: dict[int, tuple[int, Why]] = {}
    for why, rows, most in wanted:
        fresh = [row for row in rows.tolist() if int(found.customer[row]) not in chosen]
        for row in fresh[: min(most, EXAMPLES - len(chosen))]:
            chosen.setdefault(int(found.customer[row]), (row, why))
    return tuple(_example(found, histories, value, row, why) for row, why in chosen.values())


def _best(found: Episodes, among: Flags, rank: Money | Days) -> Days:
    """The rows with the lowest rank, one a customer, more than enough to choose from."""
    rows = np.flatnonzero(among)
    order = np.lexsort((found.number[rows], found.customer[rows], rank[rows]))
    _, first = np.unique(found.customer[rows][order], return_index=True)
    return rows[order[np.sort(first)[: 2 * EXAMPLES]]]


def _example(found: Episodes, histories: Histories, value: Money, row: int, why: Why) -> Example:
    ids = histories.customer[histories.first]
    place, came = numbers_in(ids, found.customer[row : row + 1])
    days: list[int] = []
    if came[0]:
        group = int(place[0])
        days = histories.day[histories.first[group] : histories.last[group] + 1].tolist()
    return Example(
        customer=int(found.customer[row]),
        why=why,
        last_visit_day=int(found.last_visit_day[row]),
        defected_day=int(found.defected_day[row]),
        returned_day=int(found.returned_day[row]),
        value=float(value[row]),
        visit_days=tuple(days),
    )
