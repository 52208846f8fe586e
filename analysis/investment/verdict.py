"""From the evidence to a verdict: one pure function, and nothing else decides.

Every verdict that holds is named; the first of these is the outcome:

1. `cannot_pay_back`: even without any defection for its reasons it would not earn its cost. Needs no test, so no test
   can change it: what works and never pays is still to be stopped.
2. `aimed_at_non_cause`: hardly anyone of value leaves for its reasons (see `alignment.Aim`).
3. `cannot_tell`: other investments acted on the same at the same time (`overlap`), there is nothing to hold it against
   (`no_controls`), or the reasons were already falling (`fell_before`).
4. `too_little_data`: too few months or defections to compare, or an interval that still holds both no effect and the
   fall that was expected (its middle).
5. `worked`: fewer left for its reasons than would have, by a two-sided test at 1 - level (.05), and the total does not
   disprove it.
6. `no_effect_shown`: the data would have shown the expected fall, and do not; or defections rose; or they moved to
   other reasons.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from analysis.investment.alignment import Aim
from analysis.investment.ceiling import Ceiling
from analysis.investment.effect import Effect
from analysis.investment.lost import Estimated
from analysis.investment.power import Foresight
from analysis.investment.profit import Profit
from analysis.investment.substitution import Total

CANNOT_PAY_BACK = "cannot_pay_back"
AIMED_AT_NON_CAUSE = "aimed_at_non_cause"
CANNOT_TELL = "cannot_tell"
TOO_LITTLE_DATA = "too_little_data"
WORKED = "worked"
NO_EFFECT_SHOWN = "no_effect_shown"

#: In the order of precedence.
OUTCOMES = (CANNOT_PAY_BACK, AIMED_AT_NON_CAUSE, CANNOT_TELL, TOO_LITTLE_DATA, WORKED, NO_EFFECT_SHOWN)

#: A fall before the start must be this clear, so that chance takes few true effects away.
FELL_BEFORE = 0.005

#: Facts of an effect by their names in `Verdict.facts`.
_OF_EFFECT = ("rate_ratio", "low", "high", "p_value", "dispersion")


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """All that a verdict rests on. `lacking`: what keeps the effect from being measured ("months_before",
    "months_after", "defections", "no_controls"), else None. `overlap`: names of investments in the way. `trend`: see
    `effect.trend_before`. `series`: the second opinion. `measured`: None without an effect."""

    ceiling: Ceiling
    aim: Aim
    expected_fall: tuple[float, float]
    foresight: Foresight
    expected: Profit
    months_before: int
    months_after: int
    overlap: tuple[str, ...] = ()
    lacking: str | None = None
    effect: Effect | None = None
    trend: Effect | None = None
    series: Effect | None = None
    total: Total | None = None
    measured: Profit | None = None
    level: float = 0.95


class Judged(NamedTuple):
    """A verdict on the effect, and the word for why."""

    outcome: str
    why: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """`outcome`: one of `OUTCOMES`; `holds`: all of them that hold, in order of precedence; `why`: the word for why the
    effect was judged as it was, the last of `holds`: "overlap", "no_controls", "fell_before", "months_before",
    "months_after", "defections", "wide_interval", "many_tests", "fell", "rose", "moved", "excluded". `p_value`: the one
    judged by, adjusted where several investments were judged together; None without an effect."""

    name: str
    outcome: str
    holds: tuple[str, ...]
    why: str
    p_value: float | None
    evidence: Evidence

    @property
    def facts(self) -> dict[str, float | None]:
        """Every number that explains the verdict, by a plain name, ready to be stored. Money is of today."""
        e = self.evidence
        facts: dict[str, float | None] = {
            **_named("yearly_loss", e.ceiling.yearly_loss),
            **_named("gain_at_most", e.ceiling.gain),
            "cost": e.ceiling.cost,
            "fall_needed": e.ceiling.fall_needed if e.ceiling.gain.value > 0 else None,
            **_named("value_share", e.aim.value_share),
            "expected_fall_low": e.expected_fall[0],
            "expected_fall_high": e.expected_fall[1],
            "smallest_fall": e.foresight.smallest_fall,
            "months_needed": e.foresight.months_needed,
            "per_month": e.foresight.per_month,
            "months_before": e.months_before,
            "months_after": e.months_after,
            "p_value_judged": self.p_value,
            "total_expected": e.total.expected if e.total else None,
            "total_has_moved": float(e.total.has_moved) if e.total else None,
        }
        tested = {"effect": e.effect, "trend": e.trend, "series": e.series, "total": e.total and e.total.effect}
        for name, found in tested.items():
            facts |= {f"{name}_{part}": getattr(found, part) if found else None for part in _OF_EFFECT}
        for profit in (e.expected, e.measured):
            if profit:
                facts |= _named(f"{profit.basis}_profit_per_euro", profit.per_euro)
                facts[f"{profit.basis}_profit_probability"] = profit.probability
        return facts


def decide(name: str, evidence: Evidence, p_value: float | None = None) -> Verdict:
    """The verdict. `p_value` stands in for that of the effect where several were tested together."""
    if p_value is None and evidence.effect is not None:
        p_value = evidence.effect.p_value
    judged = _judge_effect(evidence, p_value)
    holds = [judged.outcome]
    if not evidence.aim.is_cause:
        holds.insert(0, AIMED_AT_NON_CAUSE)
    if not evidence.ceiling.can_pay_back:
        holds.insert(0, CANNOT_PAY_BACK)
    return Verdict(name, holds[0], tuple(holds), judged.why, p_value, evidence)


def _judge_effect(evidence: Evidence, p_value: float | None) -> Judged:
    if evidence.overlap:
        return Judged(CANNOT_TELL, "overlap")
    if evidence.lacking == "no_controls":
        return Judged(CANNOT_TELL, "no_controls")
    if evidence.effect is None or p_value is None:
        return Judged(TOO_LITTLE_DATA, evidence.lacking or "defections")
    if p_value <= 1 - evidence.level:
        return _judge_clear(evidence, evidence.effect)
    return _judge_unclear(evidence, evidence.effect)


def _judge_clear(evidence: Evidence, found: Effect) -> Judged:
    """An effect that chance does not explain."""
    if found.rate_ratio >= 1:
        return Judged(NO_EFFECT_SHOWN, "rose")
    trend = evidence.trend
    if trend is not None and trend.rate_ratio < 1 and trend.p_value <= FELL_BEFORE:
        return Judged(CANNOT_TELL, "fell_before")
    if evidence.total is not None and evidence.total.is_proof:
        return Judged(NO_EFFECT_SHOWN, "moved")
    return Judged(WORKED, "fell")


def _judge_unclear(evidence: Evidence, found: Effect) -> Judged:
    expected = 1 - sum(evidence.expected_fall) / 2
    if found.low > expected:
        return Judged(NO_EFFECT_SHOWN, "excluded")
    is_clear_alone = found.p_value <= 1 - evidence.level
    return Judged(TOO_LITTLE_DATA, "many_tests" if is_clear_alone else "wide_interval")


def _named(name: str, figure: Estimated) -> dict[str, float | None]:
    return {name: figure.value, f"{name}_low": figure.low, f"{name}_high": figure.high}
