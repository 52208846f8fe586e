"""What somebody filled in at a further question: read from the fields of the form, checked, and made into rows.

Numbers are written in the digits 0 to 9 only: other digits, signs, points and exponents are given back, never guessed
at.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Self

from flask_babel import format_decimal
from flask_babel import gettext as _
from werkzeug.datastructures import MultiDict

from survey.questionnaires.versions import WITH_CHOICES, Option, Question
from survey.responses.cleaning import clean

#: characters that fit in a box, and in a line
LONGEST, LONGEST_LINE = 10_000, 300
#: what a choice sends for "rather not say"; the same of other kinds is a field of its own
RATHER_NOT = "-"
#: the names of fields begin so
FIELD, NOT_SAID = "q-", "not-"
#: kinds of which one of a list is chosen
_ONE_OF_A_LIST = ("one", "scale")
_WHOLE_NUMBER = re.compile("[0-9]{1,6}")


@dataclass(frozen=True)
class Given:
    """One row of an answer to a further question: a choice with its place as shown, a number, or words."""

    question: str
    choice: str = ""
    position: int | None = None
    number: int | None = None
    words: str | None = None


@dataclass
class Entry:
    """One question and what came in for it; `values` as typed, but for characters that are never kept."""

    question: Question
    #: in the order in which this person sees them
    choices: tuple[Option, ...]
    values: list[str]
    #: "rather not say" was ticked
    declined: bool
    faults: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, question: Question, seed: int, given: "MultiDict[str, str]") -> Self:
        values = [clean(value) for value in given.getlist(FIELD + question.key)]
        declined = RATHER_NOT in values or NOT_SAID + question.key in given
        kept = values if question.kind == "many" else values[:1]
        return cls(question, question.ordered(seed), [value for value in kept if value.strip()], declined)

    @property
    def name(self) -> str:
        return FIELD + self.question.key

    @property
    def not_said(self) -> str:
        """The name of the field that says "rather not say", where it is no choice of the list."""
        return NOT_SAID + self.question.key

    @property
    def value(self) -> str:
        return self.values[0] if self.values else ""

    @property
    def numbers(self) -> range:
        """What may be chosen on a scale."""
        return range(self.question.most + 1)

    def is_asked(self, reason: str | None) -> bool:
        """Whether it is asked of somebody whose main reason is this one."""
        return self.question.after in ("", reason)

    def check(self) -> bool:
        """Whether it may be stored so; what is wrong stands in `faults`."""
        if not self.values:
            open_fault = _("Answer this question, or say that you would rather not.")
            self.faults = [str(open_fault)] if self.question.required and not self.declined else []
        elif not (self.question.required and self.values == [RATHER_NOT]):
            fault = _CHECKS[self.question.kind](self)
            self.faults = [fault] if fault else []
        return not self.faults

    def given(self) -> list[Given]:
        """The rows of an entry that was found right; none where it was left open or not told."""
        key = self.question.key
        if self.question.kind in WITH_CHOICES:
            places = {option.code: place for place, option in enumerate(self.choices, 1)}
            return [Given(key, code, places[code]) for code in dict.fromkeys(self.values) if code in places]
        if not self.values or self.values == [RATHER_NOT]:
            return []
        if self.question.kind in ("scale", "number"):
            return [Given(key, number=int(self.value.strip()))]
        return [Given(key, words=self.value.strip())]


def length_fault(text: str, longest: int = LONGEST) -> str:
    """What is wrong with the length of a text; empty: nothing."""
    if len(text) <= longest:
        return ""
    return str(
        _(
            "Your text has %(length)s characters; %(longest)s fit. Shorten it a little and send it again.",
            length=format_decimal(len(text)),
            longest=format_decimal(longest),
        )
    )


def _choice_fault(entry: Entry) -> str:
    known = {option.code for option in entry.choices}
    return "" if known.issuperset(entry.values) else str(_("Choose from the list only."))


def _number_fault(entry: Entry) -> str:
    most, typed = entry.question.most, entry.value.strip()
    if _WHOLE_NUMBER.fullmatch(typed) and int(typed) <= most:
        return ""
    return str(_("Give a whole number from 0 to %(most)s, in the digits 0 to 9.", most=format_decimal(most)))


_CHECKS: dict[str, Callable[[Entry], str]] = {
    "one": _choice_fault,
    "many": _choice_fault,
    "scale": _number_fault,
    "number": _number_fault,
    "short": lambda entry: length_fault(entry.value, LONGEST_LINE),
    "long": lambda entry: length_fault(entry.value),
}
