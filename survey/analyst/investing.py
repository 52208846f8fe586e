"""Does money go to the causes, and does it work: months of departures and plans in, verdicts and shares out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from analysis.investment.alignment import Alignment as Alignment
from analysis.investment.alignment import align, spread_spend
from analysis.investment.checking import check_investment, judge_together
from analysis.investment.defections import Defections as Defections
from analysis.investment.lost import Estimated, interval, lost_from_intervals
from analysis.investment.lost import LostValue as LostValue
from analysis.investment.plan import Investment as Plan
from analysis.investment.plan import InvestmentSettings
from analysis.investment.power import answers_to_halve
from analysis.investment.selection import return_of_the_worst
from analysis.investment.verdict import Verdict

__all__ = ["Alignment", "Defections", "LostValue", "Plan"]

Numbers = NDArray[np.float64]
#: how long an effect is taken to last where the register names no end
YEARS = 5.0


@dataclass(frozen=True, eq=False)
class Case:
    """An investment, what its reasons cost before it began, at its branches, and the departures it is judged on."""

    plan: Plan
    lost: LostValue
    defections: Defections


@dataclass(frozen=True)
class Found:
    """A verdict, ready to be stored: every figure by a plain name in `facts` (see `analysis.investment.verdict`).

    `controls`: what it was held against: reasons, branches or both; None where nothing was compared.
    """

    outcome: str
    holds: tuple[str, ...]
    why: str
    controls: str | None
    overlap: tuple[str, ...]
    facts: dict[str, float | None]


@dataclass(frozen=True)
class Foreseen:
    """What a year of these volumes would show. `smallest_fall`: as a part of 1, 8 times in 10; 1: nothing would.
    `months_needed`: until the middle of the expected fall shows; None: more than five years. `per_month`: departures
    for the reason. `yearly_loss`, `gain_at_most`: value, low, high, in money."""

    smallest_fall: float
    months_needed: int | None
    per_month: float
    months_before: int
    yearly_loss: tuple[float, float, float]
    gain_at_most: tuple[float, float, float]


@dataclass(frozen=True)
class Worst:
    """The largest of some rates: its place, and the part of 1 by which it falls if nothing is done."""

    place: int
    by_itself: float


def settings_of(discount: float) -> InvestmentSettings:
    return InvestmentSettings(discount=discount)


def judge(cases: Sequence[Case], discount: float) -> list[Found]:
    """The verdicts on all investments, in order, with false discoveries among them controlled."""
    settings, plans = settings_of(discount), [case.plan for case in cases]
    verdicts = [check_investment(case.plan, case.defections, case.lost, plans, settings) for case in cases]
    return [_found(verdict) for verdict in judge_together(verdicts)]


def _found(verdict: Verdict) -> Found:
    effect = verdict.evidence.effect
    facts = {name: _finite(value) for name, value in verdict.facts.items()}
    controls = effect.controls if effect else None
    return Found(verdict.outcome, verdict.holds, verdict.why, controls, tuple(verdict.evidence.overlap), facts)


def _finite(value: float | None) -> float | None:
    """JSON of some databases knows no infinity."""
    return None if value is None or not np.isfinite(value) else float(value)


def foresee(plan: Plan, defections: Defections, lost: LostValue, others: Sequence[Plan], discount: float) -> Foreseen:
    """What could be shown of something that has not begun; `plan.start` lies after the last month known."""
    evidence = check_investment(plan, defections, lost, others, settings_of(discount)).evidence
    seen, ceiling = evidence.foresight, evidence.ceiling
    return Foreseen(
        seen.smallest_fall, seen.months_needed, seen.per_month, evidence.months_before,
        _ends(ceiling.yearly_loss), _ends(ceiling.gain),
    )  # fmt: skip


def _ends(figure: Estimated) -> tuple[float, float, float]:
    return figure.value, figure.low, figure.high


def spend_beside_loss(plans: Sequence[Plan], lost: LostValue) -> Alignment | None:
    """Shares of spend beside shares of lost value; None where nothing is spent or nothing is lost."""
    try:
        return align(spread_spend(plans, lost.reasons), lost)
    except ValueError:
        return None


def lost_by_estimates(
    reasons: Sequence[str], amounts: Sequence[tuple[float, float, float]], influenceable: Sequence[bool]
) -> LostValue:
    """What each of k reasons costs a year from (k, 3) estimates with the ends of their 95 % intervals, in money."""
    rows = np.clip(np.nan_to_num(np.array(amounts, dtype=np.float64)), 0.0, None)
    rows[:, 1], rows[:, 2] = np.minimum(rows[:, 1], rows[:, 0]), np.maximum(rows[:, 2], rows[:, 0])
    return lost_from_intervals(tuple(reasons), rows, influenceable)


def ends(lost: LostValue, place: int) -> tuple[float, float]:
    """The 95 % interval of what a reason costs a year."""
    low, high = interval(lost.draws[:, place])
    value = float(lost.yearly[place])
    return min(low, value), max(high, value)


def more_answers_to_halve(answers: int, departures: int) -> int | None:
    """How many more answers would halve an interval; None where all have answered or nobody has."""
    return answers_to_halve(answers, max(answers, departures)) if answers else None


def fall_of_the_worst(counts: ArrayLike, exposure: ArrayLike) -> Worst | None:
    """The worst of some branches or reasons, and how far it falls by itself; None where there are less than two."""
    try:
        found = return_of_the_worst(counts, exposure)
    except ValueError:
        return None
    return Worst(found.worst, found.by_itself)
