"""Why a reason was given: contributions in the customer's own words that add up to the logit."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from analysis.reasons.layout import layout_of
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


@dataclass(frozen=True, slots=True, eq=False)
class Spokes:
    """Many of them in arrays: those above, (n,) each, and the terms of all one after the other.

    The terms of number i are those from `ends[i]` to `ends[i + 1]`; `ends` (n + 1,).
    """

    rows: NDArray[np.int64]
    intercepts: NDArray[np.float64]
    sentences: NDArray[np.float64]
    terms: NDArray[np.float64]
    ends: NDArray[np.int64]


def spoke_for(scored: Scored, answers: NDArray[np.int64], reasons: NDArray[np.int64]) -> Spokes:
    """For each pair of an answer and a reason (equally long arrays of positions) what its logit consists of."""
    rows, layout = scored.rows, layout_of(scored.weights)
    whole, clause = rows.starts[answers], scored.strongest[answers, reasons]
    begins = rows.offsets[whole]
    sizes = rows.offsets[clause + 1] - begins
    ends = np.concatenate([[0], np.cumsum(sizes)])
    at = np.arange(ends[-1]) + np.repeat(begins - ends[:-1], sizes)  # the stored terms, pair after pair
    in_whole = at < np.repeat(rows.offsets[whole + 1], sizes)
    in_clause = at >= np.repeat(rows.offsets[clause], sizes)  # both, where there is one clause: half and half
    weight = layout.term_weights[scored.values.at[at], np.repeat(reasons, sizes)]
    terms = (in_whole.astype(np.float64) + in_clause) / 2 * scored.values.value[at] * weight
    sentences = (scored.sentences[whole, reasons] + scored.sentences[clause, reasons]) / 2
    return Spokes(clause - whole, scored.weights.intercept.astype(np.float64)[reasons], sentences, terms, ends)


def each_of(spokes: Spokes) -> Iterator[Spoke]:
    """One by one."""
    parts = zip(spokes.rows.tolist(), spokes.intercepts.tolist(), spokes.sentences.tolist(), strict=True)
    for (row, intercept, sentence), (start, end) in zip(parts, pairwise(spokes.ends.tolist()), strict=True):
        yield Spoke(row, intercept, sentence, spokes.terms[start:end])


def explain_answer(scored: Scored, written: Sequence[str], pieces: Sequence[str]) -> Iterator[Explanation]:
    """One explanation per reason of the only answer in `scored`; none for an answer without rows.

    `written`: its terms as the customer wrote them; `pieces`: the text of each row.
    """
    reasons = scored.weights.reasons if pieces else ()
    every = each_of(spoke_for(scored, np.zeros(len(reasons), np.int64), np.arange(len(reasons))))
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
