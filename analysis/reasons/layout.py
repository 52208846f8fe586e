"""A model's weights laid out so that many answers are scored fast; worked out once for each model."""

from dataclasses import dataclass
from functools import cache, lru_cache

import numpy as np
from numpy.typing import NDArray

from analysis.reasons.features import BUCKETS, VECTOR_WEIGHT, mark_weights
from analysis.reasons.weights import Weights

Doubles = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Lookup:
    """Where each hashed term stands: one step into a large table, all others into small ones.

    `place` (BUCKETS,): below `size`, the place in the vocabulary; `size`: unknown; above: a mark of the word lists that
    the model does not know. By that place `idf` is what a word weighs (0 for a mark) and `marks` a mark (0 for a word).
    """

    place: NDArray[np.int32]
    idf: Doubles
    marks: Doubles
    size: int

    @classmethod
    def of(cls, ids: NDArray[np.uint32], idf: NDArray[np.floating], unknown_idf: float) -> "Lookup":
        """`ids`: the vocabulary, ascending; `idf`: of each of them; `unknown_idf`: of every other word."""
        weights, size = mark_weights(), len(ids)
        other_marks = np.setdiff1d(np.flatnonzero(weights), ids)
        place = np.full(BUCKETS, size, dtype=np.int32)
        place[ids] = np.arange(size, dtype=np.int32)
        place[other_marks] = np.arange(size + 1, size + 1 + len(other_marks), dtype=np.int32)
        marks = np.concatenate([weights[ids], [0.0], weights[other_marks]])
        words = np.concatenate([idf, [unknown_idf], np.zeros(len(other_marks))])
        return cls(place, np.where(marks > 0, 0.0, words), marks, size)


@dataclass(frozen=True, slots=True, eq=False)
class Layout:
    """`vector_weights` (d, k) in what they count; `term_weights` (V + 1, k) with nothing for the unknown at the end."""

    lookup: Lookup
    vector_weights: NDArray[np.float32]
    term_weights: Doubles


@lru_cache(maxsize=2)
def layout_of(weights: Weights) -> Layout:
    """The layout of a model: of the last two that were asked for, it is there already."""
    terms = np.concatenate([weights.term_weights, np.zeros((1, len(weights.reasons)), np.float32)])
    return Layout(
        Lookup.of(weights.ids, weights.idf, float(weights.unknown_idf[0])),
        np.float32(VECTOR_WEIGHT) * weights.vector_weights,
        terms.astype(np.float64),
    )


@cache
def dampened() -> Doubles:
    """(65536,): what a term counts that occurs so many times, 1 + log of it; 0 for none."""
    counts = np.arange(1, 2**16, dtype=np.uint16)
    return np.concatenate([[0.0], 1.0 + np.log(counts)])
