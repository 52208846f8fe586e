"""Learn from what people said of answers, and say honestly whether the result is worth using."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from analysis.reasons.calibrating import Ground
from analysis.reasons.deriving import derive, is_known
from analysis.reasons.encoder import default_encoder
from analysis.reasons.examples import Examples, Labels, folds
from analysis.reasons.fitting import fit
from analysis.reasons.gate import Refusal, Row, Score, Trial, macro, micro, refusals, rows, score
from analysis.reasons.model import Languages, ReasonModel
from analysis.reasons.reading import read
from analysis.reasons.starter import starter_model
from analysis.reasons.weights import Weights
from analysis.text.cleaning import fold, normalise

#: labels of people weigh against what the starter model knows as so many of its own examples each
_TRUST = 3.0


@dataclass(frozen=True, slots=True, eq=False)
class TrainingReport:
    """A trained model and what cross-validation says of it, beside plain word counts on the same folds."""

    model: ReasonModel
    scores: dict[str, Score]
    baseline: dict[str, Score]
    macro_f1: float
    baseline_macro_f1: float
    passed_gate: bool
    verdict: str
    rows: tuple[Row, ...] = ()
    refusals: tuple[Refusal, ...] = ()
    micro_f1: float = 0.0
    baseline_micro_f1: float = 0.0
    serving_macro_f1: float | None = None
    serving_micro_f1: float | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Course:
    """What a training goes by besides the examples. `texts`: for plain word counts, of the trusted examples.

    `prior`: the model to start from, for the same reasons. `serving`: the model to beat, and `unseen` (n,) which of the
    trusted examples it had not learnt from. `precision`: see calibrating.Ground.
    """

    texts: Sequence[str]
    seed: int
    prior: Weights | None = None
    serving: ReasonModel | None = None
    unseen: NDArray[np.bool_] = field(default_factory=lambda: np.zeros(0, dtype=bool))
    precision: float = 0.5


def train(  # noqa: PLR0913 - the signature is the one other code relies on
    texts: Sequence[str],
    labels: Sequence[Sequence[str]],
    *,
    languages: Languages = None,
    reasons: Sequence[str] | None = None,
    weights: Sequence[float] | None = None,
    seed: int,
) -> TrainingReport:
    """Train on `labels` (the reasons each text gives, () for none), with 5 folds held out for the scores.

    `reasons` may be any taxonomy (default: those that occur); what the starter model knows of those it shares with us
    is kept as far as the labels do not speak against it. `weights` say how much each label counts; `languages` are
    those of the forms. The same input and seed give the same model. ValueError for labels outside `reasons` and for
    too little to learn from.
    """
    known = tuple(reasons) if reasons else _occurring(labels)
    examples = _examples(texts, labels, languages, known, weights)
    prior = starting_point(known, {})
    return train_from(examples, Course(texts, seed, prior))


def starting_point(reasons: Sequence[str], sources: dict[str, tuple[str, ...]]) -> Weights | None:
    """The starter model for these reasons (see `derive`); None where it knows none of them."""
    derived = derive(starter_model().weights, reasons, sources)
    return derived if is_known(derived).any() else None


def train_from(examples: Examples, course: Course) -> TrainingReport:
    """Train on examples of which the trusted ones were read by people, and hold the result against what there is."""
    fitted = fit(examples, course.seed, Ground(course.prior, None, course.precision))
    at = np.flatnonzero(examples.trusted)
    truth = examples.take(at)
    trial = Trial(
        reasons=examples.reasons,
        languages=np.array([reading.language for reading in truth.readings]),
        truth=truth.labels,
        candidate=fitted.given[at],
        baseline=_baseline(course, truth),
        serving=None if course.serving is None else _given_by(course.serving, truth),
        compared=course.unseen if len(course.unseen) == len(at) else np.ones(len(at), dtype=bool),
    )
    return _report(fitted.model, trial)


def _occurring(labels: Sequence[Sequence[str]]) -> tuple[str, ...]:
    return tuple(sorted({reason for given in labels for reason in given}))


def _examples(
    texts: Sequence[str], labels: Sequence[Sequence[str]], languages: Languages, reasons: tuple[str, ...],
    weights: Sequence[float] | None,
) -> Examples:  # fmt: skip
    if len(texts) != len(labels) or (weights is not None and len(weights) != len(texts)):
        raise ValueError("Every text needs one list of reasons, and one weight where weights are given.")
    unknown = sorted(set(_occurring(labels)) - set(reasons))
    if unknown or not reasons:
        raise ValueError(f"These labels are not among the reasons: {', '.join(unknown) or 'there are no reasons'}.")
    same: dict[str, int] = {}
    counts = np.ones(len(texts)) if weights is None else np.asarray(weights, dtype=np.float64)
    return Examples(
        readings=read(texts, languages, default_encoder()),
        labels=np.array([[reason in given for reason in reasons] for given in labels], dtype=bool),
        weights=np.repeat(np.float32(_TRUST) * counts.astype(np.float32)[:, None], len(reasons), axis=1),
        groups=np.array([same.setdefault(fold(normalise(text)), len(same)) for text in texts], dtype=np.int64),
        reasons=reasons,
        trusted=np.ones(len(texts), dtype=bool),
        private=np.ones(len(texts), dtype=bool),
    )


def _given_by(serving: ReasonModel, examples: Examples) -> Labels:
    """What the serving model gives, in the candidate's reasons; what it does not know it does not give."""
    given = serving.given(serving.score(examples.readings))
    at = {code: k for k, code in enumerate(serving.reasons)}
    columns = [given[:, at[code]] if code in at else np.zeros(len(given), bool) for code in examples.reasons]
    return np.stack(columns, axis=1)


def _baseline(course: Course, examples: Examples) -> Labels:
    """What anyone would try first, on the same folds: TF-IDF of words and word pairs, one logistic regression each."""
    found = np.zeros_like(examples.labels)
    for known, held_out in folds(examples.groups, course.seed):
        found[held_out] = _plain(course.texts, examples, known, held_out)
    return found


def _plain(texts: Sequence[str], examples: Examples, known: NDArray[np.int64], held_out: NDArray[np.int64]) -> Labels:
    counter = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, analyzer="word")
    seen = counter.fit_transform([normalise(texts[i]) for i in known])
    new = counter.transform([normalise(texts[i]) for i in held_out])
    found = np.zeros((len(held_out), len(examples.reasons)), dtype=bool)
    with threadpool_limits(limits=1):
        for k, label in enumerate(examples.labels[known].T):
            if label.any() and not label.all():
                regression = LogisticRegression(C=5.0, class_weight="balanced", max_iter=500, solver="liblinear")
                found[:, k] = regression.fit(seen, label, sample_weight=examples.weights[known, k]).predict(new)
    return found


def _report(model: ReasonModel, trial: Trial) -> TrainingReport:
    refused = refusals(trial)
    mine, theirs = macro(trial.candidate, trial.truth), macro(trial.baseline, trial.truth)
    outcome = "it is refused" if refused else "it may serve"
    verdict = (
        f"On answers it had not seen the model reaches a macro F1 of {mine:.3f}, plain word counts {theirs:.3f}"
        f" ({len(trial.truth):,} answers, {len(trial.reasons)} reasons): {outcome}."
    )
    serving = trial.serving
    return TrainingReport(
        model,
        _scores(trial.candidate, trial),
        _scores(trial.baseline, trial),
        mine,
        theirs,
        not refused,
        verdict,
        tuple(rows(trial)),
        tuple(refused),
        micro(trial.candidate, trial.truth),
        micro(trial.baseline, trial.truth),
        None if serving is None else macro(serving, trial.truth),
        None if serving is None else micro(serving, trial.truth),
    )


def _scores(found: Labels, trial: Trial) -> dict[str, Score]:
    return {reason: score(found[:, k], trial.truth[:, k]) for k, reason in enumerate(trial.reasons)}
