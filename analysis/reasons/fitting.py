"""Learn a model: one regression per reason on whole answers and on their clauses, calibrated on what it had not seen."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from analysis.reasons.calibrating import Calibration, calibrate
from analysis.reasons.examples import Examples, Labels, folds
from analysis.reasons.features import PREPROCESSING, VECTOR_WEIGHT
from analysis.reasons.logistic import Coefficients, Design, Floats, regress
from analysis.reasons.model import ReasonModel
from analysis.reasons.scoring import Rows, clause_counts, rows_of, term_matrix
from analysis.reasons.weights import Weights

Doubles = NDArray[np.float64]

_STRENGTH = 0.3  # inverse regularisation (C)
#: a clause says what its answer says where it is nearly the strongest for it, and does not where it is far below
_NEARLY, _FAR = 0.5, 2.0
_SILENT = 0.5  # how much it counts that a clause far below says nothing of the reason
#: a term of customers' own words is learnt when so many of them use it: rarer ones would tell on a person
FEWEST_WRITERS = 3


def fit(examples: Examples, seed: int, shares: Doubles | None = None, precision: float = 0.5) -> ReasonModel:
    """1. weights from all examples, 2. calibration and 3. thresholds from logits of folds that were left out.

    `shares` (k,): how often each reason is given in life, where the examples do not say it. A reason is given from
    the probability on at which F1 is best, and not before `precision` of what is given is right.
    The same examples and seed give the same bytes. ValueError where there is nothing to learn from.
    """
    examples = examples.readable()
    with threadpool_limits(limits=1):  # sums in another order would give other last digits
        raw = weights_from(examples)
        held_out = held_out_logits(examples, seed)
    found = calibrate(held_out, clause_counts(examples.readings), examples, shares, precision)
    return ReasonModel(_with(raw, found, {"seed": seed, "answers": len(examples)}))


def held_out_logits(examples: Examples, seed: int) -> Doubles:
    """The logits of each answer by a model that saw neither it nor its group, (n, k)."""
    logits = np.full(examples.labels.shape, -np.inf)
    for train, test in folds(examples.groups, seed):
        model = ReasonModel(weights_from(examples.take(train)))
        logits[test] = model.logits([examples.readings[i] for i in test])
    return logits


def weights_from(examples: Examples) -> Weights:
    """Uncalibrated weights. 1. From whole answers; 2. again, from those and from their clauses, each clause labelled by
    what step 1 hears in it: the label of an answer of several sentences belongs to one or two of them (multiple
    instance learning; S. Andrews, I. Tsochantaridis and T. Hofmann (2003), NIPS 15)."""
    first = examples.readings[0]
    rows = rows_of(examples.readings, first.encoder_id, first.vectors.shape[1])
    whole = rows.starts[:-1]
    ids, idf, unknown_idf = _vocabulary(rows, examples)
    terms = term_matrix(rows, ids, idf, unknown_idf)
    design = Design(np.float32(VECTOR_WEIGHT) * rows.vectors, csr_array(terms.astype(np.float32)))
    heard = regress(_take(design, whole), examples.labels, examples.weights, _STRENGTH)
    clauses, labels, weights = _clauses(rows, examples, heard, design)
    if len(clauses):
        at = np.concatenate([whole, clauses])
        both = np.concatenate([examples.labels, labels]), np.concatenate([examples.weights, weights])
        heard = regress(_take(design, at), *both, _STRENGTH)
    return _weights(examples, heard, (ids, idf, unknown_idf))


def _clauses(
    rows: Rows, examples: Examples, heard: Coefficients, design: Design
) -> tuple[NDArray[np.int64], Labels, Floats]:
    """Rows of the clauses of answers that have several, and what each says: labels and weights, (m, k)."""
    sizes = np.diff(rows.starts) - 1
    owner = np.repeat(np.arange(len(examples)), np.maximum(sizes, 0))
    clauses = np.concatenate([np.empty(0, np.int64), *(
        np.arange(start + 1, start + 1 + size) for start, size in zip(rows.starts, sizes, strict=False) if size > 0
    )])  # fmt: skip
    if not len(clauses):
        return clauses, examples.labels[:0], examples.weights[:0]
    logits = heard.logits(_take(design, clauses))
    begins = np.flatnonzero(np.diff(owner, prepend=-1))
    below = np.repeat(np.maximum.reduceat(logits, begins, axis=0), np.diff([*begins, len(owner)]), axis=0) - logits
    of_answer = examples.labels[owner]
    labels = of_answer & (below < _NEARLY)
    sure = np.where(of_answer, np.where(below < _NEARLY, 1.0, np.where(below > _FAR, _SILENT, 0.0)), 1.0)
    return clauses, labels, (sure * examples.weights[owner]).astype(np.float32)


def _vocabulary(rows: Rows, examples: Examples) -> tuple[NDArray[np.uint32], Doubles, float]:
    """The terms that may be learnt, and how rare each is among whole answers."""
    whole = rows.starts[:-1]
    spans = list(zip(rows.offsets[whole], rows.offsets[whole + 1], strict=True))
    ids, documents = np.unique(np.concatenate([rows.ids[a:b] for a, b in spans]), return_counts=True)
    ours = [rows.ids[a:b] for (a, b), private in zip(spans, examples.private, strict=True) if not private]
    open_ids = np.unique(np.concatenate([np.empty(0, np.uint32), *ours]))
    kept = (documents >= FEWEST_WRITERS) | np.isin(ids, open_ids)
    ids, documents, n = ids[kept], documents[kept], len(examples)
    return ids, np.log((1 + n) / (1 + documents)) + 1.0, float(np.log(1 + n) + 1.0)


def _take(design: Design, at: NDArray[np.int64]) -> Design:
    return Design(design.vectors[at], csr_array(design.terms[at]))


def _weights(
    examples: Examples, heard: Coefficients, vocabulary: tuple[NDArray[np.uint32], Doubles, float]
) -> Weights:
    ids, idf, unknown_idf = vocabulary
    k = len(examples.reasons)
    return Weights(
        reasons=examples.reasons,
        encoder_id=examples.readings[0].encoder_id,
        preprocessing=PREPROCESSING,
        ids=ids,
        idf=idf.astype(np.float32),
        unknown_idf=np.array([unknown_idf], np.float32),
        vector_weights=heard.vectors,
        term_weights=heard.terms,
        intercept=heard.intercept,
        calibration=np.array([[1.0] * k, [0.0] * k, [0.0] * k], np.float32),
        thresholds=np.full(k, 0.5, np.float32),
        about={"strength": _STRENGTH},
    )


def _with(raw: Weights, found: Calibration, about: dict[str, object]) -> Weights:
    return replace(
        raw,
        calibration=found.calibration.astype(np.float32),
        thresholds=found.thresholds.astype(np.float32),
        about={**raw.about, **about, "exclusive": found.exclusive, "precision": found.precision},
    )
