"""One version of a questionnaire as people meet it: its texts, and its options in each person's own order.

Every questionnaire asks for the reasons and leaves room for own words and consent to be contacted: those are the
`options` and the `texts`. What it asks besides are its `questions`, in the order in which they stand.
"""

import random
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Self

from survey.web import LANGUAGES

#: kinds of further questions: one choice, several, 0 to 10, a count, a line, a box
QUESTION_KINDS = ("one", "many", "scale", "number", "short", "long")
WITH_CHOICES = ("one", "many")
#: a number question that measures this feeds the rule "share of wallet": of the last `most` times, how many with us
WALLET = "wallet"


@dataclass(frozen=True)
class Option:
    """A reason, or a choice of another question, as the form puts it."""

    code: str
    labels: Mapping[str, str]
    #: comes after the others, in the order of the questionnaire
    pinned_last: bool

    def label(self, language: str) -> str:
        return self.labels[language]


@dataclass(frozen=True)
class Question:
    """A further question of a questionnaire."""

    #: the same for ever, so that answers to several versions can be counted together
    key: str
    kind: str
    texts: Mapping[str, str]
    choices: tuple[Option, ...]
    #: choices are shown in each person's own order, the pinned ones last
    shuffled: bool
    #: code of the reason that it follows: asked of those who choose it as the main one; empty: asked of everybody
    after: str
    #: largest number that may be given, from 0; 10 for a scale
    most: int
    required: bool
    #: WALLET, or empty
    measures: str

    @classmethod
    def of(cls, stored: Mapping[str, Any]) -> Self:
        """Read {"key", "kind", language: text, and where they matter "choices", "shuffled", "after", "most", ...}."""
        return cls(
            key=stored["key"],
            kind=stored["kind"],
            texts={language: stored[language] for language in LANGUAGES},
            choices=tuple(map(_option, stored.get("choices", ()))),
            shuffled=bool(stored.get("shuffled", False)),
            after=stored.get("after", ""),
            most=stored.get("most", 10),
            required=bool(stored.get("required", False)),
            measures=stored.get("measures", ""),
        )

    def text(self, language: str) -> str:
        return self.texts[language]

    def ordered(self, seed: int) -> tuple[Option, ...]:
        """The choices as the person with this seed sees them, every time the same."""
        return _in_order(self.choices, random.Random(f"{seed} {self.key}")) if self.shuffled else self.choices


@dataclass(frozen=True)
class Version:
    """The content of one published version; never changes."""

    texts: Mapping[str, Mapping[str, str]]
    options: tuple[Option, ...]
    questions: tuple[Question, ...] = ()

    @classmethod
    def of(cls, content: Mapping[str, Any]) -> Self:
        """Read the stored content.

        {"texts": {language: {name: text}}, "options": [{"code", language: label, "pinned_last"}], "questions": [...]}
        """
        questions = tuple(map(Question.of, content.get("questions", ())))
        return cls(content["texts"], tuple(map(_option, content["options"])), questions)

    def text(self, language: str, name: str) -> str:
        return self.texts[language][name]

    @cached_property
    def codes(self) -> frozenset[str]:
        return frozenset(option.code for option in self.options)

    def ordered(self, seed: int) -> tuple[Option, ...]:
        """The options as the person with this seed sees them, every time the same: shuffled, the pinned ones last.

        The first of a list is ticked more often; shuffling spreads that over the reasons.
        """
        return _in_order(self.options, random.Random(seed))


def _option(stored: Mapping[str, Any]) -> Option:
    labels = {language: stored[language] for language in LANGUAGES}
    return Option(stored["code"], labels, bool(stored.get("pinned_last", False)))


def _in_order(options: tuple[Option, ...], shuffling: random.Random) -> tuple[Option, ...]:
    free = [option for option in options if not option.pinned_last]
    shuffling.shuffle(free)
    return (*free, *(option for option in options if option.pinned_last))
