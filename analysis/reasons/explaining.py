"""Why a reason was given: contributions in the customer's own words that add up to the logit."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from analysis.reasons.scoring import Rows, join, row_logits, sentence_logits, values_by
from analysis.reasons.weights import Weights


@dataclass(frozen=True, slots=True)
class Contribution:
    """What one thing adds to the logit: `words` as written, the `sentence` as a whole, or the `intercept`."""

    kind: Literal["words", "sentence", "intercept"]
    text: str
    value: float


@dataclass(frozen=True, slots=True)
class Explanation:
    """What an answer says of one reason: its strongest clause, and what adds up to the logit, strongest first."""

    reason: str
    logit: float
    piece: str
    contributions: tuple[Contribution, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Spoke:
    """What an answer says for one reason, in numbers only.

    `row`: its strongest clause, counted among the rows of the answer. `terms`: contributions of the stored terms of the
    answer, in their order, up to the last that counts. `intercept`, `sentence` and `terms` add up to the logit.
    """

    row: int
    intercept: float
    sentence: float
    terms: NDArray[np.float64]


def spoke_for(rows: Rows, weights: Weights, answers: NDArray[np.int64], reasons: NDArray[np.int64]) -> Iterator[Spoke]:
    """For each pair of an answer and a reason (equally long arrays of positions) what its logit consists of."""
    values = values_by(rows, weights)
    sentences = sentence_logits(rows, weights)
    clause = join(row_logits(rows, weights, values), rows.starts).clause
    term_weights = weights.term_weights.astype(np.float64)
    weighed = values.value * values.known
    for answer, k in zip(answers.tolist(), reasons.tolist(), strict=True):
        whole, strongest = int(rows.starts[answer]), int(clause[answer, k])
        begin, end = int(rows.offsets[whole]), int(rows.offsets[strongest + 1])
        terms = np.zeros(end - begin)
        for row in (whole, strongest):  # twice the same where there is one clause: half and half
            of_row = slice(int(rows.offsets[row]), int(rows.offsets[row + 1]))
            if len(weights.ids):
                said = weighed[of_row] * term_weights[values.at[of_row], k]
                terms[of_row.start - begin : of_row.stop - begin] += said / 2
        sentence = (sentences[whole, k] + sentences[strongest, k]) / 2
        yield Spoke(strongest - whole, float(weights.intercept[k]), float(sentence), terms)


def explain_answer(
    rows: Rows, written: Sequence[str], pieces: Sequence[str], weights: Weights
) -> Iterator[Explanation]:
    """One explanation per reason of the only answer in `rows`; none for an answer without rows.

    `written`: its terms as the customer wrote them; `pieces`: the text of each row.
    """
    k = len(weights.reasons) if pieces else 0
    every = spoke_for(rows, weights, np.zeros(k, np.int64), np.arange(k))
    for reason, spoke in zip(weights.reasons[:k], every, strict=True):
        yield Explanation(
            reason=reason,
            logit=spoke.intercept + spoke.sentence + float(spoke.terms.sum()),
            piece=pieces[spoke.row],
            contributions=(
                *_words(written[: len(spoke.terms)], spoke.terms),
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
