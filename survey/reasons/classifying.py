"""The door to the text models: answers in, what was read in them out. Opened by jobs and commands only."""

from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

import numpy as np
import structlog
from numpy.typing import NDArray

from analysis.reasons.explaining import spoke_for
from analysis.reasons.features import PREPROCESSING
from analysis.reasons.model import ReasonModel
from analysis.reasons.reading import Reading
from analysis.reasons.scoring import Rows, Scored
from analysis.reasons.starter import starter_corpus, starter_model
from analysis.reasons.stored import rows_of_stored
from analysis.reasons.written import words_of
from analysis.text.redaction import Staff, redact
from analysis.text.words import Word, stems
from analysis.themes import Theme, find_themes
from survey.reasons import explaining
from survey.reasons.time_limit import time_limit

log = structlog.get_logger()

#: no answer may take longer, and of many together each so much longer
SECONDS, SECONDS_EACH = 2.0, 0.5


@dataclass(frozen=True)
class Answer:
    """An answer to be read. `stored` is what an encoder made of it before, if any did."""

    response_id: int
    words: str
    language: str
    stored: bytes | None = None


@dataclass(frozen=True)
class FoundReason:
    """A reason given by the text; `spoke` says in numbers what spoke for it (see survey.reasons.explaining)."""

    code: str
    probability: float
    spoke: bytes


@dataclass(frozen=True)
class NewReading:
    """What is stored of an answer that was read for the first time by this encoder."""

    content: bytes
    #: its n-grams as the customer wrote them, a line each
    terms: str
    #: share of its n-grams that the model does not know
    unknown_words: float


@dataclass(frozen=True)
class Read:
    """What a model made of one answer. `state` is given, unsure, no_words or failed.

    `scores`: the probability of each reason of the model, in its order, as little-endian float32.
    """

    response_id: int
    state: str
    language: str
    reading: NewReading | None
    scores: bytes = b""
    found: tuple[FoundReason, ...] = ()


@dataclass(frozen=True)
class Reread:
    """What a model makes of answers as they are stored. `states` and `scores`: of each answer, as in Read.

    `found`: the reasons given, each with the position of its answer, its code, its probability and what spoke for it.
    """

    states: list[str]
    scores: list[bytes]
    found: list[tuple[int, str, float, bytes]]


def mask(
    written: Sequence[tuple[str, Sequence[str], Sequence[str]]],
    staff: tuple[tuple[int, str], ...],
    pseudonym: Callable[[str], str],
) -> list[str]:
    """The words of answers without personal data. Each comes with the names of the person who wrote it and the numbers
    of that person's card and account; `staff` are numbers and names; `pseudonym` gives four letters for a name."""
    known = Staff.of(staff, pseudonym)
    return [redact(words, names, numbers, known).text for words, names, numbers in written]


class Classifier:
    """A trained model, by what the tables know of it."""

    def __init__(self, model: ReasonModel) -> None:
        self.model = model
        self._is_warm = False

    @property
    def fingerprint(self) -> str:
        return self.model.id

    @property
    def encoder_id(self) -> str:
        return self.model.encoder_id

    @cached_property
    def reason_codes(self) -> list[str]:
        return list(self.model.reasons)

    @cached_property
    def thresholds(self) -> list[float]:
        """From which probability on each reason is given, in the order of the reasons."""
        return [float(threshold) for threshold in self.model.thresholds]

    def save(self, path: Path) -> None:
        self.model.save(path)

    @property
    def preprocessing(self) -> str:
        """How texts are read today, by a model from before a change of it too: its stored readings are made anew."""
        return PREPROCESSING

    def classify(self, answers: list[Answer]) -> list[Read]:
        """Read answers in one go; where one of them makes the model fail or takes too long, one by one, so that the
        others are read."""
        if not all(answer.stored for answer in answers):
            self._warm_up()
        try:
            with time_limit(SECONDS + SECONDS_EACH * (len(answers) - 1)):
                return self._classified(answers)
        except Exception as error:
            if len(answers) == 1:
                log.error("answer could not be read", response=answers[0].response_id, error=type(error).__name__)
                return [Read(answers[0].response_id, "failed", answers[0].language, None)]
            return [read for answer in answers for read in self.classify([answer])]

    def _warm_up(self) -> None:
        """Load the encoder and the word lists, once: that takes seconds, which is not the fault of an answer."""
        if not self._is_warm:
            self.model.predict(["warm"])
            self._is_warm = True

    def reread(self, contents: Sequence[bytes]) -> Reread | None:
        """Score answers as they are stored, all in one go; None where that fails, as it does where one of them was made
        by another encoder or is damaged: read them with `classify`, which finds out which."""
        try:
            with time_limit(SECONDS + SECONDS_EACH * (len(contents) - 1)):
                return self._reread(rows_of_stored(contents, self.model.weights))
        except Exception as error:
            log.warning("answers could not be scored together", answers=len(contents), error=type(error).__name__)
            return None

    def _reread(self, rows: Rows) -> Reread:
        scored = Scored.of_rows(rows, self.model.weights)
        given = self.model.given(scored.probabilities)
        states = np.where(np.diff(rows.starts) == 0, "no_words", np.where(given.any(axis=1), "given", "unsure"))
        return Reread(states.tolist(), _scores(scored), self._found(scored, given))

    def _classified(self, answers: list[Answer]) -> list[Read]:
        readings, fresh = self._readings(answers)
        scored = self.model.scored(readings)
        unknown, scores = scored.unknown_shares.tolist(), _scores(scored)
        found: dict[int, list[FoundReason]] = defaultdict(list)
        for row, code, probability, spoke in self._found(scored, self.model.given(scored.probabilities)):
            found[row].append(FoundReason(code, probability, spoke))
        return [
            Read(
                answer.response_id,
                state_of(reading, row in found),
                reading.language,
                new_reading(reading, unknown[row]) if row in fresh else None,
                scores[row],
                tuple(found.get(row, ())),
            )
            for row, (answer, reading) in enumerate(zip(answers, readings, strict=True))
        ]

    def _readings(self, answers: list[Answer]) -> tuple[list[Reading], set[int]]:
        """Every answer as a reading, and the positions of those that were not stored yet."""
        known = {i: r for i, a in enumerate(answers) if a.stored and self._fits(r := Reading.from_bytes(a.stored))}
        missing = [i for i in range(len(answers)) if i not in known]
        texts, languages = [answers[i].words for i in missing], [answers[i].language for i in missing]
        fresh = dict(zip(missing, self.model.read(texts, languages), strict=True)) if missing else {}
        both = known | fresh
        return [both[i] for i in range(len(answers))], set(missing)

    def _fits(self, reading: Reading) -> bool:
        return (reading.encoder_id, reading.preprocessing) == (self.encoder_id, self.preprocessing)

    def _found(self, scored: Scored, given: NDArray[np.bool_]) -> list[tuple[int, str, float, bytes]]:
        """See Reread.found."""
        answers, reasons = np.nonzero(given)
        spokes = spoke_for(scored, answers, reasons)
        heads = zip(spokes.rows.tolist(), spokes.intercepts.tolist(), spokes.sentences.tolist(), strict=True)
        packed = explaining.pack_all(heads, spokes.terms.astype("<f8").tobytes(), spokes.ends.tolist())
        codes = [self.reason_codes[k] for k in reasons.tolist()]
        return list(zip(answers.tolist(), codes, scored.probabilities[answers, reasons].tolist(), packed, strict=True))


def _scores(scored: Scored) -> list[bytes]:
    """See Read.scores."""
    size = 4 * len(scored.weights.reasons)
    together = scored.probabilities.astype("<f4").tobytes()
    return [
        together[at * size : (at + 1) * size] if rows else b"" for at, rows in enumerate(np.diff(scored.rows.starts))
    ]


def new_reading(reading: Reading, unknown_words: float) -> NewReading:
    return NewReading(reading.to_bytes(), "\n".join(reading.written), unknown_words)


def state_of(reading: Reading, given: bool) -> str:
    if not len(reading.vectors):
        return "no_words"
    return "given" if given else "unsure"


def starter() -> Classifier:
    """The model that comes with the software."""
    return Classifier(starter_model())


def load(path: Path) -> Classifier:
    """The model in a file. ValueError in words where the file cannot be trusted."""
    return Classifier(ReasonModel.load(path))


@dataclass(frozen=True)
class Stored:
    """An answer as it is stored once it was read: see NewReading."""

    response_id: int
    content: bytes
    terms: str


@dataclass(frozen=True)
class Group:
    """Answers that are like each other: the most typical first, and [word, score] with the most typical first."""

    response_ids: list[int]
    words: list[tuple[str, float]]


class ThemeSearch:
    """Takes in answers that fit no reason, batch by batch, and groups them. 100,000 of them take about 1 GB.

    The whole answer stands for itself, not its clauses: of those the ones that fit least are greetings and sighs.
    """

    def __init__(self) -> None:
        self._ids: list[int] = []
        self._vectors: list[NDArray[np.float16]] = []
        self._words: list[tuple[Word, ...]] = []
        self._baseline = _ordinary_words().copy()

    def add(self, answers: Sequence[Stored]) -> None:
        """Answers that fit no reason."""
        for answer in answers:
            reading = Reading.from_bytes(answer.content)
            self._ids.append(answer.response_id)
            self._vectors.append(reading.vectors[0].copy())  # else all of `content` is kept
            self._words.append(words_of(answer.terms, reading.language))

    def compare(self, terms: str, language: str) -> None:
        """An answer that does fit a reason, for the words that all customers use."""
        self._baseline.update(word.stem for word in words_of(terms, language))

    def groups(self, seed: int, fewest: int) -> list[Group]:
        """The largest first; a word is named where at least `fewest` answers of the group have it."""
        if not self._ids:
            return []
        vectors = np.stack(self._vectors).astype(np.float32)
        vectors /= np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)
        found = [
            Group(
                [self._ids[at] for at in _typical_first(theme, vectors)],
                [(word.text, round(word.score, 2)) for word in theme.words if word.answers >= fewest],
            )
            for theme in find_themes(vectors, self._words, self._baseline, seed)
        ]
        return [group for group in found if group.words]


@cache
def _ordinary_words() -> Counter[str]:
    """In how many complaints of the starter corpus each stem stands: a business with few answers has few words."""
    return Counter(stem for example in starter_corpus() for stem in set(stems(example.text, example.language)))


def _typical_first(theme: Theme, vectors: NDArray[np.float32]) -> list[int]:
    """The rows of a theme: first the typical ones that say it in different words, then the others by likeness."""
    rows = np.array(theme.answers)
    order = rows[np.argsort(-(vectors[rows] @ vectors[rows].mean(axis=0)), kind="stable")].tolist()
    return [*theme.typical, *(row for row in order if row not in theme.typical)]
