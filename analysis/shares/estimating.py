"""The share of defectors behind each reason, corrected by what people found: `estimate_shares`."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from analysis.quality import answers_needed
from analysis.shares.choosing import MANY, Method, choose
from analysis.shares.difference import difference, score_interval
from analysis.shares.intervals import Interval
from analysis.shares.labels_only import labels_only
from analysis.shares.post_stratified import ends, post_stratified, split_in_classes
from analysis.shares.reviewed import Flags, Found, Numbers, Reviewed, effective_size, reviewed_answers


@dataclass(frozen=True, slots=True)
class Shares:
    """The share of each of k reasons, all (k,) and between 0 and 1. They need not add up to 1: an answer may have
    several reasons, or none.

    `estimate` is nan where nothing was reviewed. `low` and `high`: the interval of each reason by itself; `together`:
    wider ones that hold for all reasons at once at the same level (Bonferroni), for whoever looks for the largest.
    `method`: how each was estimated. `positives`: in how many reviewed answers people found it. `more`: how many more
    answers to review until 20 positives are expected (0: enough); where `at_least`, none was found yet and this is only
    the least that it can take. `reviewed`, `effective_reviewed`: answers people labelled, and how many of equal weight
    say as much; `effective_answers`: the same for all answers, after weighting for non-response.
    """

    estimate: Numbers
    low: Numbers
    high: Numbers
    together: Interval
    method: tuple[Method, ...]
    positives: NDArray[np.int64]
    more: NDArray[np.int64]
    at_least: Flags
    reviewed: int
    effective_reviewed: float
    effective_answers: float
    level: float


def estimate_shares(  # noqa: PLR0913 - the one door to shares; each of these belongs to the same answers
    probabilities: ArrayLike,
    audit_index: ArrayLike,
    audit_labels: ArrayLike,
    *,
    inclusion: ArrayLike | None = None,
    weights: ArrayLike | None = None,
    level: float = 0.95,
    out_of_fold: ArrayLike | None = None,
) -> Shares:
    """The share of all defectors such as these who left for each of k reasons.

    `probabilities` (n, k): what the model says of each answer. `audit_index` (m,): positions of the answers people
    reviewed, each once; `audit_labels` (m, k): what they found, 0 or 1. `inclusion` (m,): with what probability each of
    those was drawn for review; without it every answer had the same chance. `weights` (n,): how many defectors each
    answer stands for (`analysis.response_weights`). `level`: of the intervals.

    `out_of_fold` (m, k): where the labels of the audit trained the model too, what models say of the reviewed answers
    that had not learnt from them (cross-fitting: T. Zrnic and E. J. Candes 2024, PNAS 121, e2322083121). The model
    looks better on what it learnt from than it is, and without these the correction would be too small. Those of all
    other answers are best the mean of the models of the folds; the model of all labels is a little different from them,
    and that difference stays in the estimate.

    Which estimator a reason gets, and what each one is: `analysis.shares.choosing`, `.difference`, `.post_stratified`,
    `.labels_only`. Counting what the model says is none of them. Raises ValueError, in words, for inputs that cannot
    be: shapes that do not fit, numbers out of range or missing, an answer named twice.
    """
    reviewed = reviewed_answers(
        probabilities, audit_index, audit_labels, inclusion=inclusion, weights=weights, out_of_fold=out_of_fold
    )
    return shares_of(reviewed, level)


def shares_of(reviewed: Reviewed, level: float = 0.95) -> Shares:
    """`estimate_shares` of what was checked before (`reviewed_answers`)."""
    if not 0 < level < 1:
        raise ValueError("The level of an interval must lie between 0 and 1.")
    method, k = choose(reviewed), reviewed.truth.shape[1]
    apart, together = _intervals(reviewed, method, (level, 1 - (1 - level) / k))
    needed = [answers_needed(int(found), len(reviewed.at)) for found in reviewed.positives]
    return Shares(
        *apart,
        Interval(together.low, together.high),
        tuple(method),
        reviewed.positives,
        np.array([each.at_least for each in needed], dtype=np.int64),
        np.array([each.more is None for each in needed], dtype=np.bool_),
        len(reviewed.at),
        reviewed.effective,
        effective_size(reviewed.weights),
        level,
    )


def _intervals(reviewed: Reviewed, method: NDArray[np.object_], levels: tuple[float, float]) -> tuple[Found, Found]:
    """What each reason's method finds, at two levels."""
    k = len(method)
    if reviewed.effective == 0:  # nobody reviewed anything that stands for anyone
        nothing = Found(np.full(k, np.nan), np.zeros(k), np.ones(k))
        return nothing, nothing
    corrected, stratified = method == "difference", method == "post_stratified"
    apart = difference(reviewed, reviewed.positives >= MANY) if corrected.any() else None
    spread = post_stratified(split_in_classes(reviewed, stratified)) if stratified.any() else None

    def at(level: float) -> Found:
        found = labels_only(reviewed, level)
        if apart:
            for whole, part in zip(found, score_interval(apart, level), strict=True):
                whole[corrected] = part[corrected]
        if spread:
            for whole, part in zip(found, ends(spread, level), strict=True):
                whole[stratified] = part
        return found

    return at(levels[0]), at(levels[1])
