"""Learn a model: a regression per reason on whole answers and their clauses, calibrated on what it had not seen."""

from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from analysis.reasons.calibrating import Ground, Seen, calibrate
from analysis.reasons.deriving import is_known
from analysis.reasons.examples import Examples, Labels, folds
from analysis.reasons.features import PREPROCESSING, VECTOR_WEIGHT
from analysis.reasons.logistic import Coefficients, Design, Floats, regress
from analysis.reasons.model import ReasonModel
from analysis.reasons.scoring import Rows, clause_counts, rows_of, term_matrix
from analysis.reasons.vocabulary import (
    Vocabulary,
    coefficients_of,
    vetoes_of,
    vocabulary_of,
    with_vetoes,
    without_marks,
)
from analysis.reasons.weights import Weights

Doubles = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Manner:
    """How strongly to learn. `strength`: inverse regularisation (C); `ease`: by how much less the vectors are held back
    (see logistic.Design). `marks`: whether to hear what our word lists say where no reason is one of ours."""

    strength: float
    ease: float
    marks: bool = True


#: Of the thousands of examples of the starter model every term may learn. People label some hundreds at first: those
#: move what is known of single words little. Chosen by held-out answers of the starter corpus: of businesses that the
#: prior had not seen, and in groups of reasons without a prior. Thousands of labels can say more, of words too.
_STARTER, _FEW_LABELS, _MANY_LABELS = Manner(0.3, 1.0), Manner(0.02, 3.5), Manner(0.1, 1.0)
_OTHER_REASONS = Manner(0.1, 1.0, marks=False)
#: answers from which on more than one manner of learning from people is tried
_MANY = 1_000
#: a clause says what its answer says where it is nearly the strongest for it, and does not where it is far below
_NEARLY, _FAR = 0.5, 2.0
_SILENT = 0.5  # how much it counts that a clause far below says nothing of the reason


@dataclass(frozen=True, slots=True, eq=False)
class Fitted:
    """A model, and what models that had not seen an answer make of it: probabilities and reasons given, (n, k).

    Of an answer without words nothing is made.
    """

    model: ReasonModel
    probabilities: Doubles
    given: Labels


def fit(examples: Examples, seed: int, ground: Ground | None = None) -> Fitted:
    """1. weights from all examples, 2. calibration and 3. thresholds from logits of folds that were left out.

    The same examples and seed give the same bytes. ValueError where there is nothing to learn from.
    """
    ground = ground or Ground()
    readable = examples.readable()
    with threadpool_limits(limits=1):  # sums in another order give other last digits, and small ones wait for threads
        return _fitted(examples, readable, seed, ground)


def _fitted(examples: Examples, readable: Examples, seed: int, ground: Ground) -> Fitted:
    learn = partial(_weights_from, ground=ground, manner=_manner(readable, seed, ground))
    raw = learn(readable)
    logits = np.full(readable.labels.shape, -np.inf)
    for train, test in folds(readable.groups, seed):
        logits[test] = _logits(learn(readable.take(train)), readable.take(test))
    seen = Seen.of(logits, clause_counts(readable.readings), readable, ground)
    model = ReasonModel(calibrate(raw, seen, {"seed": seed, "answers": len(readable)}))
    probabilities, given = np.zeros(examples.labels.shape), np.zeros(examples.labels.shape, dtype=bool)
    words = np.flatnonzero([len(reading.vectors) > 0 for reading in examples.readings])
    for train, test in folds(readable.groups, seed):
        # thresholds too are those of answers that were not looked at
        part = ReasonModel(calibrate(raw, seen.take(train), {}))
        probabilities[words[test]] = seen.take(test).probabilities(part.weights)
        given[words[test]] = part.given(probabilities[words[test]])
    return Fitted(model, probabilities, given)


def _manner(examples: Examples, seed: int, ground: Ground) -> Manner:
    """Of the manners of learning from people the one that foretells a fold better, where there are enough answers."""
    if ground.vetoes:
        return _STARTER
    if len(examples) < _MANY:
        return _FEW_LABELS
    train, test = next(folds(examples.groups, seed))
    known, new = examples.take(train), examples.take(test)
    tried = (_FEW_LABELS, _MANY_LABELS) if ground.prior else (_FEW_LABELS, _MANY_LABELS, _OTHER_REASONS)
    return min(tried, key=lambda manner: _loss(_weights_from(known, ground, manner), new, ground))


def _loss(raw: Weights, new: Examples, ground: Ground) -> float:
    """How little is foretold of new answers, as log loss a label, once the logits are calibrated on them."""
    seen = Seen.of(_logits(raw, new), clause_counts(new.readings), new, ground)
    probabilities = seen.probabilities(calibrate(raw, seen, {}))
    of_truth = np.where(new.labels, probabilities, 1 - probabilities)
    return float(np.average(-np.log(np.maximum(of_truth, 1e-12)), weights=np.maximum(seen.weights, 1e-12)))


def _logits(raw: Weights, examples: Examples) -> Doubles:
    return ReasonModel(raw).logits(examples.readings)


def _weights_from(examples: Examples, ground: Ground, manner: Manner) -> Weights:
    """Uncalibrated weights. 1. What is heard in each row: by the prior, or by a first regression on whole answers;
    2. from the answers and from their clauses, each clause labelled by what step 1 hears in it: the label of an answer
    of several sentences belongs to one or two of them (multiple instance learning; S. Andrews, I. Tsochantaridis and
    T. Hofmann (2003), Support vector machines for multiple-instance learning, NIPS 15)."""
    prior, first = ground.prior, examples.readings[0]
    rows = rows_of(examples.readings, first.encoder_id, first.vectors.shape[1])
    whole = rows.starts[:-1]
    vocabulary = vocabulary_of(rows, examples, prior)
    known = coefficients_of(prior, vocabulary.ids) if prior else None
    if ground.vetoes:
        vocabulary = with_vetoes(vocabulary, examples.reasons)
        known = vetoes_of(vocabulary, examples.reasons, first.vectors.shape[1])
    elif prior is None and not manner.marks:
        vocabulary = without_marks(vocabulary)
    terms = term_matrix(rows, vocabulary.ids, vocabulary.idf, vocabulary.unknown_idf)
    design = Design(np.float32(VECTOR_WEIGHT) * rows.vectors, csr_array(terms.astype(np.float32)), manner.ease)
    heard = known
    if heard is None or prior is None or not is_known(prior).all():
        heard = regress(_take(design, whole), examples.labels, examples.weights, manner.strength, known)
    clauses, labels, weights = _clauses(rows, examples, heard, design)
    if known or len(clauses):
        at = np.concatenate([whole, clauses])
        both = np.concatenate([examples.labels, labels]), np.concatenate([examples.weights, weights])
        heard = regress(_take(design, at), *both, manner.strength, known)
    return _weights(examples, heard, vocabulary, {"strength": manner.strength, "ease": manner.ease})


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


def _take(design: Design, at: NDArray[np.int64]) -> Design:
    return Design(design.vectors[at], csr_array(design.terms[at]), design.ease)


def _weights(examples: Examples, heard: Coefficients, vocabulary: Vocabulary, about: dict[str, float]) -> Weights:
    k = len(examples.reasons)
    return Weights(
        reasons=examples.reasons,
        encoder_id=examples.readings[0].encoder_id,
        preprocessing=PREPROCESSING,
        ids=vocabulary.ids,
        idf=vocabulary.idf.astype(np.float32),
        unknown_idf=np.array([vocabulary.unknown_idf], np.float32),
        vector_weights=heard.vectors,
        term_weights=heard.terms,
        intercept=heard.intercept,
        calibration=np.array([[1.0] * k, [0.0] * k, [0.0] * k], np.float32),
        thresholds=np.full(k, 0.5, np.float32),
        about=about,
    )
