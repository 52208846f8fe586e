"""Why a reason was given: contributions in the customer's own words that add up to the logit."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from analysis.reasons.scoring import Scored


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


def spoke_for(scored: Scored, answers: NDArray[np.int64], reasons: NDArray[np.int64]) -> Iterator[Spoke]:
    """For each pair of an answer and a reason (equally long arrays of positions) what its logit consists of."""
    rows, weights = scored.rows, scored.weights
    whole, clause = rows.starts[answers], scored.joined.clause[answers, reasons]
    begins = rows.offsets[whole]
    sizes = rows.offsets[clause + 1] - begins
    pair = np.repeat(np.arange(len(answers)), sizes)
    first = np.cumsum(sizes) - sizes
    at = np.arange(len(pair)) - first[pair] + begins[pair]  # the stored terms, pair after pair
    in_whole = at < rows.offsets[whole + 1][pair]
    in_clause = at >= rows.offsets[clause][pair]  # both, where there is one clause: half and half
    half = (in_whole.astype(np.float64) + in_clause) / 2 * scored.values.known[at]
    term_weights = weights.term_weights.astype(np.float64)
    weight = term_weights[scored.values.at[at], reasons[pair]] if len(weights.ids) else np.zeros(len(at))
    terms = half * scored.values.value[at] * weight
    sentences = (scored.sentences[whole, reasons] + scored.sentences[clause, reasons]) / 2
    ends, intercepts = (first + sizes).tolist(), weights.intercept.astype(np.float64)[reasons].tolist()
    parts = zip((clause - whole).tolist(), intercepts, sentences.tolist(), first.tolist(), ends, strict=True)
    for row, intercept, sentence, start, end in parts:
        yield Spoke(row, intercept, sentence, terms[start:end])


def explain_answer(scored: Scored, written: Sequence[str], pieces: Sequence[str]) -> Iterator[Explanation]:
    """One explanation per reason of the only answer in `scored`; none for an answer without rows.

    `written`: its terms as the customer wrote them; `pieces`: the text of each row.
    """
    reasons = scored.weights.reasons if pieces else ()
    every = spoke_for(scored, np.zeros(len(reasons), np.int64), np.arange(len(reasons)))
    for reason, spoke in zip(reasons, every, strict=True):
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
