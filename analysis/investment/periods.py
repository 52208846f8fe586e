"""Which months are compared with which, and which other investments stand in the way."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analysis.investment.plan import Investment, InvestmentSettings

Flags = NDArray[np.bool_]
Whole = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Periods:
    """Marks (t,) of the months compared: those `before` the start and those `after` the wash-in."""

    before: Flags
    after: Flags

    @property
    def compared(self) -> Flags:
        return self.before | self.after


def periods(investment: Investment, months: Whole, settings: InvestmentSettings = InvestmentSettings()) -> Periods:
    """Before: up to `longest_before` months that end before the start, without the months it was chosen on. After: from
    the end of the wash-in to the end of the investment, or to the last month known."""
    before = (months < investment.start) & (months >= investment.start - settings.longest_before)
    if investment.chosen_on is not None:
        first, last = investment.chosen_on
        before &= (months < first) | (months > last)
    after = months >= investment.acts_from
    if investment.end is not None:
        after &= months <= investment.end
    return Periods(before, after)


def overlapping(
    investment: Investment, others: Iterable[Investment], compared: Sequence[int]
) -> tuple[Investment, ...]:
    """Those others that start, wash in or end between the first and the last month compared, at a branch and for a
    reason of this one: what they did cannot be told from what this one did. One that acted all the while can stay."""
    return tuple(
        other
        for other in others
        if _changes_within(other, compared)
        and set(other.reasons) & set(investment.reasons)
        and _meet(investment, other)
    )


def touched_reasons(investment: Investment, others: Iterable[Investment], compared: Sequence[int]) -> frozenset[str]:
    """Reasons that another investment set to work on meanwhile, where this one is: they are no controls."""
    return frozenset(
        reason
        for other in others
        if _changes_within(other, compared) and _meet(investment, other)
        for reason in other.reasons
    )


def touched_branches(
    investment: Investment, others: Iterable[Investment], compared: Sequence[int], branches: Iterable[int]
) -> frozenset[int]:
    """Branches at which another investment set to work on the same reasons meanwhile: they are no controls."""
    acting = [o for o in others if _changes_within(o, compared) and set(o.reasons) & set(investment.reasons)]
    return frozenset(branch for branch in branches if any(other.is_at(branch) for other in acting))


def _changes_within(other: Investment, compared: Sequence[int]) -> bool:
    if not len(compared):
        return False
    first, last = min(compared), max(compared)
    begins = first < other.acts_from and other.start <= last
    ends = other.end is not None and first <= other.end < last
    return begins or ends


def _meet(one: Investment, other: Investment) -> bool:
    return not one.branches or not other.branches or bool(set(one.branches) & set(other.branches))
