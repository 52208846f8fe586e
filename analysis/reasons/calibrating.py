"""From logits to probabilities that mean what they say, and the probability from which on a reason is given."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from analysis.reasons.examples import Examples, Labels
from analysis.reasons.scoring import calibrated
from analysis.reasons.weights import Weights

Doubles = NDArray[np.float64]

_ENOUGH = 8  # positives from which a reason gets a slope, an offset and a threshold of its own
_TRUSTED = 50  # answers read by people from which on these alone say what a logit is worth
_SHRINK = 30  # so many answers pull a reason's own threshold towards that of all reasons
_THRESHOLDS = np.linspace(0.1, 0.8, 71)
_POWERS = (0.0, 0.125, 0.25, 0.375, 0.5)  # see _usual
_UNREACHED = 0.8  # where no threshold keeps the precision that was asked for


@dataclass(frozen=True, slots=True, eq=False)
class Ground:
    """What training starts from, besides the examples.

    `prior`: a model for the same reasons whose coefficients are kept as far as the examples do not speak against them,
    and whose calibration stands where they are too few. `shares` (k,): how often each reason is given in life, where
    the examples do not say it. A reason is given from the probability on at which F1 is best, and not before
    `precision` of what is given is right. `vetoes`: without a prior, set by hand what a clause takes back.
    """

    prior: Weights | None = None
    shares: Doubles | None = None
    precision: float = 0.5
    vetoes: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """What calibration goes by: logits of answers that were left out, what was said of them and how much that counts,
    (n, k); how many clauses each has, and whether a person read it, (n,)."""

    logits: Doubles
    clauses: NDArray[np.int64]
    labels: Labels
    weights: Doubles
    trusted: NDArray[np.bool_]
    ground: Ground

    @classmethod
    def of(cls, logits: Doubles, clauses: NDArray[np.int64], examples: Examples, ground: Ground) -> "Seen":
        weights = np.minimum(examples.weights, 1.0).astype(np.float64)  # every answer is one answer
        if ground.shares is not None:
            weights = _in_life(examples.labels, weights, ground.shares)
        return cls(logits, clauses, examples.labels, weights, examples.trusted, ground)

    def take(self, at: NDArray[np.int64]) -> "Seen":
        """These of the answers."""
        rows = (self.logits[at], self.clauses[at], self.labels[at], self.weights[at], self.trusted[at])
        return Seen(*rows, self.ground)

    def believed(self) -> "Seen":
        """The answers that people read, where those are enough; else all."""
        return self.take(np.flatnonzero(self.trusted)) if self.trusted.sum() >= _TRUSTED else self

    def probabilities(self, weights: Weights) -> Doubles:
        """(n, k)."""
        return calibrated(self.logits, self.clauses, weights.calibration)


def calibrate(raw: Weights, seen: Seen, about: dict[str, Any]) -> Weights:
    """Platt's sigmoid (J. Platt 1999, Probabilistic outputs for support vector machines) and a threshold per reason.

    The strongest of many clauses is high by chance alone, so one correction for length is learnt over all reasons.
    """
    exclusive = bool((seen.labels.sum(axis=1) == 1).all())
    seen = seen.believed()
    prior = seen.ground.prior
    slope, offset, chance = _pooled(seen) if prior is None else _typical(prior)
    columns = [_drawn(seen, k, chance) or (slope, offset) for k in range(len(raw.reasons))]
    calibration = np.array([(a, b, chance) for a, b in columns], dtype=np.float32).T
    weights = replace(raw, calibration=calibration)
    probabilities = seen.probabilities(weights)
    thresholds = _thresholds(probabilities, seen).astype(np.float32)
    more = {"exclusive": exclusive, "precision": seen.ground.precision}
    if exclusive:
        more["usual"] = _usual(probabilities, seen.labels).tolist()
    return replace(weights, thresholds=thresholds, about=raw.about | about | more)


def _usual(probabilities: Doubles, labels: Labels) -> Doubles:
    """(k,) what each probability is held against where the likeliest reason is given: a power of its share. A reason of
    few is hardly ever the likeliest of all; the power is the one with which the answers that were left out are best
    told, as accuracy and mean F1."""
    shares, truth = np.maximum(labels.mean(axis=0), 1e-6), labels.argmax(axis=1)

    def told(power: float) -> float:
        found = (probabilities / shares**power).argmax(axis=1)
        hits = np.bincount(truth[found == truth], minlength=len(shares))
        said = np.bincount(found, minlength=len(shares)) + np.bincount(truth, minlength=len(shares))
        return float(hits.sum() / len(truth) + (2 * hits / np.maximum(said, 1)).mean())

    return np.asarray(shares ** max(_POWERS, key=told))


def _in_life(labels: Labels, weights: Doubles, shares: Doubles) -> Doubles:
    """Weights under which each reason is as frequent as it is in life."""
    base = (weights * labels).sum(axis=0) / np.maximum(weights.sum(axis=0), 1e-9)
    base = np.clip(base, 1e-3, 1 - 1e-3)
    return np.asarray(weights * np.where(labels, shares / base, (1 - shares) / (1 - base)))


def _pooled(seen: Seen) -> tuple[float, float, float]:
    """Slope, offset and correction for length of all reasons together; the identity where none can be told."""
    k = seen.logits.shape[1]
    label, weights = seen.labels.ravel(), seen.weights.ravel()
    known = weights > 0
    if label[known].all() or not label[known].any():
        return 1.0, 0.0, 0.0
    features = np.stack([seen.logits.ravel(), np.repeat(np.log(seen.clauses), k)], axis=1)
    regression = LogisticRegression(C=10.0).fit(features[known], label[known], sample_weight=weights[known])
    slope, length = map(float, regression.coef_[0])
    if slope <= 0:
        return 1.0, 0.0, 0.0
    return slope, float(regression.intercept_[0]), max(-length / slope, 0.0)


def _typical(prior: Weights) -> tuple[float, float, float]:
    slope, offset, chance = np.median(prior.calibration, axis=1).tolist()
    return slope, offset, chance


def _of_prior(prior: Weights | None, k: int) -> tuple[float, float] | None:
    return None if prior is None else (float(prior.calibration[0, k]), float(prior.calibration[1, k]))


def _drawn(seen: Seen, k: int, chance: float) -> tuple[float, float] | None:
    """Slope and offset of one reason: its own, drawn towards those of the prior the more the fewer its answers."""
    own, known = _own(seen, k, chance), _of_prior(seen.ground.prior, k)
    if own is None or known is None:
        return own or known
    share = _cases(seen, k) / (_cases(seen, k) + _SHRINK)
    return share * own[0] + (1 - share) * known[0], share * own[1] + (1 - share) * known[1]


def _cases(seen: Seen, k: int) -> int:
    """Answers that are known to give the reason."""
    return int((seen.labels[:, k] & (seen.weights[:, k] > 0)).sum())


def _own(seen: Seen, k: int, chance: float) -> tuple[float, float] | None:
    """Slope and offset of one reason; None where too few answers say anything of it."""
    known = seen.weights[:, k] > 0
    label = seen.labels[known, k]
    if min(label.sum(), (~label).sum()) < _ENOUGH:
        return None
    corrected = seen.logits[known, k] - chance * np.log(seen.clauses[known])
    regression = LogisticRegression(C=1.0).fit(corrected[:, None], label, sample_weight=seen.weights[known, k])
    slope = float(regression.coef_[0, 0])
    return (slope, float(regression.intercept_[0])) if slope > 0 else None


def _thresholds(probabilities: Doubles, seen: Seen) -> Doubles:
    """Each reason's own best threshold, drawn towards that of all reasons, or towards the prior's, the more the fewer
    its answers."""
    prior, precision = seen.ground.prior, seen.ground.precision
    common = _best(probabilities.ravel(), seen.labels.ravel(), seen.weights.ravel(), precision)
    columns = []
    for k, (p, label, weights) in enumerate(zip(probabilities.T, seen.labels.T, seen.weights.T, strict=True)):
        answers = _cases(seen, k)
        usual = common if prior is None else float(prior.thresholds[k])
        own = _best(p, label, weights, precision) if answers >= _ENOUGH else usual
        columns.append((answers * own + _SHRINK * usual) / (answers + _SHRINK))
    return np.array(columns)


def _best(probabilities: Doubles, label: Labels, weights: Doubles, precision: float) -> float:
    """The threshold with the best F1 among those that keep the precision."""
    reached = np.searchsorted(_THRESHOLDS, probabilities, side="right")
    given, hits = _from(reached, weights), _from(reached, weights * label)
    keeps = (hits >= precision * given) & (hits > 0)
    if not keeps.any():
        return _UNREACHED
    f1 = 2 * hits / np.maximum(given + (label * weights).sum(), 1e-9)
    return float(np.mean(_THRESHOLDS[keeps & (f1 >= f1[keeps].max() - 1e-12)]))


def _from(reached: NDArray[np.int64], weights: Doubles) -> Doubles:
    """Of each threshold, the weights of all that reach it."""
    sums = np.bincount(reached, weights=weights, minlength=len(_THRESHOLDS) + 1)
    return np.asarray(np.cumsum(sums[::-1])[::-1][1:])
