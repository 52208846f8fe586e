"""Why a reason was given: contributions in the customer's own words that add up to the logit."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from analysis.reasons.features import VECTOR_WEIGHT, Term, bucket
from analysis.reasons.scoring import Rows, row_logits, term_matrix
from analysis.reasons.weights import Weights


@dataclass(frozen=True, slots=True)
class Contribution:
    """What one thing adds to the logit: `words` as written, the `sentence` as a whole, or the `intercept`."""

    kind: Literal["words", "sentence", "intercept"]
    text: str
    value: float


@dataclass(frozen=True, slots=True)
class Explanation:
    """The strongest piece of an answer for one reason, and what it consists of, the strongest words first."""

    reason: str
    logit: float
    piece: str
    contributions: tuple[Contribution, ...]


def explain_rows(
    rows: Rows, found: Sequence[Sequence[Term]], pieces: Sequence[str], weights: Weights
) -> Iterator[Explanation]:
    """One explanation per reason of the answer whose rows are given; none for an answer without rows.

    `found` and `pieces`: terms and text of each row.
    """
    if not pieces:
        return
    logits = row_logits(rows, weights)
    matrix = term_matrix(rows, weights.ids, weights.idf.astype(np.float64), float(weights.unknown_idf[0])).toarray()
    sentences = rows.vectors.astype(np.float64) @ (VECTOR_WEIGHT * weights.vector_weights.astype(np.float64))
    for k, reason in enumerate(weights.reasons):
        row = int(np.argmax(logits[:, k]))
        values = matrix[row] * weights.term_weights[:, k].astype(np.float64)
        yield Explanation(
            reason=reason,
            logit=float(logits[row, k]),
            piece=pieces[row],
            contributions=(
                *_words(found[row], values, weights.ids),
                Contribution("sentence", pieces[row], float(sentences[row, k])),
                Contribution("intercept", "", float(weights.intercept[k])),
            ),
        )


def _words(found: Sequence[Term], values: NDArray[np.float64], ids: NDArray[np.uint32]) -> tuple[Contribution, ...]:
    """A term's value, shared by the places where it stands; what is written alike is added up."""
    places: dict[int, list[str]] = defaultdict(list)
    for term in found:
        at = int(np.searchsorted(ids, bucket(term.key)))
        if at < len(ids) and ids[at] == bucket(term.key):
            places[at].append(term.words.lower())
    sums: dict[str, float] = defaultdict(float)
    for at, written in places.items():
        for words in written:
            sums[words] += float(values[at]) / len(written)
    strongest = sorted(sums.items(), key=lambda item: (-abs(item[1]), item[0]))
    return tuple(Contribution("words", words, value) for words, value in strongest if value)
