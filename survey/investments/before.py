"""Before spending: what the own volumes could show of it, and how far the worst gets better by itself."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from survey.analyst import investing
from survey.analyst.investing import Foreseen, LostValue, Plan
from survey.investments.checking import OVERVIEW, discount, plan_of, stored
from survey.investments.losses import lost_lately
from survey.investments.monthly import UNCLEAR, Monthly
from survey.investments.register import standing
from survey.taxonomy import queries

#: the months on which somebody picks the worst, mostly
PICKED_ON = 6


@dataclass(frozen=True)
class Asked:
    """The question: a reason by code, branches (none: all), the expected fall as parts of 1, and the cost."""

    code: str
    branches: tuple[int, ...]
    low: float
    high: float
    cost: float


@dataclass(frozen=True)
class Trap:
    """The worst of some branches or reasons in the last months, and the part by which it falls by itself."""

    kind: str
    name: int | str
    by_itself: float
    months: int


@dataclass(frozen=True)
class Answer:
    foreseen: Foreseen
    answers: int
    departures: int
    #: how many more would halve the interval of a share; None: all have answered
    more_answers: int | None
    traps: tuple[Trap, ...]


def answer(asked: Asked, monthly: Monthly) -> Answer | None:
    """None where nothing was lost there that could be held against the cost."""
    lost = _lost(asked.branches, monthly)
    if lost is None or asked.code not in lost.reasons:
        return None
    plan = Plan(
        name="",
        reasons=(asked.code,),
        start=monthly.last + 1,
        one_off=max(asked.cost, 1.0),
        expected_fall=(asked.low, asked.high),
        branches=asked.branches,
    )
    others = [plan_of(one) for one in standing()]
    foreseen = investing.foresee(plan, monthly.defections(), lost, others, discount())
    year, here = monthly.within(monthly.last - 11, monthly.last), monthly.at(asked.branches)
    answers, departures = (int(each[np.ix_(year, here)].sum()) for each in (monthly.answers, monthly.departures))
    more = investing.more_answers_to_halve(answers, departures)
    return Answer(foreseen, answers, departures, more, tuple(_traps(asked, monthly)))


def _lost(branches: tuple[int, ...], monthly: Monthly) -> LostValue | None:
    """What each reason costs, as the check stored it; for several branches together it is worked out."""
    if len(branches) > 1:
        return lost_lately(monthly, branches, queries.all_reasons())
    row = stored(OVERVIEW, f"branch:{branches[0]}" if branches else "")
    rows = row.payload.get("lost", []) if row else []
    if not rows:
        return None
    amounts = [(each["yearly"], each["low"], each["high"]) for each in rows]
    return investing.lost_by_estimates(
        [each["code"] for each in rows], amounts, [each["influenceable"] for each in rows]
    )


def _traps(asked: Asked, monthly: Monthly) -> list[Trap]:
    lately = monthly.within(monthly.last - PICKED_ON + 1, monthly.last)
    counts = monthly.counts[lately].sum(axis=0)
    months, found = int(lately.sum()), []
    exposure = monthly.at_risk[lately].sum(axis=0)
    place = monthly.reasons.index(asked.code)
    known = (exposure > 0) & (np.array(monthly.branches) > 0)
    worst = investing.fall_of_the_worst(counts[known, place], exposure[known])
    if worst:
        found.append(Trap("branch", np.array(monthly.branches)[known].tolist()[worst.place], worst.by_itself, months))
    codes = [k for k, code in enumerate(monthly.reasons) if code != UNCLEAR]
    given = counts[monthly.at(asked.branches)].sum(axis=0)[codes]
    worst = investing.fall_of_the_worst(given, np.ones(len(given)))
    if worst:
        found.append(Trap("reason", monthly.reasons[codes[worst.place]], worst.by_itself, months))
    return found
