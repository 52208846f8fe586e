"""Whether intervals of the defection rate and of lost value hold what they promise, in businesses whose truth is known.

Each world is a business that is made anew in every run; the interval of each figure should cover the truth in 93 to
97 % of the runs. A cell fails where its own 99 % interval, from the number of runs, lies outside of that. What is true:

- rates: the share that leaves of a very large business of the same kind, in the same months;
- these: margin, true pace and true rates of those who really left, summed over exactly them;
- process: the same summed over a very large business, for as many customers.

In the world with a lapse rule the true rates are those that the rule finds in the very large business; the pace and the
spend are the planted ones. Widths of lost value are shares of the truth.

Nothing is read from files: `--data` is not used. Seeds are fixed: run r of world w draws from (SEED, w, r).
"""

import argparse
import sys
import time
from collections import defaultdict
from dataclasses import dataclass
from multiprocessing import Pool
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parent.parent))  # so that the file can be run by its name

from analysis.defection.survival import durations, kaplan_meier, log_rank
from analysis.rates import against_past, period_rates, rolling_rate
from analysis.shares import wilson
from analysis.value import lost, noncontractual
from analysis.value.hazards import Hazards
from analysis.value.worth import Period, Worth, chosen, process_totals, totals
from benchmarks.made_business import (
    DAYS,
    LAST_YEAR,
    SETTINGS,
    WORLDS,
    Business,
    World,
    by_group,
    contract_losses,
    make,
    months,
    true_losses,
    true_rates,
)
from benchmarks.report import Figure, Report

SEED = 20261125
RUNS = 2_000
QUICK = 200
LARGE = 400_000
BAND = (0.93, 0.97)


@dataclass
class Truth:
    """Per group of a world, and in all: what intervals should cover."""

    rates: dict[str, float]
    per_customer: dict[str, float]
    leaving: Hazards
    coming: Hazards


def cells_of(business: Business) -> dict[str, tuple[float, float, float]]:
    """Every rate of a business: (estimate, low, high) by the name of the cell."""
    spells, found = business.spells, {}
    for name, some in by_group(business):
        part = business.of(some)
        last = period_rates(part, months(DAYS - 30, 1))
        rolling = rolling_rate(part, months(DAYS - 360, 12))
        found[f"rate month {name}"] = tuple(float(each[0]) for each in (last.estimate, last.low, last.high))
        found[f"rate rolling {name}"] = tuple(float(each) for each in (rolling.estimate, rolling.low, rolling.high))
    change = against_past(spells, months(DAYS - 90, 3), months(DAYS - 450, 12))
    return found | {"rate against past": (change.estimate, change.low, change.high)}


def losses_of(world: World, business: Business) -> tuple[Worth, np.ndarray]:
    """What was lost in the last year with each defection, by the code under test; and the rows that these are."""
    rows = np.flatnonzero(business.episodes.defected_day >= DAYS - LAST_YEAR)
    if world.term:
        return chosen(contract_losses(business), rows), rows
    worth = lost.lost_per_episode(business.histories, business.episodes, business.spells, business.segment, SETTINGS)
    return chosen(worth, rows), rows


def truth_of(world: World, number: int) -> Truth:
    large = make(world, np.random.default_rng((SEED, number, 10**6)), LARGE)
    found = {name: middle for name, (middle, _, _) in cells_of(large).items()}
    rows = np.flatnonzero(large.episodes.defected_day >= DAYS - LAST_YEAR)
    leaving, coming = true_rates(world, large)
    value, person = true_losses(large, leaving, coming, rows), large.person[rows]
    per_customer = {"total": float(value.sum()) / LARGE}
    for name, some in by_group(large)[1:]:
        per_customer[name] = float(value[some[person]].sum()) / float(some.sum())
    return Truth(found, per_customer, leaving, coming)


def run(job: tuple[int, int, Truth]) -> dict[str, tuple[bool, float]]:
    """One run of one world: per cell whether the truth was covered, and how wide the interval was."""
    number, seed, truth = job
    world = WORLDS[number]
    business = make(world, np.random.default_rng((SEED, number, seed)), world.customers)
    result = {
        name: (low <= truth.rates[name] <= high, high - low) for name, (_, low, high) in cells_of(business).items()
    }
    return result | _values(world, business, truth)


def _values(world: World, business: Business, truth: Truth) -> dict[str, tuple[bool, float]]:
    worth, rows = losses_of(world, business)
    real, person, result = true_losses(business, truth.leaving, truth.coming, rows), business.person[rows], {}
    for name, some in by_group(business):
        inside = some[person]
        part, nothing = chosen(worth, inside), np.zeros(int(inside.sum()), dtype=np.int64)
        these = totals(part, nothing, groups=1)
        process = process_totals(part, nothing, Period(person[inside], np.array([some.sum()])))
        expected = truth.per_customer[name] * float(some.sum())
        for kind, found, true in (("these", these, float(real[inside].sum())), ("process", process, expected)):
            low, high = float(found.low[0]), float(found.high[0])
            result[f"{kind} {name}"] = (low <= true <= high, (high - low) / expected)
    return result


def judge(world: World, number: int, runs: int, report: Report) -> None:
    truth, covered, widths = truth_of(world, number), defaultdict(list), defaultdict(list)
    with Pool(2) as pool:
        for found in pool.imap(run, ((number, seed, truth) for seed in range(runs)), chunksize=10):
            for name, (inside, width) in found.items():
                covered[name].append(inside)
                widths[name].append(width)
    for name, inside in covered.items():
        low, high = (float(end) for end in wilson(sum(inside), len(inside), 0.99))
        report.add(Figure(f"{world.name}: {name}", float(np.mean(inside)), "covered"))
        report.add(Figure(f"{world.name}: {name} width", float(np.mean(widths[name]))))
        report.add(Figure(f"{world.name}: {name} outside", max(BAND[0] - high, low - BAND[1], 0.0), "", 0))


def speed(report: Report) -> None:
    """What a chain with a million customers takes, from histories to totals."""
    world = next(world for world in WORLDS if world.name == "chain")
    large = make(world, np.random.default_rng((SEED, 10**6)), 1_000_000)
    start = time.perf_counter()
    worth = lost.lost_per_episode(large.histories, large.episodes, large.spells, large.segment, SETTINGS)
    branch = large.branch[large.person]
    totals(worth, branch)
    process_totals(worth, branch, Period(large.person, np.bincount(large.branch)))
    report.add(Figure("lost value of a million customers", time.perf_counter() - start, "s", 60))
    start = time.perf_counter()
    noncontractual.customer_values(large.histories, large.spells, large.segment, SETTINGS)
    report.add(Figure("lifetime value of a million customers", time.perf_counter() - start, "s", 60))
    start = time.perf_counter()
    period_rates(large.spells, months(DAYS - 360, 12))
    rolling_rate(large.spells, months(DAYS - 360, 12))
    stays = durations(large.spells)
    kaplan_meier(stays)
    log_rank(stays, large.segment[large.spells.person])
    report.add(Figure("rates and survival of a million customers", time.perf_counter() - start, "s", 30))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, help="not used: everything is made up")
    parser.add_argument("--json", type=Path, help="file to write the figures to")
    parser.add_argument("--quick", action="store_true", help=f"{QUICK} runs instead of {RUNS:,}")
    parser.add_argument("--world", choices=[world.name for world in WORLDS], help="only this one")
    asked = parser.parse_args()
    report = Report("Intervals of rates and of lost value, against a truth that is known")
    for number, world in enumerate(WORLDS):
        if asked.world in (None, world.name):
            judge(world, number, QUICK if asked.quick else RUNS, report)
    if not asked.quick and asked.world is None:
        speed(report)
    return report.finish(asked.json)


if __name__ == "__main__":
    sys.exit(main())
