"""The classifier: which reasons an answer gives, how sure that is, and which words said so."""

import os
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from analysis.reasons import reading, weights
from analysis.reasons.encoder import Encoder, encoder
from analysis.reasons.explaining import Explanation, explain_answer
from analysis.reasons.reading import Reading
from analysis.reasons.scoring import Scored
from analysis.reasons.weights import Weights

Languages = Sequence[str | None] | None


class ReasonModel:
    """Scores answers against `reasons`. It never changes: other weights are another model with another `id`."""

    def __init__(self, parts: Weights) -> None:
        self.weights = parts

    @property
    def reasons(self) -> tuple[str, ...]:
        """The codes of the reasons, in the order of all columns below."""
        return self.weights.reasons

    @cached_property
    def id(self) -> str:
        """The hash of the model's content, 32 hexadecimal digits."""
        return self.weights.id

    @property
    def encoder_id(self) -> str:
        """Which encoder's readings it can score."""
        return self.weights.encoder_id

    @property
    def preprocessing(self) -> str:
        """Which version of the terms its readings must have."""
        return self.weights.preprocessing

    @property
    def thresholds(self) -> NDArray[np.float32]:
        """(k,): a reason is given from this probability on."""
        return self.weights.thresholds

    @property
    def encoder(self) -> Encoder:
        """The encoder the model was trained with. ValueError where it is not installed."""
        return encoder(self.encoder_id)

    def read(self, texts: Sequence[str], languages: Languages = None) -> list[Reading]:
        """Read answers once, to be stored and scored. `languages`: those of the forms, None where unknown."""
        return reading.read(texts, languages, self.encoder)

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """The vectors of texts as they stand, (n, d), for work that needs nothing else."""
        return self.encoder.encode(texts)

    def scored(self, readings: Sequence[Reading]) -> Scored:
        """Readings with everything that this model makes of them, to be asked more than one thing.

        ValueError for readings of another encoder or preprocessing.
        """
        return Scored.of(readings, self.weights)

    def logits(self, readings: Sequence[Reading]) -> NDArray[np.float64]:
        """Before calibration, (n, k): see `scoring.join`; minus infinity for an answer without a word."""
        return self.scored(readings).logits

    def score(self, readings: Sequence[Reading]) -> NDArray[np.float64]:
        """Calibrated probabilities of stored readings, (n, k); 0 for an answer without a word."""
        return self.scored(readings).probabilities

    def given(self, probabilities: NDArray[np.float64]) -> NDArray[np.bool_]:
        """(n, k): whether each reason is given. A model of which every example had exactly one reason gives the
        likeliest one, measured by how usual it is (see calibrating)."""
        if not self.weights.about.get("exclusive"):
            return np.asarray(probabilities >= self.thresholds)
        likeliest = np.zeros(probabilities.shape, dtype=bool)
        usual = np.asarray(self.weights.about.get("usual", 1.0))
        likeliest[np.arange(len(probabilities)), (probabilities / usual).argmax(axis=1)] = True
        return likeliest & (probabilities > 0)

    def decide(self, probabilities: NDArray[np.float64]) -> list[tuple[str, ...]]:
        """The reasons given, the likeliest first; () is unsure."""
        order = np.argsort(-probabilities, axis=1, kind="stable")
        given = np.take_along_axis(self.given(probabilities), order, axis=1)
        return [tuple(self.reasons[k] for k in ranked[chosen]) for ranked, chosen in zip(order, given, strict=True)]

    def predict_proba(self, texts: Sequence[str], languages: Languages = None) -> NDArray[np.float64]:
        """Calibrated probability of each reason, (n, k). Reasons are not exclusive: a row need not sum to 1."""
        return self.score(self.read(texts, languages))

    def predict(self, texts: Sequence[str], languages: Languages = None) -> list[tuple[str, ...]]:
        """The reasons each answer gives, the likeliest first; () is unsure, which is no reason."""
        return self.decide(self.predict_proba(texts, languages))

    def explain(self, text: str, language: str | None = None) -> dict[str, Explanation]:
        """For every reason what spoke for and against it; the contributions of each sum to its logit.

        {} for a text without a word.
        """
        answer = self.read([text], [language])[0]
        found = explain_answer(self.scored([answer]), answer.written, reading.segments(text, language))
        return {each.reason: each for each in found}

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the model to one file: plain arrays and JSON behind a hash."""
        weights.save(self.weights, Path(path))

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> "ReasonModel":
        """The model in a file. No code is executed; ValueError in words for a file that cannot be trusted."""
        return cls(weights.load(Path(path)))
