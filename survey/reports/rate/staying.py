"""How long customers stay, and which of them could never be kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from survey import analyst
from survey.analyst import Ints, standing_out, surviving
from survey.analyst.standing_out import Group
from survey.analyst.surviving import Curve, HazardRow, Stays
from survey.reports.rate.lives import UNKNOWN, Names, People
from survey.reports.rate.trend import Scope

#: groups that are drawn apart; the smallest of more are taken together
MOST_GROUPS = 5
#: the group of those taken together, and of those of whom the word is not on record
OTHERS, NOT_RECORDED = "\x00others", ""
#: bands of tenure in months
EDGES = (*range(13), 15, 18, 21, 24)
#: a very short tenure
SHORT_DAYS = 90
#: a customer whose joining is not on record is new where the first visit is so long after the data begin
SURELY_NEW = 180


@dataclass(frozen=True)
class GroupCurve:
    """name: the word of the group; `OTHERS`, or empty where it is not on record."""

    name: str
    curve: Curve


@dataclass(frozen=True)
class Staying:
    """Curves of at most five groups; p: how often they would differ as much by chance alone."""

    curves: list[GroupCurve]
    p: float | None


@dataclass(frozen=True)
class Channel:
    """How many of those who came this way could never have been kept."""

    name: str
    row: Group


@dataclass(frozen=True)
class Unkept:
    """The profile of those who could not be kept. overall: of all new customers; cents: what counts as spending little.
    by_reason, by_tenure: how many of them for each of the two grounds."""

    channels: list[Channel]
    count: int
    total: int
    by_reason: int
    by_tenure: int
    days: int
    cents: int


def staying_by(stays: Stays, names: Names) -> Staying | None:
    """Curves by segment, or by whatever else a person has a word for; None where there is nothing to draw."""
    if not len(stays):
        return None
    code, words = _at_most_five(names.code[stays.person], names.words)
    found = surviving.curves(stays, code)
    drawn = [GroupCurve(words[curve.group], curve) for curve in found.curves]
    return Staying(drawn, found.p) if drawn else None


def hazard_of(stays: Stays) -> list[HazardRow]:
    """The risk of leaving by month of tenure."""
    return surviving.hazard(stays, EDGES) if len(stays) else []


def unkept(people: People, stays: Stays, unreachable: Ints, scope: Scope) -> Unkept | None:
    """Who could never be kept, by the channel that brought them; None where no new customer is known.

    Not to be kept: left for a reason that the business cannot influence, or stayed at most 90 days and spent less than
    half of what the customer in the middle did. New customers only, whose first 90 days are known.
    """
    cut = scope.as_of.toordinal() - scope.rule_days - SHORT_DAYS
    person, stay = stays.person, stays.durations
    joined, came = people.joined[person], people.first_visit[person]
    begin = analyst.day_number(scope.data_from)
    is_new = np.where(joined == UNKNOWN, came >= begin + SURELY_NEW, joined >= begin)
    rows = is_new & (came <= cut - analyst.EPOCH.toordinal())
    if not rows.any():
        return None
    person, left, days = person[rows], stay.left[rows], stay.exit[rows]
    cents = people.cents[person]
    little = int(np.median(cents)) // 2
    by_tenure = left & (days <= SHORT_DAYS) & (cents < little)
    by_reason = np.isin(people.customer[person], unreachable)
    code, words = _in_use(people.channel.code[person], people.channel.words)
    channels = standing_out.groups_against_others(code, by_tenure | by_reason)
    return Unkept(
        [Channel(words[row.group], row) for row in channels], int((by_tenure | by_reason).sum()), len(person),
        int(by_reason.sum()), int((by_tenure & ~by_reason).sum()), SHORT_DAYS, little,
    )  # fmt: skip


def _at_most_five(code: Ints, words: Sequence[str]) -> tuple[Ints, list[str]]:
    """The largest groups, and the others as one, numbered by size."""
    used, number, size = np.unique(code, return_inverse=True, return_counts=True)
    order = np.argsort(-size, kind="stable")
    place = np.empty(len(used), dtype=np.int64)
    place[order] = np.arange(len(used))
    names = [words[used[n]] for n in order]
    if len(used) <= MOST_GROUPS:
        return place[number], names
    return np.minimum(place[number], MOST_GROUPS - 1), [*names[: MOST_GROUPS - 1], OTHERS]


def _in_use(code: Ints, words: Sequence[str]) -> tuple[Ints, list[str]]:
    used, number = np.unique(code, return_inverse=True)
    return number.astype(np.int64), [words[n] for n in used]
