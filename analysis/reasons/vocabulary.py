"""Which terms a model may learn, and how rare they are."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analysis.reasons.examples import Examples
from analysis.reasons.features import mark_weights, veto_coefficients
from analysis.reasons.logistic import Coefficients
from analysis.reasons.scoring import Rows
from analysis.reasons.weights import Weights

Doubles = NDArray[np.float64]

#: a term of our own examples is learnt when two of them have it: what stands in one teaches that one by heart
FEWEST_EXAMPLES = 2
#: a term of customers' own words is learnt when so many of them use it: rarer ones would tell on a person
FEWEST_WRITERS = 3


@dataclass(frozen=True, slots=True, eq=False)
class Vocabulary:
    """V terms by their ids, ascending, and the inverse document frequency of each; `unknown_idf` of all others."""

    ids: NDArray[np.uint32]
    idf: Doubles
    unknown_idf: float


def vocabulary_of(rows: Rows, examples: Examples, prior: Weights | None) -> Vocabulary:
    """The terms of the prior as it weighs them, and those that enough of the examples share (whole answers count)."""
    whole = rows.starts[:-1]
    spans = list(zip(rows.offsets[whole], rows.offsets[whole + 1], strict=True))
    ids, documents = _counted(rows, spans)
    _, theirs = _counted(rows, [span for span, private in zip(spans, examples.private, strict=True) if private], ids)
    kept = (documents - theirs >= FEWEST_EXAMPLES) | (theirs >= FEWEST_WRITERS)
    ids, n = ids[kept], len(examples)
    idf = np.log((1 + n) / (1 + documents[kept])) + 1.0
    if prior is None:
        return Vocabulary(ids, idf, float(np.log(1 + n) + 1.0))
    new = ~np.isin(ids, prior.ids)
    both = np.concatenate([prior.ids, ids[new]])
    order = np.argsort(both)
    weighed = np.concatenate([prior.idf.astype(np.float64), idf[new]])
    return Vocabulary(both[order], weighed[order], float(prior.unknown_idf[0]))


def with_vetoes(vocabulary: Vocabulary, reasons: Sequence[str]) -> Vocabulary:
    """The same with every mark that takes reasons back, whether an example has it or not."""
    marks = np.array(sorted(veto_coefficients(reasons)), dtype=np.uint32)
    new = marks[~np.isin(marks, vocabulary.ids)]
    ids, idf = np.concatenate([vocabulary.ids, new]), np.concatenate([vocabulary.idf, np.ones(len(new))])
    order = np.argsort(ids)
    return Vocabulary(ids[order], idf[order], vocabulary.unknown_idf)


def without_marks(vocabulary: Vocabulary) -> Vocabulary:
    """The same without what the word lists say: a mark is heard long before a word, and it speaks of our reasons."""
    kept = mark_weights()[vocabulary.ids] == 0
    return Vocabulary(vocabulary.ids[kept], vocabulary.idf[kept], vocabulary.unknown_idf)


def vetoes_of(vocabulary: Vocabulary, reasons: Sequence[str], dimension: int) -> Coefficients:
    """What is known before anything is learnt: what the marks of `with_vetoes` count for; 0 for all else."""
    k = len(reasons)
    terms = np.zeros((len(vocabulary.ids), k), dtype=np.float32)
    for mark, coefficients in veto_coefficients(reasons).items():
        terms[np.searchsorted(vocabulary.ids, mark)] = coefficients
    return Coefficients(np.zeros((dimension, k), np.float32), terms, np.zeros(k, np.float32))


def coefficients_of(prior: Weights, ids: NDArray[np.uint32]) -> Coefficients:
    """The prior's coefficients for a vocabulary that holds all of its terms; 0 for the others."""
    terms = np.zeros((len(ids), len(prior.reasons)), dtype=np.float32)
    terms[np.searchsorted(ids, prior.ids)] = prior.term_weights
    return Coefficients(prior.vector_weights, terms, prior.intercept)


def _counted(
    rows: Rows, spans: list[tuple[int, int]], ids: NDArray[np.uint32] | None = None
) -> tuple[NDArray[np.uint32], NDArray[np.int64]]:
    """In how many of the spans each term stands (each once a span): of all terms in them, or of these."""
    found = np.concatenate([np.empty(0, np.uint32), *(rows.ids[a:b] for a, b in spans)])
    terms, counts = np.unique(found, return_counts=True)
    if ids is None:
        return terms, counts
    of_these = np.zeros(len(ids), dtype=np.int64)
    of_these[np.searchsorted(ids, terms)] = counts
    return ids, of_these
