"""Whether the check of investments says the truth, on simulated businesses of which the truth is known.

Every simulated verdict comes through the door, `analysis.check_investment`, as a page would ask for it. Seeds are fixed
beforehand: business i of a case has the seed (case, i). 2,000 businesses a case, 500 with `--quick`; `--part NAME` runs
one part of it (again and again for several). A rate fails where it misses its goal as measured. Season: +-25 % for all
reasons, its month drawn for each business; 24 months before and 12 after; other reasons have 4 times the volume of the
one targeted. Businesses are shared out over the processors; what is found does not depend on how many there are.
"""

import csv
import os
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from multiprocessing import Pool
from pathlib import Path
from typing import NamedTuple, TypeVar

for library in ("OPENBLAS", "OMP", "MKL"):  # small fits: threads of one process would wait for each other
    os.environ[f"{library}_NUM_THREADS"] = "1"

import numpy as np  # noqa: E402

sys.path.insert(0, str(Path(__file__).parent.parent))  # so that the file can be run by its name

import analysis  # noqa: E402
from analysis.investment.lost import Estimated  # noqa: E402
from analysis.investment.series import Series, interrupted  # noqa: E402
from benchmarks.report import Figure, Report, arguments, fail  # noqa: E402

RUNS, QUICK = 2000, 500
BEFORE, AFTER, START = 24, 12, 600
FALSE_WORKED, POWER, COVERAGE = 0.07, 0.95, (0.90, 0.97)
TARGET, OTHERS = "rude_staff", ("price", "errors", "slow_service", "premises")
SETTINGS = analysis.InvestmentSettings(draws=200)
AT_RISK = 5000.0
HALF_YEAR = 6
Found = TypeVar("Found")


class Seen(NamedTuple):
    """What is counted of a verdict; `low`, `high`: of the rate ratio, 0 where there is none; `series_says_worked`: what
    the second opinion alone would say, None where there is none."""

    outcome: str
    why: str
    holds: tuple[str, ...]
    low: float
    high: float
    series_says_worked: bool | None


def seen(verdict: analysis.Verdict) -> Seen:
    effect, series = verdict.evidence.effect, verdict.evidence.series
    low, high = (effect.low, effect.high) if effect else (0.0, 0.0)
    deceived = None if series is None else series.p_value < 0.05 and series.rate_ratio < 1
    return Seen(verdict.outcome, verdict.why, verdict.holds, low, high, deceived)


def each(work: Callable[[int], Found], runs: int) -> list[Found]:
    """`work` on 0, 1, ... in order, on all processors."""
    with Pool(len(os.sched_getaffinity(0))) as pool:
        return pool.map(work, range(runs), chunksize=25)


@dataclass(frozen=True)
class Business:
    """A planted truth. `volume`: defections a month for the targeted reason over all branches before; `ratio`: what the
    investment makes of it; `market`: what happens to all reasons at the same time; `spread`: of a month's rate of one
    reason beyond chance (standard deviation of its logarithm), `memory` from one month to the next; `moved`: the part
    of the fall that goes to other reasons; `weight`: so many leave at a time; `branches`: how many, of which the first
    is treated; `own_season`: whether each reason has a season of its own; `answered`: the part of those who left that
    has answered, each answer standing for as many as left in its branch and half-year for each one who answered."""

    volume: float
    ratio: float = 1.0
    market: float = 1.0
    spread: float = 0.0
    memory: float = 0.0
    moved: float = 0.0
    weight: float = 1.0
    branches: int = 1
    own_season: bool = False
    answered: float = 1.0


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
    counts, variance = heard(counts, business.answered, rng)
    where = np.indices(counts.shape).reshape(3, -1)
    return analysis.Defections(
        month=where[0] + START - BEFORE,
        reason=np.array(reasons)[where[1]],
        branch=where[2] + 1,
        count=counts.reshape(-1),
        at_risk=np.full(counts.size, AT_RISK / b),
        variance=variance.reshape(-1),
    )


def heard(left: np.ndarray, answered: float, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Counts by the answers, (t, k, b), and what going by answers adds to their variance, as a business has them."""
    if answered == 1:
        return left, np.zeros(left.shape)
    told = rng.binomial(left.astype(np.int64), answered)
    halves = (len(left) // HALF_YEAR, HALF_YEAR, *left.shape[1:])
    whole, heard_of = (each.reshape(halves).sum(axis=(1, 2), keepdims=True) for each in (left, told))
    weight = np.divide(whole, heard_of, out=np.zeros(whole.shape), where=heard_of > 0)
    weight = np.broadcast_to(weight, halves).reshape(left.shape)
    return weight * told, (weight - 1).clip(0) * weight * told


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


def verdicts(case: int, business: Business, runs: int, **changes: object) -> list[Seen]:
    return each(partial(judge, case, business, plan(**changes), lost()), runs)


def judge(case: int, business: Business, investment: analysis.Investment, value: analysis.LostValue, i: int) -> Seen:
    data = simulate(business, np.random.default_rng((case, i)))
    return seen(analysis.check_investment(investment, data, value, settings=SETTINGS))


def rate(found: Sequence[Seen], outcome: str = "worked") -> float:
    return mean(verdict.outcome == outcome for verdict in found)


def covered(found: Sequence[Seen], ratio: float) -> float:
    return mean(verdict.low <= ratio <= verdict.high for verdict in found if verdict.high)


def mean(values: Iterable[float]) -> float:
    return float(np.mean(list(values)))


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
                deceived = mean(v.series_says_worked for v in found if v.series_says_worked is not None)
                report.add(Figure(f"  second opinion alone would say worked.{volume}", deceived))


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


def measured(report: Report, runs: int) -> None:
    """Departures that answers stand for: who answered is a draw, and the series says how sure it is.

    Nothing was done, or a fall of 80 % in one of six branches, where one in three who left has answered.
    """
    nothing = Business(30, answered=1 / 3)
    found = verdicts(330, nothing, runs)
    report.add(Figure("false_worked.one_in_three_answers", rate(found), "", FALSE_WORKED))
    band(report, "coverage.one_in_three_answers", covered(found, 1.0))
    found = verdicts(331, replace(nothing, branches=6), runs, branches=(1,))
    report.add(Figure("false_worked.one_in_three_at_one_of_six", rate(found), "", FALSE_WORKED))
    found = verdicts(332, replace(nothing, branches=6, ratio=0.2), runs, branches=(1,))
    report.add(Figure("power.one_in_three_at_one_of_six.80%_fall", rate(found)))
    band(report, "coverage.one_in_three_at_one_of_six.80%_fall", covered(found, 0.2))


def moved(report: Report, runs: int) -> None:
    """A fall of 60 % all of which turns up under other reasons, at one of two branches."""
    found = verdicts(320, Business(160, 0.4, branches=2, moved=1.0), runs, branches=(1,))
    called = mean(verdict.why == "moved" for verdict in found)
    report.add(Figure("moved.called_no_effect", called, "", 0.90, at_least=True))
    true = verdicts(321, Business(160, 0.4, branches=2), runs, branches=(1,))
    report.add(Figure("moved.false_alarm_where_the_fall_is_real", mean(v.why == "moved" for v in true), "", 0.05))


EIGHT = (TARGET, *(f"reason_{k}" for k in range(7)))


def regression_trap(report: Report, runs: int) -> None:
    """The worst of 8 equal reasons, 10 a month each, is picked on its last 6 months, and nothing is done."""
    found = each(partial(trap, lost(EIGHT)), runs)
    report.add(Figure("regression_trap.false_worked", rate([guarded for guarded, _, _ in found]), "", FALSE_WORKED))
    report.add(Figure("  apparent change of the worst", mean(apparent for _, _, apparent in found)))
    report.add(Figure("  false worked if held against those months", rate([trapped for _, trapped, _ in found])))


def trap(value: analysis.LostValue, i: int) -> tuple[Seen, Seen, float]:
    """The verdict with the guard, the one against those months alone, and how much the worst seems to change."""
    data = simulate(Business(10), np.random.default_rng((400, i)), EIGHT[1:])
    month, count = np.asarray(data.month), np.asarray(data.count)
    chosen_on = (START - 6, START - 1)
    recent = (month >= chosen_on[0]) & (month < START)
    picked = [count[(data.reason == reason) & recent].sum() for reason in EIGHT]
    worst = EIGHT[int(np.argmax(picked))]
    after = count[(data.reason == worst) & (month >= START)].sum() / 2
    investment = plan(reasons=(worst,))
    guarded = analysis.check_investment(replace(investment, chosen_on=chosen_on), data, value, settings=SETTINGS)
    window_only = replace(SETTINGS, longest_before=6)
    trapped = analysis.check_investment(investment, data, value, settings=window_only)
    return seen(guarded), seen(trapped), float(after / max(picked) - 1)


AT_BANK = ("statements", "rude_staff", "price", "slow_service", "errors", "competitor", "circumstances")
TRUE_AT_BANK = np.array([0.01, 0.25, 0.20, 0.18, 0.10, 0.16, 0.10])
INFLUENCEABLE = np.array([reason != "circumstances" for reason in AT_BANK])


def bank(report: Report, runs: int) -> None:
    """Much money for exact statements, for which 1 in 100 of those who left did; 300 of them were asked."""
    statements = plan(name="statements", reasons=("statements",), one_off=2e6, expected_fall=(0.3, 0.9))
    courtesy = plan(name="courtesy", reasons=("rude_staff",), one_off=2e5)
    data = simulate(Business(20), np.random.default_rng(500), AT_BANK[1:])
    found = each(partial(asked_at_bank, (statements, courtesy), data), runs)
    for word in ("aimed_at_non_cause", "cannot_pay_back"):
        flagged = mean(word in wrong.holds for wrong, _, _ in found)
        report.add(Figure(f"bank.{word}", flagged, "", POWER, at_least=True))
        report.add(Figure(f"bank.courtesy_wrongly.{word}", mean(word in fair.holds for _, fair, _ in found), "", 0.01))
    held = TRUE_AT_BANK * INFLUENCEABLE / TRUE_AT_BANK[INFLUENCEABLE].sum()
    true = float(np.abs(np.array([2e6, 2e5, 0, 0, 0, 0, 0]) / 2.2e6 - held).sum() / 2)
    report.add(Figure("bank.mismatch (true)", true))
    covered_by = mean(mismatch.low <= true <= mismatch.high for _, _, mismatch in found)
    report.add(Figure("bank.mismatch_covered", covered_by, "", 0.90, at_least=True))


def asked_at_bank(
    plans: tuple[analysis.Investment, analysis.Investment], data: analysis.Defections, i: int
) -> tuple[Seen, Seen, Estimated]:
    """The verdicts on both by one sample of those who left, and the mismatch."""
    counts = np.random.default_rng((501, i)).multinomial(300, TRUE_AT_BANK)
    value = analysis.lost_from_counts(AT_BANK, counts, INFLUENCEABLE, (3e6, 3e5), analysis.Drawing(1000, i))
    wrong, fair = (seen(analysis.check_investment(one, data, value, settings=SETTINGS)) for one in plans)
    return wrong, fair, analysis.align(analysis.spread_spend(plans, AT_BANK), value).mismatch


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


PARTS: dict[str, Callable[[Report, int], None]] = {
    part.__name__: part for part in (no_effect, harder, planted, measured, moved, regression_trap, bank)
}


def main() -> int:
    wanted = arguments(__doc__ or "")
    wanted.add_argument("--part", action="append", choices=PARTS, help="only this part of the businesses")
    chosen = wanted.parse_args()
    report, runs = Report("Investments judged on businesses of known truth"), QUICK if chosen.quick else RUNS
    report.add(Figure("businesses a case", runs))
    sicily(report, chosen.data / "sicily.csv")
    for name in chosen.part or PARTS:
        PARTS[name](report, runs)
    speed(report)
    return report.finish(chosen.json)


if __name__ == "__main__":
    sys.exit(main())
