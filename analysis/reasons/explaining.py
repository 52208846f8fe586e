"""Why a reason was given: contributions in the customer's own words that add up to the logit."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from analysis.reasons.scoring import Rows, row_logits, sentence_logits, values_by
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


@dataclass(frozen=True, slots=True, eq=False)
class Spoke:
    """What one row of an answer says for one reason, in numbers only.

    `row` counts the rows of the answer, `first` its stored terms up to that row; `terms` are the contributions of the
    row's terms in the order stored. `intercept`, `sentence` and `terms` add up to the logit.
    """

    row: int
    first: int
    intercept: float
    sentence: float
    terms: NDArray[np.float64]


def spoke_for(rows: Rows, weights: Weights, answers: NDArray[np.int64], reasons: NDArray[np.int64]) -> Iterator[Spoke]:
    """For each pair of an answer and a reason (equally long arrays of positions) what its strongest row consists of."""
    values = values_by(rows, weights)
    logits, sentences = row_logits(rows, weights, values), sentence_logits(rows, weights)
    term_weights = weights.term_weights.astype(np.float64)
    for answer, k in zip(answers.tolist(), reasons.tolist(), strict=True):
        start, end = int(rows.starts[answer]), int(rows.starts[answer + 1])
        row = start + int(np.argmax(logits[start:end, k]))
        of_row = slice(int(rows.offsets[row]), int(rows.offsets[row + 1]))
        terms = values.value[of_row] * values.known[of_row]
        if len(weights.ids):
            terms = terms * term_weights[values.at[of_row], k]
        first = of_row.start - int(rows.offsets[start])
        yield Spoke(row - start, first, float(weights.intercept[k]), float(sentences[row, k]), terms)


def explain_answer(
    rows: Rows, written: Sequence[str], pieces: Sequence[str], weights: Weights
) -> Iterator[Explanation]:
    """One explanation per reason of the only answer in `rows`; none for an answer without rows.

    `written`: its terms as the customer wrote them; `pieces`: the text of each row.
    """
    if not pieces:
        return
    k = len(weights.reasons)
    for reason, spoke in zip(
        weights.reasons, spoke_for(rows, weights, np.zeros(k, np.int64), np.arange(k)), strict=True
    ):
        words = written[spoke.first : spoke.first + len(spoke.terms)]
        yield Explanation(
            reason=reason,
            logit=spoke.intercept + spoke.sentence + float(spoke.terms.sum()),
            piece=pieces[spoke.row],
            contributions=(
                *_words(words, spoke.terms),
                Contribution("sentence", pieces[spoke.row], spoke.sentence),
                Contribution("intercept", "", spoke.intercept),
            ),
        )


def _words(written: Sequence[str], values: NDArray[np.float64]) -> tuple[Contribution, ...]:
    """What is written alike is added up; what adds nothing is left out."""
    sums: dict[str, float] = defaultdict(float)
    for words, value in zip(written, values.tolist(), strict=True):
        sums[words] += value
    strongest = sorted(sums.items(), key=lambda item: (-abs(item[1]), item[0]))
    return tuple(Contribution("words", words, value) for words, value in strongest if value)
