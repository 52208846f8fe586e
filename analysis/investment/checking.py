"""The check of an investment: the three questions asked, and one verdict."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from analysis.investment.alignment import aim
from analysis.investment.ceiling import ceiling
from analysis.investment.defections import Defections
from analysis.investment.effect import (
    DEFECTIONS,
    MONTHS_AFTER,
    MONTHS_BEFORE,
    Comparison,
    choose_controls,
    compare,
    effect,
    trend_before,
    volumes,
)
from analysis.investment.lost import LostValue
from analysis.investment.many import false_discoveries
from analysis.investment.periods import overlapping, periods, touched_branches, touched_reasons
from analysis.investment.plan import Investment, InvestmentSettings
from analysis.investment.power import Foresight, foresee
from analysis.investment.profit import expected_profit, measured_profit
from analysis.investment.series import interrupted, series_of
from analysis.investment.substitution import total
from analysis.investment.verdict import Evidence, Verdict, decide

_EXPECTED_AFTER = 5


def check_investment(
    investment: Investment,
    defections: Defections,
    lost: LostValue,
    others: Sequence[Investment] = (),
    settings: InvestmentSettings = InvestmentSettings(),
) -> Verdict:
    """Could it ever pay back, is it aimed at a cause, did it work.

    `defections`: of the whole business, so that there is something to hold it against. `lost`: lost value a year before
    it began, at its branches. `others`: every other investment; this one among them is passed over, by name. Tests are
    two-sided at 1 - level. An investment that has not started yet gets the same verdict with `foresight` to read.
    Raises ValueError where a targeted reason has no lost value (it may be 0).
    """
    others = [other for other in others if other.name != investment.name]
    checked = _comparable(investment, defections, others, settings)
    evidence = Evidence(
        ceiling=ceiling(investment, lost, settings),
        aim=aim(investment.reasons, lost, settings.level),
        expected_fall=investment.expected_fall,
        foresight=_foresight(investment, checked),
        expected=expected_profit(investment, lost, settings),
        months_before=checked.months_before,
        months_after=checked.months_after,
        overlap=checked.overlap,
        lacking=checked.lacking,
        level=settings.level,
    )
    return decide(investment.name, _measured(evidence, checked, investment, lost, settings))


def judge_together(verdicts: Sequence[Verdict]) -> tuple[Verdict, ...]:
    """The same verdicts with false discoveries among all of them controlled: of those called worked, at most a part of
    1 - level is expected to have had no effect (see `many`). Always do so where more than one investment is shown."""
    found = [verdict.evidence.effect for verdict in verdicts]
    adjusted = false_discoveries([effect.p_value if effect else np.nan for effect in found])
    return tuple(
        decide(verdict.name, verdict.evidence, None if np.isnan(p) else float(p))
        for verdict, p in zip(verdicts, adjusted, strict=True)
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Comparable:
    """What can be compared, against which controls; `whole` is held against branches whatever the controls."""

    comparison: Comparison | None
    whole: Comparison
    overlap: tuple[str, ...]
    lacking: str | None

    @property
    def months_before(self) -> int:
        return int((~self.whole.after).sum())

    @property
    def months_after(self) -> int:
        return int(self.whole.after.sum())


def _comparable(
    investment: Investment, defections: Defections, others: Sequence[Investment], settings: InvestmentSettings
) -> _Comparable:
    first, last = defections.months
    months = np.arange(first, last + 1)
    when = periods(investment, months, settings)
    compared = months[when.compared].tolist()
    in_the_way = overlapping(investment, others, compared)
    controls = set(defections.reasons) - set(investment.reasons) - touched_reasons(investment, others, compared)
    table = defections.table(investment.reasons, controls)
    treated = np.array([investment.is_at(branch) for branch in table.branches.tolist()])
    touched = touched_branches(investment, others, compared, table.branches.tolist())
    kept = treated | ~np.isin(table.branches, list(touched))
    table, treated = table.only(np.ones(len(months), dtype=np.bool_), kept), treated[kept]
    whole = compare(table, when, treated, "branches")
    chosen = choose_controls(whole.table, treated) if settings.controls == "auto" else settings.controls
    comparison = compare(table, when, treated, chosen) if treated.any() else None
    names = tuple(other.name for other in in_the_way)
    return _Comparable(comparison, whole, names, _lacking(comparison))


def _lacking(comparison: Comparison | None) -> str | None:
    """The first thing that keeps a comparison from being made; by what was expected after, not by what came."""
    if comparison is None:
        return "defections"
    before, after = int((~comparison.after).sum()), int(comparison.after.sum())
    if after < MONTHS_AFTER:
        return "months_after"
    if before < MONTHS_BEFORE:
        return "months_before"
    corners = volumes(comparison).reshape(-1, 2)
    if not corners[1:].any():
        return "no_controls"
    enough = corners[0, 0] >= DEFECTIONS and corners[0, 0] / before * after >= _EXPECTED_AFTER
    return None if enough and (corners[1:] >= DEFECTIONS).all() else "defections"


def _foresight(investment: Investment, checked: _Comparable) -> Foresight:
    if checked.comparison is None:
        return Foresight(1.0, 12, None, 0.0)
    return foresee(checked.comparison, investment.expected_fall)


def _measured(
    evidence: Evidence, checked: _Comparable, investment: Investment, lost: LostValue, settings: InvestmentSettings
) -> Evidence:
    """The evidence with the effect in it, where it can be measured."""
    if checked.lacking or checked.comparison is None:
        return evidence
    level = settings.level
    found = effect(checked.comparison, level)
    return replace(
        evidence,
        effect=found,
        trend=trend_before(checked.comparison, level),
        series=interrupted(series_of(checked.whole), level),
        total=total(checked.whole, found, level),
        measured=measured_profit(investment, lost, found, settings),
    )
