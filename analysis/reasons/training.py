"""Learn from what people said of answers, and say honestly whether the result is worth using."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from analysis.reasons.encoder import default_encoder
from analysis.reasons.fitting import Examples, Labels, fit, folds
from analysis.reasons.model import Languages, ReasonModel
from analysis.reasons.reading import read
from analysis.text.cleaning import fold, normalise

_TOLERANCE = 1e-9


@dataclass(frozen=True, slots=True)
class Score:
    """How well one reason was found in answers that had been left out: all between 0 and 1, `answers` that gave it."""

    precision: float
    recall: float
    f1: float
    answers: int


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

    `reasons` may be any taxonomy (default: those that occur); `weights` say how much each label counts; `languages`
    are those of the forms. The gate is passed where macro F1 is not below that of TF-IDF and logistic regression.
    The same input and seed give the same model. ValueError for labels outside `reasons` and for too little to learn.
    """
    examples = _examples(texts, labels, languages, tuple(reasons) if reasons else _occurring(labels), weights)
    found, plain = np.zeros_like(examples.labels), np.zeros_like(examples.labels)
    for known, held_out in folds(examples.groups, seed):
        model = fit(examples.take(known), seed)
        found[held_out] = _given(model, model.score([examples.readings[i] for i in held_out]))
        plain[held_out] = _plain(texts, examples, known, held_out)
    return _report(fit(examples, seed), examples, found, plain)


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
    return Examples(
        readings=read(texts, languages, default_encoder()),
        labels=np.array([[reason in given for reason in reasons] for given in labels], dtype=bool),
        weights=np.ones(len(texts)) if weights is None else np.asarray(weights, dtype=np.float64),
        groups=np.array([same.setdefault(fold(normalise(text)), len(same)) for text in texts], dtype=np.int64),
        reasons=reasons,
    )


def _given(model: ReasonModel, probabilities: NDArray[np.float64]) -> Labels:
    return np.asarray(probabilities >= model.thresholds)


def _plain(texts: Sequence[str], examples: Examples, known: NDArray[np.int64], held_out: NDArray[np.int64]) -> Labels:
    """What anyone would try first: TF-IDF of words and word pairs, one logistic regression per reason."""
    counter = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, analyzer="word")
    seen = counter.fit_transform([normalise(texts[i]) for i in known])
    new = counter.transform([normalise(texts[i]) for i in held_out])
    found = np.zeros((len(held_out), len(examples.reasons)), dtype=bool)
    with threadpool_limits(limits=1):
        for k, label in enumerate(examples.labels[known].T):
            if label.any() and not label.all():
                regression = LogisticRegression(C=5.0, class_weight="balanced", max_iter=500)
                regression.fit(seen, label, sample_weight=examples.weights[known])
                found[:, k] = regression.predict(new)
    return found


def _report(model: ReasonModel, examples: Examples, found: Labels, plain: Labels) -> TrainingReport:
    ours = _scores(found, examples)
    theirs = _scores(plain, examples)
    macro, baseline = _macro(ours), _macro(theirs)
    passed = macro >= baseline - _TOLERANCE
    verdict = (
        f"On answers it had not seen the model reaches a macro F1 of {macro:.3f}, plain word counts {baseline:.3f}"
        f" ({len(examples.readings):,} answers, {len(ours)} reasons): {'it may serve' if passed else 'it is refused'}."
    )
    return TrainingReport(model, ours, theirs, macro, baseline, passed, verdict)


def _scores(found: Labels, examples: Examples) -> dict[str, Score]:
    return {reason: score(found[:, k], examples.labels[:, k]) for k, reason in enumerate(examples.reasons)}


def _macro(scores: dict[str, Score]) -> float:
    """The mean F1 of the reasons that anyone gave."""
    return float(np.mean([each.f1 for each in scores.values() if each.answers] or [0.0]))
