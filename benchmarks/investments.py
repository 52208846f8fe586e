"""Whether the check of investments says the truth, on simulated businesses of which the truth is known.

Every simulated verdict comes through the door, `analysis.check_investment`, as a page would ask for it. Seeds are fixed
beforehand: business i of a case has the seed (case, i). 2,000 businesses a case, 500 with `--quick`. A rate fails where
it misses its goal as measured. Season: +-25 % for all reasons, its month drawn for each business; 24 months before and
12 after; other reasons have 4 times the volume of the one targeted.
"""

import csv
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parent.parent))  # so that the file can be run by its name

import analysis  # noqa: E402
from analysis.investment.series import Series, interrupted  # noqa: E402
from benchmarks.report import Figure, Report, arguments, fail  # noqa: E402

RUNS, QUICK = 2000, 500
BEFORE, AFTER, START = 24, 12, 600
FALSE_WORKED, POWER, COVERAGE = 0.07, 0.95, (0.90, 0.97)
TARGET, OTHERS = "rude_staff", ("price", "errors", "slow_service", "premises")
SETTINGS = analysis.InvestmentSettings(draws=200)
AT_RISK = 5000.0


@dataclass(frozen=True)
class Business:
    """A planted truth. `volume`: defections a month for the targeted reason over all branches before; `ratio`: what the
    investment makes of it; `market`: what happens to all reasons at the same time; `spread`: of a month's rate of one
    reason beyond chance (standard deviation of its logarithm), `memory` from one month to the next; `moved`: the part
    of the fall that goes to other reasons; `weights`: answers stand for so many defections each; `branches`: how many,
    of which the first is treated; `own_season`: whether each reason has a season of its own."""

    volume: float
    ratio: float = 1.0
    market: float = 1.0
    spread: float = 0.0
    memory: float = 0.0
    moved: float = 0.0
    weight: float = 1.0
    branches: int = 1
    own_season: bool = False


def simulate(business: Business, rng: np.random.Generator, others: Sequence[str] = OTHERS) -> analysis.Defections:
    reasons, t, b = (TARGET, *others), BEFORE + AFTER, business.branches
    month = np.arange(t)
    phase = rng.uniform(0, 12, len(reasons) if business.own_season else 1)
    level = 1 + 0.25 * np.sin(2 * np.pi * (month[:, None] + phase) / 12) * np.ones(len(reasons))
    level = level * np.where(month >= BEFORE, business.market, 1.0)[:, None]
    level = level * np.exp(shocks(business, rng, (t, len(reasons))))
    effect = np.ones((t, len(reasons), b))
    effect[BEFORE:, 0, 0] = business.ratio
    effect[BEFORE:, 1:, 0] = 1 + business.moved * (1 - business.ratio) / len(others)
    expected = business.volume / b * level[..., None] * effect
    counts = rng.poisson(expected / business.weight) * business.weight
    where = np.indices(counts.shape).reshape(3, -1)
    return analysis.Defections(
        month=where[0] + START - BEFORE,
        reason=np.array(reasons)[where[1]],
        branch=where[2] + 1,
        count=counts.reshape(-1),
        at_risk=np.full(counts.size, AT_RISK / b),
    )


def shocks(business: Business, rng: np.random.Generator, shape: tuple[int, int]) -> np.ndarray:
    """A first-order autoregression for each reason, (t, k)."""
    drawn = rng.normal(0, business.spread, shape)
    for month in range(1, shape[0]):
        fresh = np.sqrt(1 - business.memory**2)
        drawn[month] = business.memory * drawn[month - 1] + fresh * drawn[month]
    return drawn


def plan(**changes: object) -> analysis.Investment:
    usual = {"name": "training", "reasons": (TARGET,), "start": START, "one_off": 1000.0, "expected_fall": (0.2, 0.4)}
    return analysis.Investment(**{**usual, **changes})  # type: ignore[arg-type]


def lost(reasons: Sequence[str] = (TARGET, *OTHERS)) -> analysis.LostValue:
    """Every reason costs enough to be worth money, so that only the effect is in question."""
    k = len(reasons)
    return analysis.lost_from_counts(tuple(reasons), [50] * k, [True] * k, (1e6, 5e4), analysis.Drawing(200, 1))


def verdicts(case: int, business: Business, runs: int, **changes: object) -> list[analysis.Verdict]:
    investment, value = plan(**changes), lost()
    return [
        analysis.check_investment(
            investment, simulate(business, np.random.default_rng((case, i))), value, settings=SETTINGS
        )
        for i in range(runs)
    ]


def rate(found: Sequence[analysis.Verdict], outcome: str = "worked") -> float:
    return float(np.mean([verdict.outcome == outcome for verdict in found]))


def covered(found: Sequence[analysis.Verdict], ratio: float) -> float:
    effects = [verdict.evidence.effect for verdict in found if verdict.evidence.effect]
    return float(np.mean([each.low <= ratio <= each.high for each in effects]))


def band(report: Report, name: str, value: float) -> None:
    """A coverage that must be neither too low nor too high."""
    report.add(Figure(f"{name} (low end)", value, "", COVERAGE[0], at_least=True))
    report.add(Figure(f"{name} (high end)", value, "", COVERAGE[1]))


def no_effect(report: Report, runs: int) -> None:
    """Nothing was done, with and without a market that falls by 20 % at the same time."""
    case = 100
    for volume in (5, 20, 80):
        for market, word in ((1.0, ""), (0.8, ".market_falls")):
            case += 1
            found = verdicts(case, Business(volume, market=market), runs)
            report.add(Figure(f"false_worked.{volume}_a_month{word}", rate(found), "", FALSE_WORKED))
            band(report, f"coverage.no_effect.{volume}{word}", covered(found, 1.0))
            if market < 1:
                series = [v.evidence.series for v in found if v.evidence.series]
                deceived = np.mean([s.p_value < 0.05 and s.rate_ratio < 1 for s in series])
                report.add(Figure(f"  second opinion alone would say worked.{volume}", float(deceived)))


def harder(report: Report, runs: int) -> None:
    """Nothing was done, in businesses that are less tidy than the model."""
    cases = {
        "overdispersed": Business(20, spread=0.2),
        "months_alike": Business(20, spread=0.2, memory=0.5),
        "own_season": Business(20, own_season=True),
        "answers_weighted_by_4": Business(20, weight=4),
        "one_of_six_branches": Business(120, branches=6, market=0.8),
        "one_a_month": Business(1),
    }
    for case, (name, business) in enumerate(cases.items(), 200):
        where = (1,) if business.branches > 1 else ()
        found = verdicts(case, business, runs, branches=where)
        goal = None if name == "months_alike" else FALSE_WORKED
        report.add(Figure(f"false_worked.{name}", rate(found), "", goal))


def planted(report: Report, runs: int) -> None:
    """A true fall is found, and its size is in the interval."""
    for case, (volume, ratio) in enumerate(((5, 0.5), (20, 0.8), (20, 0.7), (20, 0.5), (80, 0.8)), 300):
        found = verdicts(case, Business(volume, ratio), runs)
        goal = POWER if (volume, ratio) == (20, 0.7) else None
        report.add(Figure(f"power.{volume}_a_month.{1 - ratio:.0%}_fall", rate(found), "", goal, at_least=True))
        band(report, f"coverage.{volume}.{1 - ratio:.0%}_fall", covered(found, ratio))
    found = verdicts(310, Business(120, 0.7, branches=6, market=0.8), runs, branches=(1,))
    report.add(Figure("power.one_of_six_branches.30%_fall", rate(found)))
    band(report, "coverage.one_of_six_branches", covered(found, 0.7))


def moved(report: Report, runs: int) -> None:
    """A fall of 60 % all of which turns up under other reasons, at one of two branches."""
    found = verdicts(320, Business(160, 0.4, branches=2, moved=1.0), runs, branches=(1,))
    seen = [verdict.why == "moved" for verdict in found]
    report.add(Figure("moved.called_no_effect", float(np.mean(seen)), "", 0.90, at_least=True))
    true = verdicts(321, Business(160, 0.4, branches=2), runs, branches=(1,))
    report.add(
        Figure("moved.false_alarm_where_the_fall_is_real", float(np.mean([v.why == "moved" for v in true])), "", 0.05)
    )


def regression_trap(report: Report, runs: int) -> None:
    """The worst of 8 equal reasons, 10 a month each, is picked on its last 6 months, and nothing is done."""
    reasons = (TARGET, *(f"reason_{k}" for k in range(7)))
    value = lost(reasons)
    guarded, window_only, apparent = [], [], []
    for i in range(runs):
        data = simulate(Business(10), np.random.default_rng((400, i)), reasons[1:])
        month, count = np.asarray(data.month), np.asarray(data.count)
        chosen_on = (START - 6, START - 1)
        recent = month >= chosen_on[0]
        seen = [count[(data.reason == reason) & recent & (month < START)].sum() for reason in reasons]
        worst = reasons[int(np.argmax(seen))]
        after = count[(data.reason == worst) & (month >= START)].sum() / 2
        apparent.append(after / max(seen) - 1)
        investment = plan(reasons=(worst,))
        guarded.append(
            analysis.check_investment(replace(investment, chosen_on=chosen_on), data, value, settings=SETTINGS)
        )
        trapped = replace(SETTINGS, longest_before=6)
        window_only.append(analysis.check_investment(investment, data, value, settings=trapped))
    report.add(Figure("regression_trap.false_worked", rate(guarded), "", FALSE_WORKED))
    report.add(Figure("  apparent change of the worst", float(np.mean(apparent))))
    report.add(Figure("  false worked if held against those months", rate(window_only)))


def bank(report: Report, runs: int) -> None:
    """Much money for exact statements, for which 1 in 100 of those who left did; 300 of them were asked."""
    reasons = ("statements", "rude_staff", "price", "slow_service", "errors", "competitor", "circumstances")
    truth = np.array([0.01, 0.25, 0.20, 0.18, 0.10, 0.16, 0.10])
    influenceable = np.array([reason != "circumstances" for reason in reasons])
    statements = plan(name="statements", reasons=("statements",), one_off=2e6, expected_fall=(0.3, 0.9))
    courtesy = plan(name="courtesy", reasons=("rude_staff",), one_off=2e5)
    data = simulate(Business(20), np.random.default_rng(500), reasons[1:])
    flagged, fair, mismatch = [], [], []
    for i in range(runs):
        rng = np.random.default_rng((501, i))
        counts = rng.multinomial(300, truth)
        value = analysis.lost_from_counts(reasons, counts, influenceable, (3e6, 3e5), analysis.Drawing(1000, i))
        flagged.append(analysis.check_investment(statements, data, value, settings=SETTINGS))
        fair.append(analysis.check_investment(courtesy, data, value, settings=SETTINGS))
        spend = analysis.spread_spend([statements, courtesy], reasons)
        mismatch.append(analysis.align(spend, value).mismatch)
    for word in ("aimed_at_non_cause", "cannot_pay_back"):
        report.add(Figure(f"bank.{word}", float(np.mean([word in v.holds for v in flagged])), "", POWER, at_least=True))
        report.add(Figure(f"bank.courtesy_wrongly.{word}", float(np.mean([word in v.holds for v in fair])), "", 0.01))
    held = truth * influenceable / truth[influenceable].sum()
    share = np.array([2e6, 2e5, 0, 0, 0, 0, 0]) / 2.2e6
    true = np.abs(share - held).sum() / 2
    report.add(Figure("bank.mismatch (true)", float(true)))
    report.add(
        Figure("bank.mismatch_covered", float(np.mean([m.low <= true <= m.high for m in mismatch])), "", 0.90, True)
    )


def sicily(report: Report, path: Path) -> None:
    """The Italian smoking ban and heart attacks: .885 (.839-.933), as published, with two harmonics."""
    rows = list(csv.DictReader(path.open(encoding="utf-8")))
    of = {name: np.array([float(row[name]) for row in rows]) for name in ("year", "month", "aces", "stdpop", "smokban")}
    month = ((of["year"] - 1970) * 12 + of["month"] - 1).astype(np.int64)
    found = interrupted(Series(month, of["aces"], of["stdpop"], of["smokban"] > 0), small_sample=False)
    if found is None:
        fail("the Sicily series is not long enough?")
        return
    for name, value, published in (
        ("rate_ratio", found.rate_ratio, 0.885),
        ("low", found.low, 0.839),
        ("high", found.high, 0.933),
        ("dispersion", found.dispersion, 2.26),
    ):
        report.add(Figure(f"sicily.{name}", value))
        digits = 2 if name == "dispersion" else 3
        report.add(Figure(f"sicily.{name}, away from {published}", abs(round(value, digits) - published), "", 0.0))


def speed(report: Report) -> None:
    """Processor time of one whole check: six fits, draws and verdict."""
    data, investment, value = simulate(Business(20), np.random.default_rng(1)), plan(), lost()
    start = time.process_time()
    for _ in range(100):
        analysis.check_investment(investment, data, value)
    report.add(Figure("one_check", (time.process_time() - start) * 10, "ms"))


def main() -> int:
    chosen = arguments(__doc__ or "").parse_args()
    report, runs = Report("Investments judged on businesses of known truth"), QUICK if chosen.quick else RUNS
    report.add(Figure("businesses a case", runs))
    sicily(report, chosen.data / "sicily.csv")
    parts: list[Callable[[Report, int], None]] = [no_effect, harder, planted, moved, regression_trap, bank]
    for part in parts:
        part(report, runs)
    speed(report)
    return report.finish(chosen.json)


if __name__ == "__main__":
    sys.exit(main())
