"""The state of every customer as of a day: active, drifting, about to defect, defected, returned, and since when."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from analysis.defection.histories import NEVER, Days, Flags, Histories
from analysis.defection.judging import Rule
from analysis.defection.known import Known, numbers_in
from analysis.defection.rules import view_of
from analysis.defection.spans import Spans

ACTIVE, DRIFTING, ABOUT_TO_DEFECT, DEFECTED, RETURNED = range(5)
STATE_NAMES = ("active", "drifting", "about_to_defect", "defected", "returned")


@dataclass(frozen=True)
class Course:
    """How the way from active to gone and back is cut into states.

    drifting and about_to_defect: how far on the way to being gone somebody must be, 0 to 1: with a lapse of 90 days
    and the usual half and three quarters, after 45 and 68 days. returned_days: for how long after a return somebody
    is called returned.
    """

    drifting: float = 0.5
    about_to_defect: float = 0.75
    returned_days: int = 90

    def __post_init__(self) -> None:
        if not 0 < self.drifting < self.about_to_defect < 1:
            raise ValueError("Drifting must come before about to defect, and both between 0 and 1.")
        if not 1 <= self.returned_days <= 3650:
            raise ValueError("The days of being returned must lie between 1 and 3650.")


USUAL_COURSE = Course()


@dataclass(frozen=True, eq=False)
class States:
    """customer: (c,) int64, sorted; state: (c,) int8, a place in `STATE_NAMES`; since_day: (c,) int64, the first day
    of the unbroken time in that state up to the day asked about."""

    customer: Days
    state: NDArray[np.int8]
    since_day: Days


class _At(NamedTuple):
    """Of each customer (c,): whether a span lasts, the day it began, and the day on which the last one ended (-NEVER
    where none did)."""

    lasts: Flags
    began: Days
    ended: Days


def states(
    histories: Histories, rule: Rule, as_of_day: int, known: Known | None = None, course: Course = USUAL_COURSE
) -> States:
    """Everybody's state at the end of `as_of_day`, by what was known then: all customers with a visit by that day,
    and those with a contract or an answer where the rule looks at these.

    1. Defected: gone by the rule. About to defect, drifting: gone by the rule eased to that part of the way; who is
       further on the way is called by the worse name.
    2. Returned: came back from being gone less than `returned_days` ago, and is none of these. Otherwise active.
    3. The same data give the same states, whatever their order and in whatever batches, if the intervals in `known`
       are given. A visit moves nobody to a worse state where the rule says so of itself.

    Raises ValueError, in words, when the rule needs what is not known.
    """
    view = view_of(histories, rule, as_of_day, known or Known())
    customer = view.customers(rule.needs)
    gone, about, drift = (
        _at(rule.spans(view, ease).until(as_of_day), customer)
        for ease in (1.0, course.about_to_defect, course.drifting)
    )
    since_return = gone.ended + course.returned_days
    is_back = gone.ended > as_of_day - course.returned_days
    conditions = [gone.lasts, about.lasts, drift.lasts, is_back]
    state = np.select(conditions, [DEFECTED, ABOUT_TO_DEFECT, DRIFTING, RETURNED], ACTIVE)
    # Who was worse off in between entered the milder state when that ended.
    worse = np.maximum(about.ended, gone.ended)
    calm = np.maximum.reduce([drift.ended, worse, view.first_signs(customer)])
    began = [gone.began, np.maximum(about.began, gone.ended), np.maximum(drift.began, worse), calm]
    since = np.select(conditions, began, np.maximum(calm, since_return))
    return States(customer, state.astype(np.int8), since.astype(np.int64))


def _at(spans: Spans, customer: Days) -> _At:
    last = np.flatnonzero(np.diff(spans.customer, append=-1) != 0)
    place, _ = numbers_in(customer, spans.customer[last])
    lasts = np.zeros(len(customer), dtype=np.bool_)
    began, ended = (np.full(len(customer), -NEVER, dtype=np.int64) for _ in range(2))
    lasts[place] = spans.end[last] == NEVER
    began[place] = spans.start[last]
    over = spans.where(spans.end != NEVER)
    final = np.flatnonzero(np.diff(over.customer, append=-1) != 0)
    ended[numbers_in(customer, over.customer[final])[0]] = over.end[final]
    return _At(lasts, began, ended)
