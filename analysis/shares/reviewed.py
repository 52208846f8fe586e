"""What shares are estimated from: answers a model read, of which people reviewed some. Checked once, in words."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

Numbers = NDArray[np.float64]
Flags = NDArray[np.bool_]


class Found(NamedTuple):
    """Estimates (k,) and the ends of their intervals."""

    estimate: Numbers
    low: Numbers
    high: Numbers


@dataclass(frozen=True)
class Reviewed:
    """`n` answers by a model, `m` of them labelled by people, for `k` reasons.

    `probabilities` (n, k) by the model; `at` (m,) which were reviewed; `said` (m, k) what the model says of those (by a
    model that had not learnt from them); `truth` (m, k) what people say, 0 or 1; `inclusion` (m,) with what probability
    each was drawn for review; `weights` (n,) how many defectors each answer stands for.
    """

    probabilities: NDArray[Any]
    at: NDArray[np.intp]
    said: Numbers
    truth: Numbers
    inclusion: Numbers
    weights: Numbers

    @cached_property
    def expanded(self) -> Numbers:
        """(m,) how many defectors each reviewed answer stands for: weight / inclusion (J. Hajek 1971)."""
        return self.weights[self.at] / self.inclusion

    @cached_property
    def effective(self) -> float:
        """How many reviewed answers of equal weight would say as much."""
        return effective_size(self.expanded)

    @cached_property
    def total(self) -> float:
        return float(self.weights.sum())

    @cached_property
    def positives(self) -> NDArray[np.int64]:
        """(k,) in how many reviewed answers people found each reason."""
        return np.asarray(self.truth.sum(axis=0), dtype=np.int64)

    @cached_property
    def is_uniform(self) -> bool:
        """Whether every reviewed answer had the same chance to be drawn."""
        return len(self.at) == 0 or bool(np.ptp(self.inclusion) <= 1e-9)

    @cached_property
    def mean_said(self) -> Numbers:
        """(k,) the weighted mean of the model's probabilities over all answers: no estimate of a share by itself."""
        sums = self.weights @ self.probabilities
        own = self.weights[self.at] @ (self.said - self.probabilities[self.at])
        return np.asarray((sums + own) / self.total, dtype=np.float64)

    def hajek(self, values: Numbers) -> Numbers:
        """(k,) the mean of `values` (m, k) over reviewed answers, each as often as it stands for."""
        return np.asarray(self.expanded @ values / self.expanded.sum(), dtype=np.float64)

    def among(self, answers: Flags) -> Reviewed:
        """Some of the answers, (n,) yes or no, as of a period or a segment; each keeps its chance and its weight."""
        chosen = np.asarray(answers, dtype=np.bool_)
        if chosen.shape != self.weights.shape:
            raise ValueError("Of each answer it must be known whether it is among the chosen.")
        place = np.cumsum(chosen) - 1
        kept = chosen[self.at]
        return Reviewed(
            self.probabilities[chosen],
            place[self.at[kept]],
            self.said[kept],
            self.truth[kept],
            self.inclusion[kept],
            self.weights[chosen],
        )

    def weighted(self, factor: ArrayLike) -> Reviewed:
        """The same answers, each counting `factor` (n,) times as much, such as what its defector was worth."""
        return replace(
            self, weights=check_weights(self.weights * check_weights(factor, len(self.weights)), len(self.weights))
        )


def effective_size(weights: Numbers) -> float:
    """How many equally weighted answers would say as much: (sum w)^2 / sum w^2 (L. Kish 1965, Survey Sampling)."""
    squares = float((weights * weights).sum())
    return float(weights.sum()) ** 2 / squares if squares > 0 else 0.0


def reviewed_answers(  # noqa: PLR0913 - the parameters of `estimate_shares`, which says what each of them is
    probabilities: ArrayLike,
    audit_index: ArrayLike,
    audit_labels: ArrayLike,
    *,
    inclusion: ArrayLike | None = None,
    weights: ArrayLike | None = None,
    out_of_fold: ArrayLike | None = None,
) -> Reviewed:
    """The checked inputs of `estimate_shares`, for whoever asks several things of the same answers."""
    found = check_probabilities(probabilities)
    n, k = found.shape
    at = check_index(audit_index, n)
    labels = check_labels(audit_labels, len(at), k)
    chance = check_inclusion(inclusion, len(at), n)
    return Reviewed(found, at, check_said(out_of_fold, found[at]), labels, chance, check_weights(weights, n))


def check_probabilities(probabilities: ArrayLike) -> NDArray[Any]:
    """(n, k) probabilities, kept in the precision they came in; ValueError, in words, where they are none."""
    found = np.asarray(probabilities)
    if found.ndim != 2 or found.shape[1] == 0:
        raise ValueError("Probabilities need a row for each answer and a column for each reason.")
    if not np.issubdtype(found.dtype, np.floating):
        found = found.astype(np.float64)
    # Not-a-number fails both comparisons.
    if found.size and not (found.min() >= 0 and found.max() <= 1):
        raise ValueError("A probability must lie between 0 and 1.")
    return found


def check_index(audit_index: ArrayLike, n: int) -> NDArray[np.intp]:
    at = np.asarray(audit_index)
    if at.size == 0:
        return np.zeros(0, dtype=np.intp)
    if at.ndim != 1 or not np.issubdtype(at.dtype, np.integer):
        raise ValueError("The reviewed answers must be given by their positions, whole numbers in a row.")
    if at.min() < 0 or at.max() >= n:
        raise ValueError(f"A reviewed answer must be one of the {n} answers, counted from 0.")
    if len(np.unique(at)) < len(at):
        raise ValueError("An answer is named twice among the reviewed ones; settle its labels first.")
    return at.astype(np.intp)


def check_labels(audit_labels: ArrayLike, m: int, k: int) -> Numbers:
    labels = np.asarray(audit_labels, dtype=np.float64)
    if m == 0 and labels.size == 0:
        return np.zeros((0, k))
    if labels.shape != (m, k):
        raise ValueError(f"Labels need a row for each of the {m} reviewed answers and a column for each reason.")
    if not ((labels == 0) | (labels == 1)).all():
        raise ValueError("A label must be yes or no for every reason.")
    return labels


def check_said(out_of_fold: ArrayLike | None, own: NDArray[Any]) -> Numbers:
    if out_of_fold is None:
        return own.astype(np.float64)
    said = check_probabilities(out_of_fold) if np.size(out_of_fold) else np.zeros(own.shape)
    if said.shape != own.shape:
        raise ValueError("Probabilities out of the folds are needed for each reviewed answer and each reason.")
    return said.astype(np.float64)


def check_inclusion(inclusion: ArrayLike | None, m: int, n: int) -> Numbers:
    """Without any, every answer had the same chance."""
    if inclusion is None:
        return np.full(m, m / n if n else 1.0)
    chance = np.asarray(inclusion, dtype=np.float64)
    if chance.shape != (m,) or not ((chance > 0) & (chance <= 1)).all():
        raise ValueError("Each reviewed answer needs the probability, above 0 and at most 1, with which it was drawn.")
    return chance


def check_weights(weights: ArrayLike | None, n: int) -> Numbers:
    if weights is None:
        return np.ones(n)
    given = np.asarray(weights, dtype=np.float64)
    if given.shape != (n,) or not np.isfinite(given).all() or (given < 0).any():
        raise ValueError("Each answer needs a weight, a number that is not below 0.")
    if n and given.sum() <= 0:
        raise ValueError("The weights of the answers must not all be 0.")
    return given
