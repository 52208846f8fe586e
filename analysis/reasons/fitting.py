"""Learn a model from readings and labels: one logistic regression per reason, calibrated on what it had not seen."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import sklearn
from numpy.typing import NDArray
from scipy.sparse import csr_array, hstack
from sklearn.linear_model import LogisticRegression
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from analysis.reasons.features import PREPROCESSING, VECTOR_WEIGHT
from analysis.reasons.model import ReasonModel
from analysis.reasons.reading import Reading
from analysis.reasons.scoring import Rows, calibrated, clause_counts, rows_of, term_matrix
from analysis.reasons.weights import Weights

Labels = NDArray[np.bool_]
Doubles = NDArray[np.float64]

_STRENGTH = 0.3  # inverse regularisation (C)
_CHANCE = 0.3  # what a logit loses per log(clauses)
_FOLDS = 5
_ENOUGH = 8  # positives from which a reason gets a calibration and a threshold of its own
_THRESHOLDS = np.linspace(0.15, 0.7, 56)


@dataclass(frozen=True, slots=True, eq=False)
class Examples:
    """Answers with what a person said of them: `labels` (n, k), `weights` (n,).

    `groups` (n,): answers that share words share a group, and a group is never on both sides of a fold.
    """

    readings: Sequence[Reading]
    labels: Labels
    weights: Doubles
    groups: NDArray[np.int64]
    reasons: tuple[str, ...]

    def take(self, at: NDArray[np.int64]) -> "Examples":
        """These rows of the examples."""
        readings = [self.readings[i] for i in at]
        return Examples(readings, self.labels[at], self.weights[at], self.groups[at], self.reasons)


def fit(examples: Examples, seed: int) -> ReasonModel:
    """1. weights from all examples, 2. calibration and 3. thresholds from logits of folds that were left out.

    The same examples and seed give the same bytes. ValueError where there is nothing to learn from.
    """
    examples = _readable(examples)
    with threadpool_limits(limits=1):  # sums in another order would give other last digits
        raw = _weights(examples, seed)
        held_out = np.full(examples.labels.shape, -np.inf)
        for train, test in folds(examples.groups, seed):
            part = _weights(examples.take(train), seed)
            held_out[test] = ReasonModel(part).logits([examples.readings[i] for i in test])
        clauses = clause_counts(examples.readings)
        calibration = _calibration(held_out - _CHANCE * np.log(clauses)[:, None], examples)
        thresholds = _thresholds(calibrated(held_out, clauses, calibration), examples)
    about = {**raw.about, "seed": seed, "answers": len(examples.readings), "scikit-learn": sklearn.__version__}
    return ReasonModel(
        replace(raw, calibration=calibration.astype(np.float32), thresholds=thresholds.astype(np.float32), about=about)
    )


def folds(
    groups: NDArray[np.int64], seed: int, count: int = _FOLDS
) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """Train and test positions of `count` folds of whole groups, drawn by `seed`."""
    names, at = np.unique(groups, return_inverse=True)
    fold = (np.random.default_rng(seed).permutation(len(names)) % count)[at]
    for each in range(min(count, len(names))):
        yield np.flatnonzero(fold != each), np.flatnonzero(fold == each)


def _readable(examples: Examples) -> Examples:
    at = np.flatnonzero([len(reading.vectors) > 0 for reading in examples.readings])
    if len(np.unique(examples.groups[at])) < _FOLDS:
        raise ValueError(f"{len(at)} answers with words are too few to learn from; the least is {_FOLDS} different.")
    return examples.take(at)


def _weights(examples: Examples, seed: int) -> Weights:
    """Uncalibrated weights from the whole answers (their labels say nothing about single clauses)."""
    first = examples.readings[0]
    rows = rows_of([_whole(r) for r in examples.readings], first.encoder_id, first.vectors.shape[1])
    ids, idf, unknown_idf = _vocabulary(rows)
    terms = term_matrix(rows, ids, idf, unknown_idf)
    design = csr_array(hstack([csr_array(VECTOR_WEIGHT * rows.vectors.astype(np.float64)), terms]))
    columns = [_regression(design, examples.labels[:, k], examples.weights, seed) for k in range(len(examples.reasons))]
    coefficients = np.stack([c for c, _ in columns], axis=1)
    dimension, k = rows.vectors.shape[1], len(columns)
    return Weights(
        reasons=examples.reasons,
        encoder_id=first.encoder_id,
        preprocessing=PREPROCESSING,
        ids=ids,
        idf=idf.astype(np.float32),
        unknown_idf=np.array([unknown_idf], np.float32),
        vector_weights=coefficients[:dimension].astype(np.float32),
        term_weights=coefficients[dimension:].astype(np.float32),
        intercept=np.array([b for _, b in columns], np.float32),
        calibration=np.array([[1.0] * k, [0.0] * k, [_CHANCE] * k], np.float32),
        thresholds=np.full(k, 0.5, np.float32),
        about={"strength": _STRENGTH},
    )


def _whole(reading: Reading) -> Reading:
    end = int(reading.offsets[1])
    return replace(
        reading, vectors=reading.vectors[:1], ids=reading.ids[:end], counts=reading.counts[:end],
        offsets=reading.offsets[:2],
    )  # fmt: skip


def _vocabulary(rows: Rows) -> tuple[NDArray[np.uint32], Doubles, float]:
    n = len(rows.starts) - 1
    ids, documents = np.unique(rows.ids, return_counts=True)
    if n > 3_000:  # with many answers a term that one person used teaches nothing and may tell on that person
        ids, documents = ids[documents > 1], documents[documents > 1]
    return ids, np.log((1 + n) / (1 + documents)) + 1.0, float(np.log(1 + n) + 1.0)


def _regression(design: csr_array, label: Labels, weights: Doubles, seed: int) -> tuple[Doubles, float]:
    """Coefficients and intercept; only an intercept where everyone, or no one, gave the reason."""
    if label.all() or not label.any():
        share = (label.sum() + 0.5) / (len(label) + 1.0)
        return np.zeros(design.shape[1]), float(np.log(share / (1 - share)))
    # Balanced: else a reason that few gave hides behind its intercept. Calibration puts the shares right again.
    regression = LogisticRegression(C=_STRENGTH, class_weight="balanced", max_iter=500, tol=1e-5, random_state=seed)
    regression.fit(design, label, sample_weight=weights)
    return regression.coef_[0], float(regression.intercept_[0])


def _calibration(logits: Doubles, examples: Examples) -> Doubles:
    """Slope, offset and correction for length, (3, k); those of all reasons together where one has too few answers."""
    pooled = _sigmoid(logits.ravel(), examples.labels.ravel(), np.repeat(examples.weights, logits.shape[1]))
    columns = []
    for k, label in enumerate(examples.labels.T):
        enough = min(label.sum(), (~label).sum()) >= _ENOUGH
        own = _sigmoid(logits[:, k], label, examples.weights) if enough else pooled
        columns.append(own if own[0] > 0 else pooled)
    return np.array([(slope, offset, _CHANCE) for slope, offset in columns]).T


def _sigmoid(logits: Doubles, label: Labels, weights: Doubles) -> tuple[float, float]:
    """Platt's sigmoid; the identity where the answers do not allow one that rises."""
    if label.all() or not label.any():
        return 1.0, 0.0
    regression = LogisticRegression(C=1.0).fit(logits[:, None], label, sample_weight=weights)
    slope = float(regression.coef_[0, 0])
    return (slope, float(regression.intercept_[0])) if slope > 0 else (1.0, 0.0)


def _thresholds(probabilities: Doubles, examples: Examples) -> Doubles:
    """The best F1 of each reason, drawn towards what is best for all of them, the more the fewer its answers."""
    common = _best_threshold(probabilities.ravel(), examples.labels.ravel())
    columns = []
    for k, label in enumerate(examples.labels.T):
        own = _best_threshold(probabilities[:, k], label) if label.sum() >= _ENOUGH else common
        columns.append((label.sum() * own + 30 * common) / (label.sum() + 30))
    return np.array(columns)


def _best_threshold(probabilities: Doubles, label: Labels) -> float:
    given = probabilities[:, None] >= _THRESHOLDS
    hits = (given & label[:, None]).sum(axis=0)
    f1 = 2 * hits / np.maximum(given.sum(axis=0) + label.sum(), 1)
    return float(np.mean(_THRESHOLDS[f1 >= f1.max() - 1e-12]))
