"""Whether a newly trained model may serve: it is held against the serving model and against plain word counts."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analysis.reasons.examples import Labels

#: so many answers that give a reason are needed in a language before the gate judges it there
FEWEST_CASES = 20
#: a drop of F1 that may be noise is let through
_DROP = 0.05
_DEVIATE = 1.96


@dataclass(frozen=True, slots=True)
class Score:
    """How well one reason was found in answers that had been left out: all between 0 and 1, `answers` that gave it."""

    precision: float
    recall: float
    f1: float
    answers: int


@dataclass(frozen=True, slots=True)
class Row:
    """One reason in one language ("": all): the candidate and what it is held against."""

    reason: str
    language: str
    candidate: Score
    serving: Score | None
    baseline: Score


@dataclass(frozen=True, slots=True)
class Refusal:
    """Where the candidate is worse: `reason` "" is all reasons together; `against` is serving or baseline."""

    reason: str
    language: str
    candidate: float
    other: float
    against: str
    cases: int


@dataclass(frozen=True, slots=True, eq=False)
class Trial:
    """What the models give to the same answers, (n, k): `serving` None where there is none to compare with.

    `compared` (n,): whether the serving model had not seen the answer either, so that the two may be compared on it.
    """

    reasons: tuple[str, ...]
    languages: NDArray[np.str_]
    truth: Labels
    candidate: Labels
    baseline: Labels
    serving: Labels | None
    compared: NDArray[np.bool_]


def score(found: Labels, truth: Labels) -> Score:
    """Precision, recall and F1 of one reason; both of shape (n,)."""
    hits = int((found & truth).sum())
    given, answers = int(found.sum()), int(truth.sum())
    return Score(
        precision=hits / given if given else 0.0,
        recall=hits / answers if answers else 0.0,
        f1=2 * hits / (given + answers) if given + answers else 0.0,
        answers=answers,
    )


def rows(trial: Trial) -> list[Row]:
    """Every reason, over all languages and in each that anyone wrote in."""
    spoken = sorted(set(trial.languages.tolist()))
    return [
        _row(trial, k, language)
        for k in range(len(trial.reasons))
        for language in ("", *(spoken if len(spoken) > 1 else ()))
    ]


def refusals(trial: Trial) -> list[Refusal]:
    """Where the candidate may not pass: worse over all than plain word counts or the serving model, or clearly worse
    for a reason in a language with FEWEST_CASES answers (F1 lower by more than _DROP, and more answers that only the
    other has right than chance allows: McNemar 1947)."""
    found = []
    for against, other, at in _opponents(trial):
        mine = macro(trial.candidate[at], trial.truth[at])
        theirs = macro(other[at], trial.truth[at])
        if mine < theirs - 1e-9 and _is_clearly_worse(trial.candidate[at], other[at], trial.truth[at]):
            found.append(Refusal("", "", mine, theirs, against, int(at.sum())))
        found += [refusal for row in rows(trial) if (refusal := _refusal(trial, row, against, other, at)) is not None]
    return found


def macro(found: Labels, truth: Labels) -> float:
    """The mean F1 of the reasons that anyone gave."""
    each = [score(found[:, k], truth[:, k]) for k in range(truth.shape[1])]
    return float(np.mean([one.f1 for one in each if one.answers] or [0.0]))


def micro(found: Labels, truth: Labels) -> float:
    """F1 over all pairs of an answer and a reason."""
    return score(found.ravel(), truth.ravel()).f1


def _opponents(trial: Trial) -> Sequence[tuple[str, Labels, NDArray[np.bool_]]]:
    everyone = np.ones(len(trial.truth), dtype=bool)
    against: list[tuple[str, Labels, NDArray[np.bool_]]] = [("baseline", trial.baseline, everyone)]
    if trial.serving is not None and trial.compared.any():
        against.append(("serving", trial.serving, trial.compared))
    return against


def _row(trial: Trial, k: int, language: str) -> Row:
    at = _in(trial, language)
    truth = trial.truth[at, k]
    serving = score(trial.serving[at, k], truth) if trial.serving is not None else None
    candidate, baseline = score(trial.candidate[at, k], truth), score(trial.baseline[at, k], truth)
    return Row(trial.reasons[k], language, candidate, serving, baseline)


def _in(trial: Trial, language: str) -> NDArray[np.bool_]:
    return np.asarray(trial.languages == language) if language else np.ones(len(trial.truth), dtype=bool)


def _refusal(trial: Trial, row: Row, against: str, other: Labels, at: NDArray[np.bool_]) -> Refusal | None:
    k, chosen = trial.reasons.index(row.reason), at & _in(trial, row.language)
    truth = trial.truth[chosen, k]
    mine, theirs = score(trial.candidate[chosen, k], truth), score(other[chosen, k], truth)
    worse = mine.f1 < theirs.f1 - _DROP and _is_clearly_worse(trial.candidate[chosen, k], other[chosen, k], truth)
    if mine.answers < FEWEST_CASES or not worse:
        return None
    return Refusal(row.reason, row.language, mine.f1, theirs.f1, against, mine.answers)


def _is_clearly_worse(found: Labels, other: Labels, truth: Labels) -> bool:
    lost = int(((other == truth) & (found != truth)).sum())
    won = int(((found == truth) & (other != truth)).sum())
    return bool(lost - won > _DEVIATE * np.sqrt(lost + won))
