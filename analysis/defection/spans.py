"""Stretches of days during which something held for a customer, and the arithmetic on them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from analysis.defection.histories import NEVER, Days, Flags

_WIDE = 8 * NEVER  # keeps the days of one customer apart from those of the next
_LARGEST = 2**62 // _WIDE


@dataclass(frozen=True, eq=False)
class Spans:
    """Stretches from the day `start` up to, and not with, the day `end`; sorted by customer, then by day.

    customer: (s,) int64, as in the histories; start and end: (s,) int64, days since 1970-01-01, end `NEVER`
    while the stretch lasts. The stretches of one customer neither overlap nor touch.
    """

    customer: Days
    start: Days
    end: Days

    def __len__(self) -> int:
        return len(self.customer)

    def where(self, chosen: Flags) -> Spans:
        """Only those for which `chosen` (s,) is true."""
        return Spans(self.customer[chosen], self.start[chosen], self.end[chosen])

    def until(self, as_of_day: int) -> Spans:
        """The same as known at the end of that day: what begins later is left out, what ends later lasts."""
        begun = self.where(self.start <= as_of_day)
        return Spans(begun.customer, begun.start, np.where(begun.end > as_of_day, NEVER, begun.end))


def held_by(many: Sequence[Spans], at_least: int) -> Spans:
    """The stretches during which at least so many of several sets of spans held at once: 1 for their union, the
    number of sets for what all have in common. Spans that touch become one, so one set and 1 tidies that set."""
    customer = np.concatenate([one.customer for one in many for _ in range(2)])
    day = np.concatenate([column for one in many for column in (one.start, one.end)])
    change = np.concatenate([np.full(len(one), sign, dtype=np.int64) for one in many for sign in (1, -1)])
    order = _order(customer, day)
    customer, day, change = customer[order], day[order], change[order]
    moment = np.flatnonzero((np.diff(customer, prepend=-1) != 0) | (np.diff(day, prepend=0) != 0))
    if not len(moment):
        return Spans(customer, day, day)
    # Every span ends, if only on the day NEVER, so the count is nothing again where the next customer begins.
    held = np.cumsum(np.add.reduceat(change, moment)) >= at_least
    before = np.append(False, held[:-1])
    begins, ends = moment[held & ~before], moment[before & ~held]
    return Spans(customer[begins], day[begins], day[ends])


def joined(many: Sequence[Spans]) -> Spans:
    """The spans of several groups of customers as one, each group's customers after those of the group before."""
    columns = zip(*((one.customer, one.start, one.end) for one in many), strict=True)
    return Spans(*(np.concatenate(column) for column in columns))


def gaps_between(customer: Days, start: Days, end: Days) -> Spans:
    """The stretches, after the first start, that no row covers; rows (n,) in any order cover start .. end - 1, and
    may overlap."""
    order = np.lexsort((end, start, customer))
    customer, start, end = customer[order], start[order], np.maximum(start, end)[order]
    group = np.cumsum(np.diff(customer, prepend=-1) != 0)
    reached = running_max(group, end)
    following = np.append(start[1:], NEVER)[: len(start)]
    following[np.diff(group, append=-1) != 0] = NEVER
    open_again = reached < following
    return held_by([Spans(customer, reached, following).where(open_again)], 1)


def running_max(group: Days, day: Days) -> Days:
    """(n,) the highest day so far within each group; groups are whole numbers that rise from row to row."""
    return np.maximum.accumulate(group * _WIDE + day) - group * _WIDE


def _order(customer: Days, day: Days) -> Days:
    """The order by customer, then by day."""
    if len(customer) and customer.max() >= _LARGEST:
        return np.lexsort((day, customer))
    # A stable sort of one number is quick where whole stretches are in order already, as they are here.
    return np.argsort(customer * _WIDE + day, kind="stable")
