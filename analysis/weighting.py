"""Those who did not answer: how many defectors each answer stands for, what that costs, and what it cannot mend.

Weights mend what is the same among all defectors of one kind, whether they answered or not (missing at random given the
characteristics). What they cannot mend is bounded by `widest_bounds`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import expit

from analysis.shares.intervals import Interval
from analysis.shares.reviewed import effective_size

Numbers = NDArray[np.float64]
Flags = NDArray[np.bool_]
Codes = NDArray[np.int64]
Way = Literal["logistic", "raking"]

#: how strongly coefficients are drawn to 0: as much as one more defector says
_PENALTY = 1.0
_STEPS, _ROUNDS = 50, 200
_CLOSE = 1e-8


@dataclass(frozen=True, slots=True)
class Balance:
    """One value of one characteristic: its share (0 to 1) among all defectors, those who answered, and those weighted.

    `before` and `after` weighting: the standardised difference from all defectors,
    d = (p - p_all) / sqrt((p (1 - p) + p_all (1 - p_all)) / 2); beyond .1 it is commonly called large
    (P. C. Austin 2009, Statistics in Medicine 28, 3083-3107).
    """

    characteristic: str
    value: str
    everyone: float
    answered: float
    weighted: float
    before: float
    after: float


@dataclass(frozen=True, slots=True)
class ResponseWeights:
    """`weights` (r,) of those who answered, in their order: how many defectors each stands for; they add up to all.

    `effective_size`: how many equally weighted answers would say as much. `response_rate`: 0 to 1. `trimmed`: how many
    weights were cut. `unreached`: (characteristic, value) of which nobody answered, for whom no weight can speak.
    """

    weights: Numbers
    effective_size: float
    response_rate: float
    trimmed: int
    balance: tuple[Balance, ...]
    unreached: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class _Kinds:
    """Defectors of one kind (the same in every characteristic) are counted, not listed.

    `of` (n,) the kind of each defector; `values` (kinds, p) their values as codes; `counts`, `answered` (kinds,).
    """

    of: NDArray[np.intp]
    values: Codes
    counts: Numbers
    answered: Numbers


def response_weights(
    characteristics: Mapping[str, Sequence[str]],
    answered: ArrayLike,
    *,
    way: Way = "logistic",
    trim: float = 5.0,
    base: ArrayLike | None = None,
) -> ResponseWeights:
    """Weights that make those who answered look like all defectors.

    `characteristics`: by name the value of each of n defectors, as words (numbers in `bands`); what is unknown is a
    value of its own. `answered` (n,) yes or no. `way`: "logistic", 1 / the probability of answering by a penalised
    logistic regression (P. R. Rosenbaum 1987, JASA 82, 387-394); or "raking" to the margins of all (W. E. Deming and
    F. F. Stephan 1940, Annals of Mathematical Statistics 11, 427-444). Weights above `trim` times their median are cut
    to that, and all scaled to add up to all defectors. `base` (n,): what each defector counts for already. So a second
    stage is weighted upon the first: those who ticked and also wrote, by what they ticked.

    Weights are taken as known by `estimate_shares`; that they were estimated makes intervals a little too wide rather
    than too narrow. Raises ValueError, in words, where nobody answered or lists do not fit.
    """
    gave, counts_for = _checked(characteristics, answered, base, trim)
    columns = [_coded(values) for values in characteristics.values()]
    kinds = _kinds([codes for _, codes in columns], gave, counts_for)
    factor = 1 / _propensities(kinds) if way == "logistic" else _raked(kinds)
    raw = (factor[kinds.of] * counts_for)[gave]
    weights, trimmed = _trimmed(raw, trim, float(counts_for.sum()))
    names = [(name, labels) for name, (labels, _) in zip(characteristics, columns, strict=True)]
    of_answer = _sums(kinds.of[gave], weights, len(kinds.counts))
    balance = _balance(names, kinds, of_answer)
    return ResponseWeights(
        weights,
        effective_size(weights),
        float(kinds.answered.sum() / kinds.counts.sum()),
        trimmed,
        balance,
        tuple((each.characteristic, each.value) for each in balance if each.answered == 0),
    )


def bands(numbers: ArrayLike, count: int = 5) -> list[str]:
    """Numbers as words: "1" for the lowest of `count` equally large bands, "" for nan. What is equal stays together."""
    values = np.asarray(numbers, dtype=np.float64)
    known = ~np.isnan(values)
    if not known.any():
        return [""] * len(values)
    cuts = np.quantile(values[known], np.arange(1, count) / count)
    at = np.searchsorted(cuts, values, side="left") + 1
    return [str(band) if is_known else "" for band, is_known in zip(at.tolist(), known.tolist(), strict=True)]


def widest_bounds(low: ArrayLike, high: ArrayLike, response_rate: float) -> Interval:
    """What a share can be among all defectors, whatever those who did not answer would have said.

        [r low, r high + (1 - r)]

    C. F. Manski (1989), Journal of Human Resources 24, 343-360. `low`, `high` (k,): the interval of the share among
    those who answered, not weighted for non-response; r the response rate, 0 to 1. Raises ValueError beyond these.
    """
    least, most = np.asarray(low, dtype=np.float64), np.asarray(high, dtype=np.float64)
    if not 0 <= response_rate <= 1 or not ((least >= 0) & (least <= most) & (most <= 1)).all():
        raise ValueError("A share and the response rate must lie between 0 and 1, and low must not be above high.")
    return Interval(response_rate * least, response_rate * most + 1 - response_rate)


def _checked(
    characteristics: Mapping[str, Sequence[str]], answered: ArrayLike, base: ArrayLike | None, trim: float
) -> tuple[Flags, Numbers]:
    gave = np.asarray(answered)
    n = len(gave) if gave.ndim == 1 else -1
    if n < 0 or not np.isin(gave, (0, 1)).all():
        raise ValueError("Of each defector it must be known whether they answered: yes or no.")
    if any(len(values) != n for values in characteristics.values()):
        raise ValueError("Each characteristic needs a value for every defector.")
    counts_for = np.ones(n) if base is None else np.asarray(base, dtype=np.float64)
    if counts_for.shape != (n,) or not (np.isfinite(counts_for) & (counts_for > 0)).all():
        raise ValueError("Each defector must count for a number above 0.")
    if not gave.any():
        raise ValueError("Nobody answered, so nobody can be weighted.")
    if not trim >= 1:
        raise ValueError("Weights can be cut to the median or above, not below it.")
    return gave.astype(np.bool_), counts_for


def _coded(values: Sequence[str]) -> tuple[list[str], Codes]:
    labels = sorted(set(values))
    code = {label: i for i, label in enumerate(labels)}
    return labels, np.fromiter((code[value] for value in values), dtype=np.int64, count=len(values))


def _kinds(columns: list[Codes], gave: Flags, counts_for: Numbers) -> _Kinds:
    of = np.zeros(len(gave), dtype=np.intp)
    for codes in columns:
        # Renumbered after every column, so that the product of many never grows past a whole number.
        _, of = np.unique(of * (int(codes.max()) + 1) + codes, return_inverse=True)
    first = np.unique(of, return_index=True)[1]
    values = np.stack([codes[first] for codes in columns], axis=1) if columns else np.zeros((len(first), 0), np.int64)
    return _Kinds(of, values, _sums(of, counts_for, len(first)), _sums(of, counts_for * gave, len(first)))


def _sums(of: NDArray[np.intp], amounts: Numbers, kinds: int) -> Numbers:
    return np.bincount(of, amounts, minlength=kinds).astype(np.float64)


def _propensities(kinds: _Kinds) -> Numbers:
    """(kinds,) the probability of answering: iteratively reweighted least squares with a ridge.

    Newton's steps for the penalised likelihood, halved where one does not climb (the intercept is not penalised).
    """
    if (kinds.answered == kinds.counts).all():
        return np.ones(len(kinds.counts))
    design = np.column_stack([np.ones(len(kinds.counts)), *_indicators(kinds)])
    ridge = np.full(design.shape[1], _PENALTY)
    ridge[0] = 0.0
    coefficients = np.zeros(design.shape[1])
    coefficients[0] = np.log(kinds.answered.sum() / (kinds.counts - kinds.answered).sum())
    for _ in range(_STEPS):
        p = expit(design @ coefficients)
        slope = design.T @ (kinds.answered - kinds.counts * p) - ridge * coefficients
        curve = design.T @ (design * (kinds.counts * p * (1 - p))[:, None]) + np.diag(ridge)
        step = np.linalg.solve(curve, slope)
        coefficients = _climbed(coefficients, step, (design, kinds, ridge))
        if np.abs(step).max() < _CLOSE:
            break
    return np.asarray(expit(design @ coefficients))


def _climbed(coefficients: Numbers, step: Numbers, of: tuple[Numbers, _Kinds, Numbers]) -> Numbers:
    start = _likelihood(coefficients, *of)
    for _ in range(_STEPS):
        if _likelihood(coefficients + step, *of) >= start - 1e-12 * abs(start):
            return coefficients + step
        step = step / 2
    return coefficients


def _likelihood(coefficients: Numbers, design: Numbers, kinds: _Kinds, ridge: Numbers) -> float:
    logit = design @ coefficients
    fit = kinds.answered @ logit - kinds.counts @ np.logaddexp(0.0, logit)
    return float(fit - (ridge * coefficients**2).sum() / 2)


def _indicators(kinds: _Kinds) -> list[Numbers]:
    return [np.eye(int(column.max()) + 1)[column] for column in kinds.values.T]


def _raked(kinds: _Kinds) -> Numbers:
    """(kinds,) factors with which the margins of those who answered become those of all, as far as anybody answered."""
    factor = np.full(len(kinds.counts), kinds.counts.sum() / kinds.answered.sum())
    for _ in range(_ROUNDS):
        before = factor
        for column in kinds.values.T:
            wanted = np.bincount(column, kinds.counts)
            has = np.bincount(column, kinds.answered * factor)
            # Nobody of a value answered: nothing to scale; their part is borne by all others alike.
            ratio = np.divide(wanted, has, out=np.ones_like(wanted), where=has > 0)
            factor = factor * ratio[column]
        if np.abs(factor / before - 1).max() < _CLOSE:
            break
    return factor


def _trimmed(weights: Numbers, trim: float, total: float) -> tuple[Numbers, int]:
    most = trim * float(np.median(weights))
    cut = np.minimum(weights, most)
    return cut * (total / cut.sum()), int((weights > most).sum())


def _balance(names: list[tuple[str, list[str]]], kinds: _Kinds, weighted: Numbers) -> tuple[Balance, ...]:
    rows: list[Balance] = []
    for (name, labels), column in zip(names, kinds.values.T, strict=True):
        of = [_shares(column, each) for each in (kinds.counts, kinds.answered, weighted)]
        before, after = _standardised(of[1], of[0]), _standardised(of[2], of[0])
        table = (labels, *(values.tolist() for values in (*of, before, after)))
        rows.extend(Balance(name, *row) for row in zip(*table, strict=True))
    return tuple(rows)


def _shares(column: Codes, counts: Numbers) -> Numbers:
    return np.asarray(np.bincount(column, counts) / counts.sum())


def _standardised(p: Numbers, among_all: Numbers) -> Numbers:
    # A share past 1 by rounding has no variance below 0.
    spread = np.sqrt(np.maximum(p * (1 - p) + among_all * (1 - among_all), 0) / 2)
    return np.asarray(np.divide(p - among_all, spread, out=np.zeros_like(p), where=spread > 0))
