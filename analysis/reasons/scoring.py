"""From stored readings to logits: a matrix product over whatever was stored, without a text."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.special import expit

from analysis.reasons.features import PREPROCESSING, TERM_WEIGHT
from analysis.reasons.half import product
from analysis.reasons.layout import Layout, Lookup, dampened, layout_of
from analysis.reasons.reading import Reading
from analysis.reasons.weights import Weights

Doubles = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """The rows (whole answers and clauses) of many readings one after the other."""

    vectors: NDArray[np.float16]  # (rows, d)
    ids: NDArray[np.uint32]  # (terms,)
    counts: NDArray[np.uint16]  # (terms,)
    offsets: NDArray[np.int64]  # (rows + 1,) where the terms of each row begin
    starts: NDArray[np.int64]  # (answers + 1,) where the rows of each answer begin


def rows_of(readings: Sequence[Reading], encoder_id: str, dimension: int) -> Rows:
    """Put readings together. ValueError for one that another encoder or preprocessing made."""
    for reading in readings:
        if (reading.encoder_id, reading.preprocessing) != (encoder_id, PREPROCESSING):
            raise ValueError(
                f"This answer was read by {reading.encoder_id} with {reading.preprocessing}, "
                f"the model needs {encoder_id} with {PREPROCESSING}: read its text again."
            )
    sizes = np.array([len(r.vectors) for r in readings], dtype=np.int64)
    terms_before = np.cumsum([0, *(len(r.ids) for r in readings)], dtype=np.int64)
    ends = np.concatenate([np.empty(0, np.uint32), *(r.offsets[1:] for r in readings)]).astype(np.int64)
    return Rows(
        vectors=np.concatenate([np.empty((0, dimension), np.float16), *(r.vectors for r in readings)]),
        ids=np.concatenate([np.empty(0, np.uint32), *(r.ids for r in readings)]),
        counts=np.concatenate([np.empty(0, np.uint16), *(r.counts for r in readings)]),
        offsets=np.concatenate([[0], ends + np.repeat(terms_before[:-1], sizes)]),
        starts=np.concatenate([[0], np.cumsum(sizes)]),
    )


@dataclass(frozen=True, slots=True, eq=False)
class TermValues:
    """What each stored term weighs in its row: `value` (terms,), and where it stands in the vocabulary: `at` (terms,).

    Each row has the length TERM_WEIGHT, unknown terms included: `known` is False for them, and `at` is behind the last.
    """

    value: Doubles
    at: NDArray[np.int32]
    known: NDArray[np.bool_]


def term_values(rows: Rows, lookup: Lookup) -> TermValues:
    """(1 + log count) x idf, scaled to the length of the row; a mark of the word lists has a weight of its own."""
    place = lookup.place.take(rows.ids)
    plain = dampened().take(rows.counts) * lookup.idf.take(place)
    sizes = np.diff(rows.offsets)
    lengths, filled = np.zeros(len(sizes)), sizes > 0
    lengths[filled] = np.sqrt(np.add.reduceat(plain * plain, rows.offsets[:-1][filled])) if filled.any() else 0
    plain *= np.repeat(TERM_WEIGHT / np.maximum(lengths, 1e-12), sizes)
    plain += lookup.marks.take(place)
    return TermValues(plain, np.minimum(place, np.int32(lookup.size)), place < lookup.size)


def term_matrix(rows: Rows, ids: NDArray[np.uint32], idf: Doubles, unknown_idf: float) -> csr_array:
    """The values of the known terms, (rows, vocabulary)."""
    values = term_values(rows, Lookup.of(ids, idf, unknown_idf))
    pointers = np.concatenate([[0], np.cumsum(values.known)])[rows.offsets]
    kept = values.known
    return csr_array((values.value[kept], values.at[kept], pointers), shape=(len(rows.offsets) - 1, len(ids)))


def term_logits(rows: Rows, values: TermValues, layout: Layout) -> Doubles:
    """What the terms add to the logits, (rows, k); unknown ones add nothing."""
    shape = (len(rows.offsets) - 1, len(layout.term_weights))
    return np.asarray(csr_array((values.value, values.at, rows.offsets), shape=shape) @ layout.term_weights)


def calibrated(logits: Doubles, clauses: NDArray[np.int64], calibration: NDArray[np.floating]) -> Doubles:
    """Probabilities of answers, (answers, k), from their joined logits and how many clauses each has.

    The strongest of many clauses is high by chance alone, so the logit of a longer answer counts for less.
    """
    slope, offset, chance = calibration.astype(np.float64)
    corrected = logits - chance * np.log(np.maximum(clauses, 1))[:, None]
    return np.asarray(expit(slope * corrected + offset))


def clause_counts(readings: Sequence[Reading]) -> NDArray[np.int64]:
    """How many clauses each answer has, (answers,)."""
    return np.array([max(1, len(reading.vectors) - 1) for reading in readings], dtype=np.int64)


def join(logits: Doubles, starts: NDArray[np.int64]) -> Doubles:
    """What answers say, (answers, k), from their rows; minus infinity for an answer without a row.

    Half of what the answer says as a whole, half of what its strongest clause says. The whole sees what a story amounts
    to, a clause is not drowned by the others.
    """
    joined = np.full((len(starts) - 1, logits.shape[1]), -np.inf)
    sizes = np.diff(starts)
    single, several = np.flatnonzero(sizes == 1), np.flatnonzero(sizes > 1)
    joined[single] = logits[starts[single]]
    if len(several):
        joined[several] = (logits[starts[several]] + _strongest(logits, starts, several)) / 2
    return joined


def _strongest(logits: Doubles, starts: NDArray[np.int64], several: NDArray[np.int64]) -> Doubles:
    """What the strongest clause of these answers says for each reason, (answers, k)."""
    bounds = np.stack([starts[several] + 1, starts[several + 1]], axis=1).ravel()
    bounds = bounds[:-1] if bounds[-1] == len(logits) else bounds
    return np.asarray(np.maximum.reduceat(logits, bounds, axis=0)[::2])


def strongest_rows(logits: Doubles, starts: NDArray[np.int64]) -> NDArray[np.int64]:
    """The row of the strongest clause of each answer for each reason, (answers, k), the first of equals; that of the
    whole answer where it has one clause only, 0 for an answer without a row."""
    found = np.zeros((len(starts) - 1, logits.shape[1]), dtype=np.int64)
    sizes = np.diff(starts)
    for size in np.unique(sizes[sizes > 0]):  # answers with as many clauses at once
        at = np.flatnonzero(sizes == size)
        first = starts[at] + (size > 1)
        rows = first[:, None] + np.arange(max(size - 1, 1))
        found[at] = first[:, None] + logits[rows].argmax(axis=1)
    return found


@dataclass(frozen=True, eq=False)
class Scored:
    """Readings as one model scores them, worked out once for everything that is asked of them.

    `sentences` (rows, k): what the vectors add; `row_logits` (rows, k): those of the rows, `logits` (answers, k) those
    of the answers; `clauses` (answers,): how many clauses each has; `strongest` (answers, k): see strongest_rows.
    """

    weights: Weights
    rows: Rows
    values: TermValues
    sentences: Doubles
    row_logits: Doubles
    logits: Doubles

    @classmethod
    def of(cls, readings: Sequence[Reading], weights: Weights) -> "Scored":
        """ValueError for readings of another encoder or preprocessing."""
        return cls.of_rows(rows_of(readings, weights.encoder_id, weights.vector_weights.shape[0]), weights)

    @classmethod
    def of_rows(cls, rows: Rows, weights: Weights) -> "Scored":
        """From readings of the model's own encoder and preprocessing that were put together before."""
        layout = layout_of(weights)
        values, sentences = term_values(rows, layout.lookup), product(rows.vectors, layout.vector_weights)
        logits = sentences + term_logits(rows, values, layout) + weights.intercept
        return cls(weights, rows, values, sentences, logits, join(logits, rows.starts))

    @cached_property
    def strongest(self) -> NDArray[np.int64]:
        return strongest_rows(self.row_logits, self.rows.starts)

    @property
    def clauses(self) -> NDArray[np.int64]:
        return np.asarray(np.maximum(np.diff(self.rows.starts) - 1, 1))

    @property
    def probabilities(self) -> Doubles:
        """Calibrated, (answers, k); 0 for an answer without a word."""
        return calibrated(self.logits, self.clauses, self.weights.calibration)

    @property
    def unknown_shares(self) -> Doubles:
        """Share of the terms of each answer that no training text had, (answers,); 0 for one without a word."""
        sums = np.concatenate([[0.0], np.cumsum(~self.values.known)])
        ends = self.rows.offsets[self.rows.starts]
        return np.asarray(np.diff(sums[ends]) / np.maximum(np.diff(ends), 1))
