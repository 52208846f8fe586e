"""From logits to probabilities that mean what they say, and the probability from which on a reason is given."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from analysis.reasons.examples import Examples, Labels

Doubles = NDArray[np.float64]

_ENOUGH = 8  # positives from which a reason gets a slope, an offset and a threshold of its own
_TRUSTED = 50  # answers read by people from which on these alone say what a logit is worth
_SHRINK = 30  # so many answers pull a reason's own threshold towards that of all reasons
_THRESHOLDS = np.linspace(0.1, 0.8, 71)


@dataclass(frozen=True, slots=True, eq=False)
class Calibration:
    """`calibration` (3, k): slope, offset, and what a logit loses per log(clauses); `thresholds` (k,).

    `exclusive`: every answer gives exactly one reason. `precision`: what the thresholds were asked to keep.
    """

    calibration: Doubles
    thresholds: Doubles
    exclusive: bool
    precision: float


def calibrate(
    logits: Doubles, clauses: NDArray[np.int64], examples: Examples, shares: Doubles | None, precision: float
) -> Calibration:
    """Platt's sigmoid (J. Platt 1999) per reason on logits of answers that were left out, (n, k).

    The strongest of many clauses is high by chance alone, so one correction for length is learnt over all reasons.
    """
    exclusive = bool((examples.labels.sum(axis=1) == 1).all())
    at = np.flatnonzero(examples.trusted)
    if len(at) < _TRUSTED:
        at = np.arange(len(examples))
    seen = _Seen(logits[at], np.log(clauses[at].astype(np.float64)), examples.labels[at], _in_life(examples, at, shares))
    slope, offset, chance = _pooled(seen)
    columns = [_own(seen, k, (slope, offset), chance) for k in range(len(examples.reasons))]
    calibration = np.array([(a, b, chance) for a, b in columns]).T
    probabilities = 1 / (1 + np.exp(-(calibration[0] * (seen.logits - chance * seen.length[:, None]) + calibration[1])))
    return Calibration(calibration, _thresholds(probabilities, seen, precision), exclusive, precision)


@dataclass(frozen=True, slots=True, eq=False)
class _Seen:
    """What calibration goes by: logits, labels and weights (n, k), log of the number of clauses (n,)."""

    logits: Doubles
    length: Doubles
    labels: Labels
    weights: Doubles


def _in_life(examples: Examples, at: NDArray[np.int64], shares: Doubles | None) -> Doubles:
    """Weights under which each reason is as frequent as it is in life."""
    weights = examples.weights[at].astype(np.float64)
    if shares is None or examples.trusted[at].all():
        return weights
    labels = examples.labels[at]
    base = (weights * labels).sum(axis=0) / np.maximum(weights.sum(axis=0), 1e-9)
    base = np.clip(base, 1e-3, 1 - 1e-3)
    return np.asarray(weights * np.where(labels, shares / base, (1 - shares) / (1 - base)))


def _pooled(seen: _Seen) -> tuple[float, float, float]:
    """Slope, offset and correction for length of all reasons together."""
    k = seen.logits.shape[1]
    label, weights = seen.labels.ravel(), seen.weights.ravel()
    known = weights > 0
    if label[known].all() or not label[known].any():
        return 1.0, 0.0, 0.0
    features = np.stack([seen.logits.ravel(), np.repeat(seen.length, k)], axis=1)
    regression = LogisticRegression(C=10.0).fit(features[known], label[known], sample_weight=weights[known])
    slope, length = map(float, regression.coef_[0])
    if slope <= 0:
        return 1.0, 0.0, 0.0
    return slope, float(regression.intercept_[0]), max(-length / slope, 0.0)


def _own(seen: _Seen, k: int, pooled: tuple[float, float], chance: float) -> tuple[float, float]:
    """Slope and offset of one reason; the common ones where too few answers say anything of their own."""
    known = seen.weights[:, k] > 0
    label = seen.labels[known, k]
    if min(label.sum(), (~label).sum()) < _ENOUGH:
        return pooled
    corrected = (seen.logits[known, k] - chance * seen.length[known])[:, None]
    regression = LogisticRegression(C=1.0).fit(corrected, label, sample_weight=seen.weights[known, k])
    slope = float(regression.coef_[0, 0])
    return (slope, float(regression.intercept_[0])) if slope > 0 else pooled


def _thresholds(probabilities: Doubles, seen: _Seen, precision: float) -> Doubles:
    """The best F1 of each reason, drawn towards what is best for all of them, the more the fewer its answers; raised
    where less than `precision` of what would be given is right."""
    common = _best(probabilities.ravel(), seen.labels.ravel(), seen.weights.ravel(), precision)
    columns = []
    for p, label, weights in zip(probabilities.T, seen.labels.T, seen.weights.T, strict=True):
        answers = int((label & (weights > 0)).sum())
        own = _best(p, label, weights, precision) if answers >= _ENOUGH else common
        columns.append((answers * own + _SHRINK * common) / (answers + _SHRINK))
    return np.array(columns)


def _best(probabilities: Doubles, label: Labels, weights: Doubles, precision: float) -> float:
    """The threshold with the best F1 among those that keep the precision; the highest where none does."""
    given = (probabilities[:, None] >= _THRESHOLDS) * weights[:, None]
    hits = (given * label[:, None]).sum(axis=0)
    f1 = 2 * hits / np.maximum(given.sum(axis=0) + (label * weights).sum(), 1e-9)
    keeps = hits >= precision * given.sum(axis=0)
    if not (keeps & (hits > 0)).any():
        return float(_THRESHOLDS[-1]) if precision > 0.5 else 0.5
    best = f1[keeps].max()
    return float(np.mean(_THRESHOLDS[keeps & (f1 >= best - 1e-12)]))
