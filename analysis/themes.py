"""New reasons: groups of alike answers among those that fit no reason, each with what is typical of it.

What holds: no chance but the sample of more than 5,000 answers, which `seed` draws; the order of the rows does not
matter (they are put into one of their own first), except between answers that are the same in vector and words. Another
machine may round a similarity otherwise in its last digit, which shows only where two were equal up to there.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from math import log, sqrt

import numpy as np
from numpy.typing import NDArray
from scipy.cluster.hierarchy import fcluster, leaves_list, linkage
from scipy.spatial.distance import squareform
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from analysis.text.words import Word

Vectors = NDArray[np.float32]
Rows = NDArray[np.int64]
Baseline = Mapping[str, int]

_SAMPLE = 5_000
_CUTS = 100
# A group is one where its answers are clearly nearer to each other than to anything else (mean silhouette).
_DISTINCT = 0.2
_NOWHERE = -1
_WORDS, _TYPICAL = 8, 5
# Two answers this alike say the same in the same words.
_NEAR_COPY = 0.9
# A word stands for a group from two answers and a tenth of them on, and where chance would rarely bring it there.
_SHARE_OF_ANSWERS, _SURE = 0.1, 1.645


@dataclass(frozen=True, slots=True)
class TypicalWord:
    """A word as written most, its stem, the z-score of its log-odds, and how many answers of the theme hold it."""

    text: str
    stem: str
    score: float
    answers: int


@dataclass(frozen=True, slots=True)
class Theme:
    """A group of answers that may be a new reason.

    `words`: the most typical first. `answers`: row numbers, ascending. `typical`: row numbers of those nearest to the
    centre, no two near copies. `likeness`: mean cosine of its answers and its centre, 1 where all are alike.
    """

    words: tuple[TypicalWord, ...]
    answers: tuple[int, ...]
    typical: tuple[int, ...]
    likeness: float


def find_themes(
    vectors: NDArray[np.floating], words: Sequence[Sequence[Word]], baseline: Baseline, seed: int, smallest: int = 5
) -> tuple[Theme, ...]:
    """The themes among answers that fit no reason, the largest first; answers that are in none are left out.

    `vectors` (n, d): unit rows. `words`: those of each answer, as `analysis.text.mark_negation` gives them.
    `baseline`: how often each stem stands in the other answers. `smallest`: the least answers of a theme, at least 2.

    1. Groups of at most 5,000 answers: average linkage on cosine distance, cut where the sum of silhouettes is best
       (P. J. Rousseeuw 1987, J. Comput. Appl. Math. 20, 53-65; an answer in no distinct group counts 0).
    2. Every other answer joins the nearest centre, unless it is further away than the answers of that group are (two
       standard deviations).
    3. Words by the log-odds against the baseline and the answers outside the group (see `_log_odds`). A group for
       which no word is typical is no theme.

    Raises ValueError where the rows do not fit together.
    """
    unit = np.asarray(vectors, dtype=np.float32)
    if unit.ndim != 2 or len(unit) != len(words) or not np.isfinite(unit).all():
        raise ValueError("Themes need one vector, without gaps, and one list of words per answer.")
    if smallest < 2:
        raise ValueError("A theme has at least two answers.")
    order = _own_order(unit, words)
    with threadpool_limits(limits=1):  # sums in another order would give other last digits
        found = [order[members] for members in _groups(unit[order], seed, smallest)]
        everywhere = _counted(words) + Counter(baseline)
        themes = [_theme(unit, words, members, everywhere) for members in found]
    named = [theme for theme in themes if theme.words]
    return tuple(sorted(named, key=lambda theme: (-len(theme.answers), [w.stem for w in theme.words])))


def _own_order(unit: Vectors, words: Sequence[Sequence[Word]]) -> Rows:
    """The rows by what is in them, shortened to a few bytes, whatever order they come in."""
    keys = [
        blake2b(row.tobytes() + "\n".join(word.text for word in written).encode(), digest_size=16).digest()
        for row, written in zip(unit, words, strict=True)
    ]
    return np.array(sorted(range(len(keys)), key=keys.__getitem__), dtype=np.int64)


def _groups(unit: Vectors, seed: int, smallest: int) -> list[Rows]:
    """Rows of each group, from the rows in their own order."""
    n = len(unit)
    if n < smallest:
        return []
    drawn = np.arange(n) if n <= _SAMPLE else np.sort(np.random.default_rng(seed).choice(n, _SAMPLE, replace=False))
    cores = [drawn[core] for core in _cores(unit[drawn], smallest)]
    if not cores:
        return []
    centres = np.stack([_centre(unit[core]) for core in cores])
    limits = np.array([_limit(unit[core] @ centre) for core, centre in zip(cores, centres, strict=True)])
    likeness = unit @ centres.T
    nearest = likeness.argmax(axis=1)
    group = np.where(likeness[np.arange(n), nearest] >= limits[nearest], nearest, _NOWHERE)
    for number, core in enumerate(cores):
        group[core] = number
    return [np.flatnonzero(group == number) for number in range(len(cores))]


def _cores(unit: Vectors, smallest: int) -> list[Rows]:
    """The distinct groups of the best cut of the tree."""
    distance = np.maximum(1 - unit @ unit.T, 0)
    np.fill_diagonal(distance, 0)
    tree = linkage(squareform(distance, checks=False), "average")
    # In the order of the leaves every group of every cut is one run of rows, so that sums need no copies.
    order = leaves_list(tree).astype(np.int64)
    distance = distance[np.ix_(order, order)]
    totals = distance.sum(axis=0, dtype=np.float64)
    best = 0.0
    groups: list[Rows] = []
    for height in np.linspace(tree[0, 2], tree[-1, 2], _CUTS):
        runs = _large_runs(fcluster(tree, height, "distance")[order], smallest)
        distinct = _distinct(distance, totals, runs) if runs else []
        score = sum(silhouettes for _, silhouettes in distinct)
        if score > best:
            best = score
            groups = [order[run] for run, _ in distinct]
    return groups


def _large_runs(labels: NDArray[np.int32], smallest: int) -> list[slice]:
    starts = np.flatnonzero(np.concatenate([[True], labels[1:] != labels[:-1]])).tolist()
    ends = [*starts[1:], len(labels)]
    return [slice(start, end) for start, end in zip(starts, ends, strict=True) if end - start >= smallest]


def _distinct(distance: Vectors, totals: NDArray[np.float64], runs: list[slice]) -> list[tuple[slice, float]]:
    """The groups that are distinct, each with the sum of its silhouettes. `totals` (n,): the sums of all distances.

    The silhouette of an answer is (b - a) / max(a, b), a its mean distance to its group, b that to the nearest other.
    Answers in no group are one group more, and nothing is further away than an unrelated answer (1).
    """
    sizes = np.array([run.stop - run.start for run in runs])
    sums = np.stack([distance[run].sum(axis=0, dtype=np.float64) for run in runs])
    others = len(totals) - sizes.sum()
    rest = (totals - sums.sum(axis=0)) / others if others else np.ones_like(totals)
    means = np.vstack([sums / sizes[:, None], rest])
    found = []
    for at, (run, size) in enumerate(zip(runs, sizes.tolist(), strict=True)):
        own = means[at, run] * size / (size - 1)
        other = np.minimum(np.delete(means[:, run], at, axis=0).min(axis=0), 1.0)
        silhouettes = (other - own) / np.maximum(np.maximum(own, other), 1e-9)
        if silhouettes.mean() >= _DISTINCT:
            found.append((run, float(silhouettes.sum())))
    return found


def _centre(rows: Vectors) -> Vectors:
    mean = rows.mean(axis=0, dtype=np.float64)
    return np.asarray(mean / max(np.linalg.norm(mean), 1e-12), dtype=np.float32)


def _limit(likeness: Vectors) -> float:
    # Rounding must not keep an answer out of a group of answers equal to it.
    return float(likeness.mean() - 2 * likeness.std() - 1e-4)


def _theme(unit: Vectors, words: Sequence[Sequence[Word]], members: Rows, everywhere: Counter[str]) -> Theme:
    likeness = unit[members] @ _centre(unit[members])
    nearest = members[np.argsort(-likeness, kind="stable")]
    return Theme(
        words=_typical_words([words[at] for at in members], everywhere),
        answers=tuple(sorted(members.tolist())),
        typical=tuple(_without_copies(unit, nearest)),
        likeness=float(likeness.mean()),
    )


def _without_copies(unit: Vectors, nearest: Rows) -> list[int]:
    kept: list[int] = []
    for at in nearest.tolist():
        if len(kept) == _TYPICAL:
            break
        if not kept or float((unit[kept] @ unit[at]).max()) < _NEAR_COPY:
            kept.append(at)
    return kept


def _typical_words(answers: Sequence[Sequence[Word]], everywhere: Counter[str]) -> tuple[TypicalWord, ...]:
    counts = _counted(answers)
    holding = Counter(stem for answer in answers for stem in {word.stem for word in answer})
    written = _spellings(answers)
    scores = _log_odds(counts, everywhere - counts)
    often = max(2.0, _SHARE_OF_ANSWERS * len(answers))
    stems = [stem for stem in counts if holding[stem] >= often and scores[stem] >= _SURE]
    typical: dict[str, TypicalWord] = {}  # a word of both languages may have two stems but is shown once
    for stem in sorted(stems, key=lambda stem: (-scores[stem], stem)):
        typical.setdefault(written[stem], TypicalWord(written[stem], stem, scores[stem], holding[stem]))
    return tuple(typical.values())[:_WORDS]


def _counted(answers: Sequence[Sequence[Word]]) -> Counter[str]:
    return Counter(word.stem for answer in answers for word in answer)


def _spellings(answers: Sequence[Sequence[Word]]) -> dict[str, str]:
    """Each stem as it was written most."""
    written: dict[str, Counter[str]] = defaultdict(Counter)
    for answer in answers:
        for word in answer:
            written[word.stem][word.text.lower()] += 1
    return {stem: min(times, key=lambda text: (-times[text], text)) for stem, times in written.items()}


def _log_odds(counts: Counter[str], others: Counter[str]) -> dict[str, float]:
    """The z-score of each word of `counts` against `others`: log-odds ratio with an informative Dirichlet prior.

        delta_w = ln((y_w + a_w) / (n + a - y_w - a_w)) - ln((y'_w + a_w) / (n' + a - y'_w - a_w))
        zeta_w = delta_w / sqrt(1 / (y_w + a_w) + 1 / (y'_w + a_w))

    y, n the counts and their sum in the group, y', n' in the others, a_w the prior and a its sum: as many words as the
    group has, shared out as all words are, and one of each (a word that nobody else uses is news, not noise). So a
    word that is frequent everywhere scores low, and so does one that was written once. B. L. Monroe, M. P. Colaresi and
    K. M. Quinn (2008), Fightin' words, Political Analysis 16, 372-403, equations 15 to 22.
    """
    n, other = sum(counts.values()), sum(others.values())
    # One word more than there are, so that the odds are finite where there is but one.
    prior = n + len(counts.keys() | others.keys()) + 1
    scores = {}
    for stem, y in counts.items():
        z = others[stem]
        a = n * (y + z) / (n + other) + 1
        delta = log((y + a) / (n + prior - y - a)) - log((z + a) / (other + prior - z - a))
        scores[stem] = delta / sqrt(1 / (y + a) + 1 / (z + a))
    return scores
