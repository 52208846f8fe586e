"""Whether the shares of reasons are true: how often intervals hold the truth, and what counting the model would say.

Every cell (inclusion, weights, share, size of the audit) is 2,000 businesses with a planted share, a classifier with an
area under the curve of .92 whose probabilities are off by +.7 on the logit, and 5,000 answers. A cell fails where the
99 % interval of its coverage lies outside .93 to .98; `.beyond` is how far outside. Real reviews: answers are drawn
with replacement from what people labelled, so that the share in the file is the truth; the model is the starter model,
trained on none of them. Seeds are fixed. `--quick` makes 200 of each; `--part NAME` runs one part (again and again for
several). Cells are shared out over the processors; what is found does not depend on how many there are.
"""

import os
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from multiprocessing import Pool
from pathlib import Path
from typing import NamedTuple

for library in ("OPENBLAS", "OMP", "MKL"):  # small sums: threads of one process would wait for each other
    os.environ[f"{library}_NUM_THREADS"] = "1"

import numpy as np  # noqa: E402
from scipy.special import expit, logit, ndtri  # noqa: E402

sys.path.insert(0, str(Path(__file__).parent.parent))  # so that the file can be run by its name

import analysis  # noqa: E402
from benchmarks.answers import GROUPS, reviews  # noqa: E402
from benchmarks.report import Figure, Report, arguments  # noqa: E402

ANSWERS, RUNS, QUICK = 5_000, 2_000, 200
SHARES, AUDITS = (0.02, 0.05, 0.20), (100, 200, 400)
BAND = (0.93, 0.98)
AUC, SHIFT = 0.92, 0.7
#: the spread of the logarithm of respondents' weights: Kish's effective size is .78 of the answers
WEIGHT_SPREAD = 0.5
SEED = 20_260_105
NARROWER = 0.80


class Business(NamedTuple):
    """Labels, what the model says, and how many defectors each answer stands for, all (n,)."""

    truth: np.ndarray
    said: np.ndarray
    weights: np.ndarray


class Audit(NamedTuple):
    at: np.ndarray
    inclusion: np.ndarray


@dataclass
class Tally:
    """How often intervals held the truth, and how wide they were."""

    hits: int = 0
    runs: int = 0
    width: float = 0.0

    def see(self, low: float, high: float, truth: float) -> None:
        self.hits += low <= truth <= high
        self.runs += 1
        self.width += high - low

    @property
    def coverage(self) -> float:
        return self.hits / self.runs

    @property
    def mean_width(self) -> float:
        return self.width / self.runs

    @property
    def beyond(self) -> float:
        """How far the 99 % interval of the coverage lies outside the band."""
        low, high = (float(end) for end in analysis.wilson(self.hits, self.runs, 0.99))
        return max(BAND[0] - high, low - BAND[1], 0.0)


def binormal(share: float, weighted: bool, rng: np.random.Generator) -> Business:
    """A classifier whose scores are normal in either class; its probabilities are right but for the shift."""
    truth = rng.random(ANSWERS) < share
    apart = np.sqrt(2) * ndtri(AUC)
    score = rng.normal(size=ANSWERS) + apart * truth
    said = expit(logit(share) + apart * score - apart**2 / 2 + SHIFT)
    spread = np.exp(WEIGHT_SPREAD * rng.normal(size=ANSWERS)) if weighted else np.ones(ANSWERS)
    return Business(truth.astype(float), said, spread)


def uniform(business: Business, size: int, rng: np.random.Generator) -> Audit:
    n = len(business.said)
    return Audit(rng.choice(n, size, replace=False), np.full(size, size / n))


def unequal(business: Business, size: int, rng: np.random.Generator) -> Audit:
    """Each by itself, in proportion to how unsure the model is."""
    doubt = np.sqrt(business.said * (1 - business.said))
    chance = np.minimum(size * doubt / doubt.sum(), 1.0)
    at = np.flatnonzero(rng.random(len(chance)) < chance)
    return Audit(at, chance[at])


def counted(business: Business) -> tuple[float, float]:
    """Plain counting of what the model finds, with the interval that it would be given."""
    n = len(business.said)
    low, high = analysis.wilson(int((business.said >= 0.5).sum()), n)
    return float(low), float(high)


Draw = Callable[[Business, int, np.random.Generator], Audit]


class Cell(NamedTuple):
    number: int
    draw: Draw
    weighted: bool
    share: float
    size: int

    @property
    def name(self) -> str:
        return f"{self.draw.__name__}{'.weighted' if self.weighted else ''}.{self.share:.2f}.{self.size}"


def cells() -> Iterator[Cell]:
    number = 0
    for draw in (uniform, unequal):
        for weighted in (False, True):
            for share in SHARES:
                for size in AUDITS:
                    yield Cell(number, draw, weighted, share, size)
                    number += 1


def simulated(report: Report, runs: int) -> None:
    with Pool(len(os.sched_getaffinity(0))) as pool:
        for cell, (ours, plain, alone) in zip(cells(), pool.imap(partial(tallied, runs), cells()), strict=True):
            show(report, cell.name, ours, plain)
            if cell.draw is uniform:
                goal = NARROWER if cell.share == SHARES[-1] else None
                report.add(Figure(f"{cell.name}.width_to_labels", ours.mean_width / alone.mean_width, "", goal))


def tallied(runs: int, cell: Cell) -> tuple[Tally, Tally, Tally]:
    """Our intervals, plain counting, and the labels alone (of a uniform audit)."""
    ours, plain, alone = Tally(), Tally(), Tally()
    rng = np.random.default_rng([SEED, cell.number])
    for _ in range(runs):
        business = binormal(cell.share, cell.weighted, rng)
        audit = cell.draw(business, cell.size, rng)
        labels = business.truth[audit.at]
        found = analysis.estimate_shares(
            business.said[:, None], audit.at, labels[:, None], inclusion=audit.inclusion, weights=business.weights
        )
        ours.see(found.low[0], found.high[0], cell.share)
        plain.see(*counted(business), cell.share)
        if cell.draw is uniform:
            alone.see(*(float(end) for end in by_labels(business, audit)), cell.share)
    return ours, plain, alone


def by_labels(business: Business, audit: Audit) -> tuple[np.ndarray, np.ndarray]:
    """The audit alone, on the effective number of answers."""
    weights = business.weights[audit.at] / audit.inclusion
    size = weights.sum() ** 2 / (weights**2).sum()
    return analysis.wilson(size * (weights @ business.truth[audit.at]) / weights.sum(), size)


def show(report: Report, name: str, ours: Tally, plain: Tally) -> None:
    report.add(Figure(f"{name}.coverage", ours.coverage))
    report.add(Figure(f"{name}.beyond", ours.beyond, "", 0.0))
    report.add(Figure(f"{name}.counting", plain.coverage))


def real_text(data: Path, report: Report, runs: int) -> None:
    """Audits of 100 of real reviews: coverage of the share of each aspect, and of the lot of them at once."""
    model = analysis.starter_model()
    for language in ("nl", "en"):
        answers = reviews(data, language)
        proba = model.predict_proba(answers.texts, [language] * len(answers.texts))
        said = np.column_stack([any_of(proba, model.reasons, group) for group in answers.counted])
        truth = np.array([[group in given for group in answers.counted] for given in answers.truth], dtype=float)
        aspects = [Tally() for _ in answers.counted]
        plain, together = [Tally() for _ in answers.counted], 0
        rng = np.random.default_rng([SEED, len(language), ord(language[0])])
        for _ in range(runs):
            drawn = rng.integers(0, len(truth), ANSWERS)
            at = rng.choice(ANSWERS, 100, replace=False)
            found = analysis.estimate_shares(said[drawn], at, truth[drawn[at]])
            shares = truth.mean(axis=0)
            together += bool(((found.together.low <= shares) & (shares <= found.together.high)).all())
            for k, share in enumerate(shares):
                aspects[k].see(found.low[k], found.high[k], share)
                plain[k].see(*counted(Business(truth[drawn, k], said[drawn, k], drawn)), share)
        for k, group in enumerate(answers.counted):
            show(report, f"reviews_{language}.{group}", aspects[k], plain[k])
        report.add(Figure(f"reviews_{language}.all_at_once", together / runs, "", BAND[0], at_least=True))


def any_of(proba: np.ndarray, reasons: tuple[str, ...], group: str) -> np.ndarray:
    """The probability of at least one reason of a group, as if they came independently."""
    columns = [k for k, reason in enumerate(reasons) if GROUPS.get(reason) == group]
    return 1 - np.prod(1 - proba[:, columns], axis=1)


DEFECTORS = 8_000
SEGMENTS, TENURES = ("private", "business", "young"), ("0", "1", "2", "3")


class Asked(NamedTuple):
    """Defectors, what they would say, and who answered."""

    characteristics: dict[str, list[str]]
    truth: np.ndarray
    answered: np.ndarray


def ask(at_random: bool, rng: np.random.Generator) -> Asked:
    """Who left and why depends on segment and tenure, and so does answering; where not `at_random`, those who left for
    the reason answer half as often again besides."""
    segment, tenure = rng.integers(0, 3, DEFECTORS), rng.integers(0, 4, DEFECTORS)
    truth = rng.random(DEFECTORS) < expit(-2.2 + 0.9 * (segment == 1) + 0.4 * tenure)
    chance = expit(-2.0 + 1.2 * (segment == 1) + 0.4 * tenure)
    if not at_random:
        chance = np.minimum(chance * np.where(truth, 1.5, 1.0), 1.0)
    characteristics = {"segment": [SEGMENTS[i] for i in segment], "tenure": [TENURES[i] for i in tenure]}
    return Asked(characteristics, truth, rng.random(DEFECTORS) < chance)


def true_share() -> float:
    kinds = [expit(-2.2 + 0.9 * (segment == 1) + 0.4 * tenure) for segment in range(3) for tenure in range(4)]
    return float(np.mean(kinds))


def non_response(report: Report, runs: int) -> None:
    """Weights restore coverage where answering depends on what is known; where it depends on the reason itself they
    cannot, and the widest bounds hold the truth."""
    share = true_share()
    for at_random in (True, False):
        tallies = {name: Tally() for name in ("unweighted", "logistic", "raking", "bounds")}
        rng = np.random.default_rng([SEED, 90 + at_random])
        for _ in range(runs):
            asked = ask(at_random, rng)
            rate = float(asked.answered.mean())
            plain = shares_of_answers(asked, None, rng)
            tallies["unweighted"].see(*plain, share)
            tallies["bounds"].see(*(float(end) for end in analysis.widest_bounds(*plain, rate)), share)
            for way in ("logistic", "raking"):
                weights = analysis.response_weights(asked.characteristics, asked.answered, way=way).weights
                tallies[way].see(*shares_of_answers(asked, weights, rng), share)
        name = f"non_response.{'at_random' if at_random else 'not_at_random'}"
        for each, tally in tallies.items():
            report.add(Figure(f"{name}.{each}.coverage", tally.coverage))
        if at_random:
            report.add(Figure(f"{name}.logistic.beyond", tallies["logistic"].beyond, "", 0.0))
            report.add(Figure(f"{name}.raking.beyond", tallies["raking"].beyond, "", 0.0))
        report.add(Figure(f"{name}.bounds_hold", tallies["bounds"].coverage, "", 0.99, at_least=True))


def shares_of_answers(asked: Asked, weights: np.ndarray | None, rng: np.random.Generator) -> tuple[float, float]:
    """The interval from those who answered, by a badly calibrated classifier and a uniform audit of 300."""
    truth = asked.truth[asked.answered]
    apart = np.sqrt(2) * ndtri(AUC)
    said = expit(apart * (rng.normal(size=len(truth)) + apart * truth) - 1.5 - apart**2 / 2 + SHIFT)
    at = rng.choice(len(truth), 300, replace=False)
    found = analysis.estimate_shares(said[:, None], at, truth[at, None], weights=weights)
    return float(found.low[0]), float(found.high[0])


def speed(report: Report) -> None:
    """A million answers and twelve reasons, common and rare."""
    rng = np.random.default_rng([SEED, 99])
    said = rng.random((1_000_000, 12), dtype=np.float32) ** np.linspace(1, 60, 12, dtype=np.float32)
    at = rng.choice(len(said), 400, replace=False)
    labels, weights = rng.random((400, 12)) < said[at], rng.lognormal(sigma=WEIGHT_SPREAD, size=len(said))
    start = time.process_time()
    analysis.estimate_shares(said, at, labels, weights=weights)
    report.add(Figure("million_answers.processor_time", time.process_time() - start, "s", 3.0))


def main() -> int:
    wanted = arguments(__doc__ or "")
    wanted.add_argument("--part", action="append", choices=("simulated", "real_text", "non_response"))
    chosen = wanted.parse_args()
    runs = QUICK if chosen.quick else RUNS
    report = Report("Shares held against the truth")
    parts: dict[str, Callable[[], None]] = {
        "simulated": lambda: simulated(report, runs),
        "real_text": lambda: real_text(chosen.data, report, runs),
        "non_response": lambda: non_response(report, runs // 2),
    }
    speed(report)
    for name in chosen.part or parts:
        parts[name]()
    return report.finish(chosen.json)


if __name__ == "__main__":
    sys.exit(main())
