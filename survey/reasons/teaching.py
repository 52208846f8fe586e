"""The other leaf of the door to the text models: what people found in answers goes in, a trained model comes out."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from analysis.reasons.examples import Examples
from analysis.reasons.gate import Row
from analysis.reasons.model import ReasonModel
from analysis.reasons.reading import Reading
from analysis.reasons.training import Course, TrainingReport, starting_point, train_from
from survey.reasons.classifying import Classifier

#: the same labels give the same model
SEED = 20_261_125
#: fewer different answers teach nothing
FEWEST = 5
#: what a label counts: one that a person set, and what a customer ticked (or did not), which the words may not say
READ, TICKED, NOT_TICKED = 3.0, 0.15, 0.05


@dataclass(frozen=True)
class Lesson:
    """An answer, as it was read once, and the reasons found in it: by people (`trusted`), or only ticked."""

    stored: bytes
    words: str
    codes: frozenset[str]
    trusted: bool
    #: the serving model learnt from it
    seen: bool = False


@dataclass(frozen=True)
class Syllabus:
    """The reasons to learn, and for each those of the software's own model that it comes from (itself, where none)."""

    codes: tuple[str, ...]
    sources: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True)
class Taught:
    """A trained model, whether it may serve, and the report that is kept with it (see ModelVersion.report)."""

    classifier: Classifier
    passed: bool
    report: dict[str, Any]


def teach(lessons: Sequence[Lesson], syllabus: Syllabus, serving: Classifier | None) -> Taught:
    """Train a model from the lessons, starting from what the software knows, and hold it against the serving one.

    With too little to learn from it is the software's own model in the reasons asked for. ValueError where there are
    neither lessons enough nor a reason that the software knows.
    """
    prior = starting_point(syllabus.codes, dict(syllabus.sources))
    fitting = [lesson for lesson in lessons if _fits(lesson, prior.encoder_id if prior else None)]
    trusted = [lesson for lesson in fitting if lesson.trusted]
    if len({lesson.words.casefold() for lesson in trusted}) < FEWEST:
        if prior is None:
            raise ValueError(
                f"{len(trusted)} reviewed answers are too few to learn from; review {FEWEST} different ones."
            )
        return Taught(Classifier(ReasonModel(prior)), True, {"verdict": "nothing_to_compare", "answers": 0})
    unseen = np.array([not lesson.seen for lesson in trusted])
    course = Course([lesson.words for lesson in trusted], SEED, prior, serving.model if serving else None, unseen)
    report = train_from(_examples(fitting, syllabus.codes), course)
    return Taught(Classifier(report.model), report.passed_gate, _told(report, trusted))


def _fits(lesson: Lesson, encoder_id: str | None) -> bool:
    reading = Reading.from_bytes(lesson.stored)
    return len(reading.vectors) > 0 and encoder_id in (None, reading.encoder_id)


def _examples(lessons: Sequence[Lesson], codes: tuple[str, ...]) -> Examples:
    labels = np.array([[code in lesson.codes for code in codes] for lesson in lessons])
    trusted = np.array([lesson.trusted for lesson in lessons])
    ticks = np.where(labels, np.float32(TICKED), np.float32(NOT_TICKED))
    same: dict[str, int] = {}
    return Examples(
        readings=[Reading.from_bytes(lesson.stored) for lesson in lessons],
        labels=labels,
        weights=np.where(trusted[:, None], np.float32(READ), ticks),
        groups=np.array([same.setdefault(lesson.words.casefold(), len(same)) for lesson in lessons], dtype=np.int64),
        reasons=codes,
        trusted=trusted,
        private=np.ones(len(lessons), dtype=bool),
    )


def _told(report: TrainingReport, trusted: Sequence[Lesson]) -> dict[str, Any]:
    languages = [Reading.from_bytes(lesson.stored).language for lesson in trusted]
    serving = None
    if report.serving_macro_f1 is not None:
        serving = {"micro": report.serving_micro_f1, "macro": report.serving_macro_f1}
    return {
        "verdict": "passed" if report.passed_gate else "refused",
        "why": [asdict(refusal) for refusal in report.refusals],
        "answers": len(trusted),
        "languages": {language: languages.count(language) for language in sorted(set(languages))},
        "overall": {
            "candidate": {"micro": report.micro_f1, "macro": report.macro_f1},
            "serving": serving,
            "baseline": {"micro": report.baseline_micro_f1, "macro": report.baseline_macro_f1},
        },
        "reasons": [_row(row) for row in report.rows],
        "seed": SEED,
    }


def _row(row: Row) -> dict[str, Any]:
    scores = {"candidate": row.candidate, "serving": row.serving, "baseline": row.baseline}
    figures = {
        name: None if score is None else {"precision": score.precision, "recall": score.recall, "f1": score.f1}
        for name, score in scores.items()
    }
    return {"code": row.reason, "language": row.language, "cases": row.candidate.answers, **figures}
