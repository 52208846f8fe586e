"""One version of a questionnaire as people meet it: its texts, and its options in each person's own order."""

import random
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Self

from survey.web import LANGUAGES


@dataclass(frozen=True)
class Option:
    """A reason as the form puts it."""

    code: str
    labels: Mapping[str, str]
    #: comes after the others, in the order of the questionnaire
    pinned_last: bool

    def label(self, language: str) -> str:
        return self.labels[language]


@dataclass(frozen=True)
class Version:
    """The content of one published version; never changes."""

    texts: Mapping[str, Mapping[str, str]]
    options: tuple[Option, ...]

    @classmethod
    def of(cls, content: Mapping[str, Any]) -> Self:
        """Read the stored content: {"texts": {language: {...}}, "options": [{"code", language: label, ...}]}."""
        options = tuple(
            Option(o["code"], {language: o[language] for language in LANGUAGES}, bool(o["pinned_last"]))
            for o in content["options"]
        )
        return cls(content["texts"], options)

    def text(self, language: str, name: str) -> str:
        return self.texts[language][name]

    @cached_property
    def codes(self) -> frozenset[str]:
        return frozenset(option.code for option in self.options)

    def ordered(self, seed: int) -> tuple[Option, ...]:
        """The options as the person with this seed sees them, every time the same: shuffled, the pinned ones last.

        The first of a list is ticked more often; shuffling spreads that over the reasons.
        """
        free = [option for option in self.options if not option.pinned_last]
        random.Random(seed).shuffle(free)
        return (*free, *(option for option in self.options if option.pinned_last))
