"""How well a model finds each reason, from answers that people labelled, drawn with known probabilities."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

import numpy as np
from numpy.typing import ArrayLike, NDArray

from analysis.shares import wilson

Numbers = NDArray[np.float64]

# J. A. Hanley and A. Lippman-Hand (1983), If nothing goes wrong, is everything all right?, JAMA 249, 1743-1745:
# of what was not seen once in n the share is at most 3 / n, with 95 % confidence.
_RULE_OF_THREE = 3.0


@dataclass(frozen=True, slots=True)
class Estimate:
    """A share and the interval around it, 0 to 1; of nothing the value is None and the interval (0, 1).

    `answers`: how many labelled answers it rests on.
    """

    value: float | None
    low: float
    high: float
    answers: int


@dataclass(frozen=True, slots=True)
class Quality:
    """How well one reason is found. `positives`: in how many labelled answers a person saw it."""

    precision: Estimate
    recall: Estimate
    f1: Estimate
    positives: int


@dataclass(frozen=True, slots=True)
class Needed:
    """How many more answers to review. `more` is None where no positive was found yet: then at least `at_least`."""

    more: int | None
    at_least: int


def quality(found: ArrayLike, truth: ArrayLike, inclusion: ArrayLike, level: float = 0.95) -> tuple[Quality, ...]:
    """The quality of each reason: `found` by the model and `truth` by people, both (m, k) boolean, in answers of
    which `inclusion` (m,) is the probability with which they were drawn for review.

    Every answer counts 1 / inclusion times (Hajek's ratio estimates: C.-E. Sarndal, B. Swensson and J. Wretman
    1992, Model Assisted Survey Sampling):

        precision = TP / (TP + FP)    recall = TP / (TP + FN)    F1 = 2 TP / (2 TP + FP + FN)

    Intervals are Wilson's on an effective number of answers (see `_effective`). That of F1 is the interval of
    J = TP / (TP + FP + FN), a plain share, carried over by F1 = 2 J / (1 + J), which only grows with J: K. F. Y. Lam,
    V. Gopal and J. Qian (2024), arXiv 2309.14621, "Wilson indirect". They are about answers of this kind, not only
    about those at hand. Raises ValueError for shapes that do not fit, an inclusion outside (0, 1], or labels that are
    not yes or no.
    """
    said, is_so, weights = _checked(found, truth, inclusion)
    precision = _shares(said & is_so, said, weights, level)
    recall = _shares(said & is_so, is_so, weights, level)
    f1 = [_as_f1(share) for share in _shares(said & is_so, said | is_so, weights, level)]
    positives = is_so.sum(axis=0).tolist()
    return tuple(Quality(p, r, f, n) for p, r, f, n in zip(precision, recall, f1, positives, strict=True))


def answers_needed(positives: int, reviewed: int, enough: int = 20) -> Needed:
    """How many more answers, drawn uniformly, until a reason may be expected to have `enough` positives.

    `positives`: how many were found among the `reviewed` answers, all drawn uniformly. As long as there are none the
    share is only known to be at most 3 / reviewed (the rule of three), and a bound is all that can be said. 20
    positives are what the difference estimator of shares needs. Raises ValueError for impossible counts.
    """
    if not 0 <= positives <= reviewed or enough < 1:
        raise ValueError("Positives must lie between 0 and the answers reviewed, and enough must be at least 1.")
    if positives == 0:
        share = min(1.0, _RULE_OF_THREE / reviewed) if reviewed else 1.0
        return Needed(None, ceil(enough / share))
    # In whole numbers: a quotient would be rounded up to one answer too many.
    more = max(0, -(-(enough - positives) * reviewed // positives))
    return Needed(more, more)


def _checked(
    found: ArrayLike, truth: ArrayLike, inclusion: ArrayLike
) -> tuple[NDArray[np.bool_], NDArray[np.bool_], Numbers]:
    said, is_so = np.asarray(found), np.asarray(truth)
    probability = np.asarray(inclusion, dtype=np.float64)
    if said.ndim != 2 or said.shape != is_so.shape or probability.shape != said.shape[:1]:
        raise ValueError("Quality needs found and truth of one shape (m, k), and an inclusion for each of the m.")
    if not (np.isin(said, (0, 1)).all() and np.isin(is_so, (0, 1)).all()):
        raise ValueError("A reason is given or not given: yes or no.")
    if not ((probability > 0) & (probability <= 1)).all():
        raise ValueError("The probability with which an answer was drawn must be above 0 and at most 1.")
    return said.astype(bool), is_so.astype(bool), 1 / probability


def _shares(hit: NDArray[np.bool_], among: NDArray[np.bool_], weights: Numbers, level: float) -> list[Estimate]:
    """The weighted share of `hit` among `among`, both (m, k), for each of the k."""
    total = weights @ among
    value = np.divide(weights @ hit, total, out=np.zeros(len(total)), where=total > 0)
    size = _effective(hit, among, weights)
    interval = wilson(np.minimum(value * size, size), size, level)
    columns = (value, interval.low, interval.high, among.sum(axis=0))
    return [
        Estimate(share if n else None, low, high, n)
        for share, low, high, n in zip(*(column.tolist() for column in columns), strict=True)
    ]


def _effective(hit: NDArray[np.bool_], among: NDArray[np.bool_], weights: Numbers) -> Numbers:
    """How many equally weighted answers would say as much: the smaller of two sizes.

    Kish's (sum w)^2 / sum w^2 (L. Kish 1965, Survey Sampling) takes it that weights have nothing to do with
    errors. Where rarely drawn answers hold the errors the variance of the ratio (linearised) is larger, and
    p (1 - p) / variance smaller: E. L. Korn and B. I. Graubard (1998), Survey Methodology 24, 193-201.
    """
    total, squares = weights @ among, weights**2 @ among
    kish = np.divide(total**2, squares, out=np.zeros_like(total), where=squares > 0)
    p = np.divide(weights @ hit, total, out=np.zeros_like(total), where=total > 0)
    spread = (1 - p) ** 2 * (weights**2 @ hit) + p**2 * (weights**2 @ (among & ~hit))
    linearised = np.divide(p * (1 - p) * total**2, spread, out=kish.copy(), where=spread > 0)
    return np.asarray(np.minimum(kish, linearised))


def _as_f1(share: Estimate) -> Estimate:
    value = None if share.value is None else 2 * share.value / (1 + share.value)
    return Estimate(value, 2 * share.low / (1 + share.low), 2 * share.high / (1 + share.high), share.answers)
