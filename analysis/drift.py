"""Whether the text that comes in is still like the text that the model was checked on.

Every measure has a band in which it stays, when nothing changes, in about 99 of 100 windows (in a measure that has a
figure for each reason: all of them together).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import ArrayLike, NDArray

from analysis.quality import Estimate, quality

Numbers = NDArray[np.float64]
Counts = NDArray[np.int64]

_FALSE_ALARMS = 0.01
_REFERENCE_ANSWERS = 300
_REFERENCE_DAYS = 28
_WINDOW_ANSWERS = 50
# Shewhart's three standard errors rather than the 2.6 of 1 in 100: rare words and days come in skewed numbers.
_DEVIATES = 3.0
# Below this a population stability index is called no shift, however surely it is more than nothing: N. Siddiqi (2006),
# Credit Risk Scorecards.
_SMALL_SHIFT = 0.1
_AUDITED_BEFORE, _AUDITED_NOW = 20, 10


@dataclass(frozen=True, slots=True)
class Watch:
    """A measure of a window, and the band in which it lies when nothing changed.

    `name`: "unknown_words", "unsure", "score_shift" or "accuracy"; `reason` where it is about one. `n`: how many
    answers of the window it rests on. `low` and `high` are None where the reference or the window is too small to say;
    `value` is None where there is nothing to measure.
    """

    name: str
    reason: str | None
    value: float | None
    low: float | None
    high: float | None
    n: int

    @property
    def is_outside(self) -> bool | None:
        """Whether the measure has left its band; None where nothing can be said."""
        if self.value is None or self.low is None or self.high is None:
            return None
        return not self.low <= self.value <= self.high


@dataclass(frozen=True, slots=True, eq=False)
class ReadAnswers:
    """The answers of a period as the model read them, in any order. ValueError where the parts do not fit together.

    `day` (n,): when each came in, as a whole number of days since any one date; `words` (n,) how many words (or terms)
    it has, and `unknown` (n,) how many of those the model does not know; `unsure` (n,) whether the model gave it no
    reason; `scores` (n, k) what it scored for each reason.
    """

    day: ArrayLike
    words: ArrayLike
    unknown: ArrayLike
    unsure: ArrayLike
    scores: ArrayLike

    def __post_init__(self) -> None:
        n, scores = len(np.asarray(self.day)), np.asarray(self.scores)
        if scores.ndim != 2 or {len(scores), *(np.size(c) for c in (self.words, self.unknown, self.unsure))} != {n}:
            raise ValueError("Read answers need a day, words, unknown words, unsure and a row of scores each.")
        if not np.isfinite(scores.astype(np.float64)).all():
            raise ValueError("A score is missing.")
        if np.any(np.asarray(self.unknown) > np.asarray(self.words)):
            raise ValueError("An answer cannot have more unknown words than words.")


@dataclass(frozen=True, slots=True, eq=False)
class Audit:
    """What people said of the answers that they reviewed in a period; the three are those of `analysis.quality`."""

    found: ArrayLike
    truth: ArrayLike
    inclusion: ArrayLike


def watch_reading(reference: ReadAnswers, window: ReadAnswers, reasons: Sequence[str]) -> tuple[Watch, ...]:
    """The share of unknown words, the share of unsure answers, and per reason the shift of its scores, in `window`
    against `reference` (which it should not overlap).

    Nothing is said of a reference of less than 300 answers or 28 days, nor of a window of less than 50 answers.

    Shares: reference share +- 3 standard errors of both periods, at least binomial. Answers of one day may be more
    alike than others; how much is taken from the spread between the days of the reference (a Laney p' chart: D. B.
    Laney 2002, Quality Engineering 14, 531-537, with the days' sizes allowed for).

    Shift: the population stability index sum (q - p) ln(q / p) over the tenths of the reference. Its band ends where
    chance rarely comes, chi-square times 1 / n + 1 / N (B. Yurdakul and J. Naranjo 2020, J. Risk Model Validation
    14(4)), widened for days (J. N. K. Rao and A. J. Scott 1981, JASA 76, 221-230), and never below 0.1.
    """
    before, now = np.asarray(reference.scores, dtype=np.float64), np.asarray(window.scores, dtype=np.float64)
    if not before.shape[1] == now.shape[1] == len(reasons):
        raise ValueError(f"There are {len(reasons)} reasons, but {before.shape[1]} and {now.shape[1]} scores.")
    if not _is_enough(reference, window):
        return _without_bands(window, reasons)
    days = _Pair(_days(reference.day), _days(window.day))
    tail = _FALSE_ALARMS / max(len(reasons), 1)
    return (
        _share("unknown_words", (reference.unknown, reference.words), (window.unknown, window.words), days),
        _share("unsure", _of_all(reference.unsure), _of_all(window.unsure), days),
        *(_shift(reason, before[:, k], now[:, k], (days, tail)) for k, reason in enumerate(reasons)),
    )


def watch_accuracy(reference: Audit, window: Audit, reasons: Sequence[str]) -> tuple[Watch, ...]:
    """F1 of each reason on the answers reviewed in `window` against those in `reference`.

    The band begins where the difference of the two would be more than chance (the two intervals put together as R. G.
    Newcombe 1998, Statistics in Medicine 17, 873-890, does for rates) and ends at 1: better is no alarm. Nothing is
    said where a reason was seen, by model or person, in fewer than 20 answers before or 10 now. F1 also falls when a
    reason becomes rarer.
    """
    level = 1 - 2 * _FALSE_ALARMS / max(len(reasons), 1)
    before = quality(reference.found, reference.truth, reference.inclusion, level)
    now = quality(window.found, window.truth, window.inclusion, level)
    return tuple(_accuracy(reason, b.f1, n.f1) for reason, b, n in zip(reasons, before, now, strict=True))


@dataclass(frozen=True, slots=True, eq=False)
class _Pair:
    """For the reference and the window: the number of each answer's day, counted from 0."""

    before: Counts
    now: Counts

    def errors(self, rho: float) -> float:
        """By how much the variance of one answer is to be multiplied for that of a difference of the two means."""
        return _design(self.before, rho) / len(self.before) + _design(self.now, rho) / len(self.now)


Parts = tuple[ArrayLike, ArrayLike]


def _share(name: str, before: Parts, now: Parts, days: _Pair) -> Watch:
    """The share sum(hits) / sum(whole) now, in the band around the one before; each given as (hits, whole), (n,)."""
    hits, whole = (np.asarray(part, dtype=np.float64) for part in before)
    value, n, scale = _share_of(now), len(np.asarray(now[0])), whole.mean()
    if value is None or not scale:
        return Watch(name, None, value, None, None, n)
    share = hits.sum() / whole.sum()
    residuals = hits - share * whole
    likely = (hits.sum() + 2) / (whole.sum() + 4)  # of what was never seen a little may yet come
    variance = max(float(np.mean(residuals**2)), likely * (1 - likely) * scale)
    scale = min(scale, float(np.mean(np.asarray(now[1], dtype=np.float64))))
    margin = _DEVIATES * np.sqrt(variance * days.errors(_likeness(residuals[:, None], days.before))) / scale
    return Watch(name, None, value, max(float(share - margin), 0.0), min(float(share + margin), 1.0), n)


def _share_of(parts: Parts) -> float | None:
    hits, whole = (float(np.sum(part)) for part in parts)
    return hits / whole if whole else None


def _without_bands(window: ReadAnswers, reasons: Sequence[str]) -> tuple[Watch, ...]:
    n = len(np.asarray(window.day))
    return (
        Watch("unknown_words", None, _share_of((window.unknown, window.words)), None, None, n),
        Watch("unsure", None, _share_of(_of_all(window.unsure)), None, None, n),
        *(Watch("score_shift", reason, None, None, None, n) for reason in reasons),
    )


def _shift(reason: str, before: Numbers, now: Numbers, chance: tuple[_Pair, float]) -> Watch:
    days, tail = chance
    edges = np.unique(np.quantile(before, np.arange(1, 10) / 10, method="inverted_cdf"))
    edges = edges[edges < before.max()]  # equal scores share a bin, so there may be fewer than ten
    if len(edges) == 0:
        return Watch("score_shift", reason, None, None, None, len(now))
    at, bins = np.searchsorted(edges, before), len(edges) + 1
    p, q = _smoothed(at, bins), _smoothed(np.searchsorted(edges, now), bins)
    rho = _likeness(((at[:, None] == np.arange(bins)) - p) / np.sqrt(p), days.before)
    limit = max(_rarely_above(days, rho, bins - 1, tail), _SMALL_SHIFT)
    return Watch("score_shift", reason, float(((q - p) * np.log(q / p)).sum()), 0.0, limit, len(now))


def _accuracy(reason: str, before: Estimate, now: Estimate) -> Watch:
    if before.answers < _AUDITED_BEFORE or now.answers < _AUDITED_NOW or before.value is None or now.value is None:
        return Watch("accuracy", reason, now.value, None, None, now.answers)
    margin = np.hypot(before.value - before.low, now.high - now.value)
    return Watch("accuracy", reason, now.value, max(float(before.value - margin), 0.0), 1.0, now.answers)


def _likeness(residuals: Numbers, day: Counts) -> float:
    """How much answers of one day are alike: their intraclass correlation, 0 at least, rather too much than too little.

    From the products of residuals (n, b) of two answers of a day: their mean over that of the squares.
    """
    sizes = np.bincount(day).astype(np.float64)
    pairs = (sizes * (sizes - 1)).sum()
    sums = np.stack([np.bincount(day, weights=column) for column in residuals.T])
    squares = (residuals**2).sum()
    if pairs == 0 or squares == 0:
        return 0.0
    # The residuals add up to nothing, which takes this much from the products.
    lost = squares / len(day) * ((sizes**2).sum() / len(day) - 1)
    rho = ((sums**2).sum() - squares + lost) / (squares / len(day) * pairs)
    # Few days tell little of how days differ: one standard error of a variance is added.
    return float(np.clip(rho * (1 + np.sqrt(2 / max(len(sizes) - 1, 1))), 0.0, 1.0))


def _design(day: Counts, rho: float) -> float:
    """The design effect of days: by how much the variance of a mean is larger than that of unrelated answers."""
    sizes = np.bincount(day).astype(np.float64)
    return float(1 + rho * ((sizes**2).sum() / len(day) - 1))


def _rarely_above(days: _Pair, rho: float, freedom: int, tail: float) -> float:
    """What the index exceeds with probability `tail` when nothing changed.

    A sum of `freedom` squares, one of which holds all that days add, as a day moves scores up or down together; taken
    as a multiple of chi-square of the same mean and variance (Rao and Scott 1981, after Satterthwaite).
    """
    alone = days.errors(0.0)
    moved = alone + (days.errors(rho) - alone) * freedom
    total, squares = (freedom - 1) * alone + moved, (freedom - 1) * alone**2 + moved**2
    return squares / total * _chi_square(total**2 / squares, tail)


def _chi_square(freedom: float, tail: float) -> float:
    """The value that chi-square exceeds with probability `tail`, at most 3 % too high.

    E. B. Wilson and M. M. Hilferty (1931), PNAS 17, 684-688.
    """
    part = 2 / (9 * freedom)
    return float(freedom * (1 - part + NormalDist().inv_cdf(1 - tail) * np.sqrt(part)) ** 3)


def _smoothed(at: Counts, bins: int) -> Numbers:
    return np.asarray((np.bincount(at, minlength=bins) + 0.5) / (len(at) + 0.5 * bins))


def _of_all(unsure: ArrayLike) -> tuple[Numbers, Numbers]:
    is_unsure = np.asarray(unsure, dtype=np.float64)
    return is_unsure, np.ones(len(is_unsure))


def _days(day: ArrayLike) -> Counts:
    return np.unique(np.asarray(day), return_inverse=True)[1].astype(np.int64)


def _is_enough(reference: ReadAnswers, window: ReadAnswers) -> bool:
    day = np.asarray(reference.day)
    now = len(np.asarray(window.day))
    return len(day) >= _REFERENCE_ANSWERS and len(np.unique(day)) >= _REFERENCE_DAYS and now >= _WINDOW_ANSWERS
