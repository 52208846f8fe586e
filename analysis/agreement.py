"""Agreement between reviewers beyond chance: Cohen's kappa for two, Krippendorff's alpha for any number."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

Numbers = NDArray[np.float64]

# Below this many answers, or this many judgements other than the commonest one, the bootstrap covers less than it says
# (simulated in the tests), and nothing is said.
_FEW_ANSWERS = 30
_FEW_OF_A_KIND = 8
# An interval is not taken from the replicates that happen to be defined where many are not.
_MOST_UNDEFINED = 0.05


@dataclass(frozen=True, slots=True)
class Agreement:
    """How far reviewers agree: 1 always, 0 as often as by chance, below that less often.

    `answers`: how many were judged by two or more. `low` and `high` are None where these are too few for an
    interval: fewer than 30 answers, or fewer than 8 judgements other than the commonest one.
    """

    estimate: float
    low: float | None
    high: float | None
    answers: int


def cohen_kappa(
    a: ArrayLike, b: ArrayLike, seed: int = 0, level: float = 0.95, replicates: int = 1_000
) -> Agreement | None:
    """Cohen's kappa of two reviewers who each said yes or no to the same answers, `a` and `b` (n,) boolean.

        kappa = (p_o - p_c) / (1 - p_c)

    p_o the share on which they agree, p_c what it would be by chance: J. Cohen (1960), Educational and
    Psychological Measurement 20, 37-46, formula 1. Answers that one of them did not judge (nan, None or masked)
    are left out. None where it is undefined: no answer was judged by both, or both gave one and the same judgement
    every time. The interval is a seeded percentile bootstrap over answers. Raises ValueError for other values
    than yes and no and for unequal lengths.
    """
    first, second = _ratings(a), _ratings(b)
    if first.shape != second.shape or first.ndim != 1:
        raise ValueError("Kappa needs two equally long rows of judgements.")
    both = ~np.isnan(first) & ~np.isnan(second)
    pairs = np.stack([first[both], second[both]])
    if not np.isin(pairs, (0.0, 1.0)).all():
        raise ValueError("A judgement is yes or no.")
    cells = np.bincount((2 * pairs[0] + pairs[1]).astype(np.int64), minlength=4)
    sums = _Sums(cells, np.eye(4))
    rarer = min(pairs.sum(), pairs.size - pairs.sum())
    return _agreement(sums, _kappa, rarer, _Bootstrap(seed, level, replicates))


def krippendorff_alpha(
    ratings: ArrayLike, seed: int = 0, level: float = 0.95, replicates: int = 1_000
) -> Agreement | None:
    """Krippendorff's alpha for nominal judgements (yes and no, or numbers of categories), `ratings` (reviewers, n).

        alpha = 1 - D_o / D_e = ((m - 1) sum_c o_cc - sum_c m_c (m_c - 1)) / (m (m - 1) - sum_c m_c (m_c - 1))

    o_cc the coincidences of category c within answers, m_c how often it was given, m all judgements of answers that
    two or more judged: K. Krippendorff (2011), Computing Krippendorff's alpha-reliability, section C. Missing
    judgements are nan, None or masked. None where it is undefined: no answer was judged twice, or one category only
    was given. The interval is a seeded percentile bootstrap over answers (the paper gives none).
    """
    given = _ratings(ratings)
    if given.ndim != 2:
        raise ValueError("Alpha needs a row of judgements for each reviewer.")
    codes = np.unique(given[~np.isnan(given)])
    counts = np.stack([(given == code).sum(axis=0) for code in codes], axis=1) if len(codes) else np.zeros((0, 1))
    counts = counts[counts.sum(axis=1) > 1]
    patterns, times = np.unique(counts, axis=0, return_counts=True)
    size = patterns.sum(axis=1)
    agreeing = (patterns * (patterns - 1)).sum(axis=1) / (size - 1)
    sums = _Sums(times, np.column_stack([agreeing, patterns]))
    rarer = counts.sum() - counts.sum(axis=0).max(initial=0)
    return _agreement(sums, _alpha, rarer, _Bootstrap(seed, level, replicates))


@dataclass(frozen=True, slots=True, eq=False)
class _Sums:
    """Kinds of answers: how often each occurs (p,), and what one such answer adds to the sums of a statistic (p, s)."""

    times: NDArray[np.int64]
    adds: Numbers

    @property
    def answers(self) -> int:
        return int(self.times.sum())


@dataclass(frozen=True, slots=True)
class _Bootstrap:
    seed: int
    level: float
    replicates: int

    def __post_init__(self) -> None:
        if not 0 < self.level < 1 or self.replicates < 1:
            raise ValueError("An interval needs a level between 0 and 1 and at least one replicate.")


Statistic = Callable[[Numbers], tuple[Numbers, Numbers]]
Ends = tuple[float | None, float | None]


def _agreement(sums: _Sums, statistic: Statistic, rarer: float, bootstrap: _Bootstrap) -> Agreement | None:
    if sums.answers == 0:
        return None
    estimate, by_chance = statistic(sums.times @ sums.adds)
    if np.isnan(estimate):
        return None
    low, high = None, None
    if sums.answers >= _FEW_ANSWERS and rarer >= _FEW_OF_A_KIND:
        never_apart = estimate == 1
        low, high = _unanimous(sums, by_chance, bootstrap) if never_apart else _ends(sums, statistic, bootstrap)
    return Agreement(float(estimate), low, high, sums.answers)


def _ends(sums: _Sums, statistic: Statistic, bootstrap: _Bootstrap) -> Ends:
    """Answers drawn again with replacement: which kinds they are of is one multinomial draw per replicate."""
    rng = np.random.default_rng(bootstrap.seed)
    drawn = rng.multinomial(sums.answers, sums.times / sums.answers, size=bootstrap.replicates)
    values, _ = statistic(drawn @ sums.adds)
    if np.isnan(values).mean() > _MOST_UNDEFINED:
        return None, None
    tail = (1 - bootstrap.level) / 2
    low, high = np.nanquantile(values, [tail, 1 - tail])
    return float(low), float(high)


def _unanimous(sums: _Sums, by_chance: Numbers, bootstrap: _Bootstrap) -> Ends:
    """Where nobody ever disagreed every replicate is 1. How often they may yet disagree is then the exact
    (Clopper-Pearson) bound of a share of which none was seen in all the answers."""
    apart = 1 - ((1 - bootstrap.level) / 2) ** (1 / sums.answers)
    return max(1 - apart / float(by_chance), -1.0), 1.0


def _kappa(cells: Numbers) -> tuple[Numbers, Numbers]:
    """Kappa, nan where undefined, and the disagreement expected by chance; `cells` (..., 4): no-no to yes-yes."""
    total = cells.sum(axis=-1)
    first, second = cells[..., 2] + cells[..., 3], cells[..., 1] + cells[..., 3]
    apart = (cells[..., 1] + cells[..., 2]) / total
    by_chance = (first * (total - second) + (total - first) * second) / total**2
    return 1 - _over(apart, by_chance), by_chance


def _alpha(sums: Numbers) -> tuple[Numbers, Numbers]:
    """Alpha, nan where undefined, and the disagreement expected by chance; `sums` (..., 1 + categories)."""
    agreeing, given = sums[..., 0], sums[..., 1:]
    total = given.sum(axis=-1)
    apart = (total - agreeing) / total
    by_chance = (total * total - (given * given).sum(axis=-1)) / (total * (total - 1))
    return 1 - _over(apart, by_chance), by_chance


def _over(above: Numbers, below: Numbers) -> Numbers:
    return np.divide(above, below, out=np.full_like(below, np.nan), where=below > 0)


def _ratings(values: ArrayLike) -> Numbers:
    if isinstance(values, np.ma.MaskedArray):
        return np.asarray(np.ma.filled(values.astype(np.float64), np.nan))
    return np.asarray(values, dtype=np.float64)
