"""The door to the text models: answers in, what was read in them out. Opened by jobs and commands only."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import structlog

from analysis.reasons.model import ReasonModel
from analysis.reasons.reading import Reading
from analysis.reasons.starter import starter_model
from analysis.text.redaction import redact

log = structlog.get_logger()


@dataclass(frozen=True)
class Answer:
    """An answer to be read. `stored` is what an encoder made of it before, if any did."""

    response_id: int
    words: str
    language: str
    stored: bytes | None = None


@dataclass(frozen=True)
class FoundReason:
    """A reason given by the text; `spoke` lists words, the sentence and the intercept with what each adds."""

    code: str
    probability: float
    spoke: list[tuple[str, str, float]]


@dataclass(frozen=True)
class Read:
    """What a model made of one answer. `state` is given, unsure, no_words or failed."""

    response_id: int
    state: str
    language: str
    reading: bytes | None
    probabilities: dict[str, float]
    found: tuple[FoundReason, ...] = ()


def mask(words: str, names: tuple[str, ...]) -> str:
    """The words without personal data; `names` are those of the person who wrote them."""
    return redact(words, names).text


class Classifier:
    """A trained model, by what the tables know of it."""

    def __init__(self, model: ReasonModel) -> None:
        self._model = model

    @property
    def fingerprint(self) -> str:
        return self._model.id

    @property
    def encoder_id(self) -> str:
        return self._model.encoder_id

    @cached_property
    def reason_codes(self) -> list[str]:
        return list(self._model.reasons)

    def save(self, path: Path) -> None:
        self._model.save(path)

    def classify(self, answers: list[Answer]) -> list[Read]:
        """Read answers in one go; where one of them makes the model fail, one by one, so that the others are read."""
        try:
            return self._classified(answers)
        except Exception as error:
            if len(answers) == 1:
                log.error("answer could not be read", response=answers[0].response_id, error=type(error).__name__)
                return [Read(answers[0].response_id, "failed", answers[0].language, None, {})]
            return [read for answer in answers for read in self.classify([answer])]

    def _classified(self, answers: list[Answer]) -> list[Read]:
        readings = self._readings(answers)
        probabilities = self._model.score(readings)
        given = self._model.decide(probabilities)
        return [
            self._read(answer, reading, dict(zip(self.reason_codes, map(float, row), strict=True)), codes)
            for answer, reading, row, codes in zip(answers, readings, probabilities, given, strict=True)
        ]

    def _readings(self, answers: list[Answer]) -> list[Reading]:
        known = {a.response_id: r for a in answers if a.stored and self._fits(r := Reading.from_bytes(a.stored))}
        new = [a for a in answers if a.response_id not in known]
        fresh = self._model.read([a.words for a in new], [a.language for a in new]) if new else []
        known |= {a.response_id: reading for a, reading in zip(new, fresh, strict=True)}
        return [known[a.response_id] for a in answers]

    def _fits(self, reading: Reading) -> bool:
        return (reading.encoder_id, reading.preprocessing) == (self.encoder_id, self._model.preprocessing)

    def _read(self, answer: Answer, reading: Reading, probabilities: dict[str, float], codes: tuple[str, ...]) -> Read:
        if not len(reading.vectors):
            return Read(answer.response_id, "no_words", reading.language, reading.to_bytes(), {})
        explained = self._model.explain(answer.words, reading.language, reading) if codes else {}
        found = tuple(
            FoundReason(code, probabilities[code], [(c.kind, c.text, c.value) for c in explained[code].contributions])
            for code in codes
        )
        state = "given" if codes else "unsure"
        return Read(answer.response_id, state, reading.language, reading.to_bytes(), probabilities, found)


def starter() -> Classifier:
    """The model that comes with the software."""
    return Classifier(starter_model())


def load(path: Path) -> Classifier:
    """The model in a file. ValueError in words where the file cannot be trusted."""
    return Classifier(ReasonModel.load(path))
