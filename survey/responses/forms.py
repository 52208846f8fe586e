"""The form that a defected customer fills in, built from the version of the questionnaire that this person was sent."""

from dataclasses import dataclass
from typing import Any, Protocol

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from werkzeug.datastructures import MultiDict
from wtforms import BooleanField, Form, RadioField, SelectMultipleField, TextAreaField
from wtforms.validators import InputRequired, ValidationError

from survey.questionnaires.versions import Option, Version
from survey.responses.cleaning import clean
from survey.responses.entries import FIELD, NOT_SAID, RATHER_NOT, Entry, Given, length_fault

#: fields that the form sends besides its questions: the language it was shown in, the one asked for instead, when it
#: was shown, and the button that saves it for later
OWN_FIELDS = frozenset({"lang", "switch", "at", "save"})
#: fields of every questionnaire that are part of the answer
ANSWER_FIELDS = ("reason", "also", "words", "contact")


class Shown(Protocol):
    """What a form is made for: a version of a questionnaire, in one person's order."""

    @property
    def version(self) -> Version: ...
    @property
    def order_seed(self) -> int: ...


@dataclass(frozen=True)
class Answer:
    """What somebody answered, checked."""

    #: empty: would rather not say
    reason: str
    #: further reasons, never the main one again
    also: tuple[str, ...]
    words: str
    may_contact: bool
    language: str
    further: tuple[Given, ...] = ()

    @property
    def reasons(self) -> tuple[str, ...]:
        """The main reason, where there is one, and the further ones."""
        return (self.reason, *self.also) if self.reason else self.also


def _cleaned(text: str | None) -> str:
    return clean(text or "")


class AnswerForm(Form):
    """`may_decline`: the main reason may be kept to oneself."""

    reason = RadioField(
        validate_choice=False, validators=[InputRequired(message=_l("Choose the reason that mattered most."))]
    )
    also = SelectMultipleField(validate_choice=False)
    words = TextAreaField(filters=[_cleaned])
    contact = BooleanField()

    def __init__(
        self, person: Shown, given: "MultiDict[str, str]", language: str, *, may_decline: bool = False
    ) -> None:
        super().__init__(given)
        self.language = language
        #: when the form was first shown, as `timing.stamp` wrote it
        self.shown_at = given.get("at", "")
        self.may_decline = may_decline
        self.options: tuple[Option, ...] = person.version.ordered(person.order_seed)
        self.known = person.version.codes
        self.entries = [Entry.of(question, person.order_seed, given) for question in person.version.questions]

    def following(self, reason: str) -> list[Entry]:
        """The questions asked of who chooses this reason; those asked of everybody follow no reason: ''."""
        return [entry for entry in self.entries if entry.question.after == reason]

    def validate(self, extra_validators: Any = None) -> bool:
        """Check every question that is asked of who gives this reason; what was typed at others does not count."""
        right = super().validate(extra_validators)
        return all([entry.check() for entry in self._asked()]) and right

    def validate_reason(self, field: RadioField) -> None:
        if field.data not in self.known and not (self.may_decline and field.data == RATHER_NOT):
            raise ValidationError(_("Choose one of the reasons in the list."))

    def validate_also(self, field: SelectMultipleField) -> None:
        if not self.known.issuperset(field.data or ()):
            raise ValidationError(_("Choose further reasons from the list only."))

    def validate_words(self, field: TextAreaField) -> None:
        if fault := length_fault(field.data or ""):
            raise ValidationError(fault)

    @property
    def faults(self) -> list[tuple[str, str]]:
        """What is wrong: the id of the place where it is mended, and a sentence."""
        places = ((self.reason, f"reason-{self.options[0].code}"), (self.also, "also"), (self.words, "words"))
        own = [(place, str(message)) for field, place in places for message in field.errors]
        return own + [(entry.name, fault) for entry in self._asked() for fault in entry.faults]

    def answer(self) -> Answer:
        """What was answered; for a form that was found valid."""
        main = "" if self.reason.data == RATHER_NOT else self.reason.data
        also = dict.fromkeys(code for code in self.also.data or () if code != main)
        words = (self.words.data or "").strip()
        further = tuple(row for entry in self._asked() for row in entry.given())
        return Answer(main, tuple(also), words, bool(self.contact.data), self.language, further)

    def strange_fields(self, given: "MultiDict[str, str]") -> int:
        """How many fields came in that are not ours, or came twice where one is meant."""
        several = {"also", *(entry.name for entry in self.entries if entry.question.kind == "many")}
        ours: Any = {*self._fields, *OWN_FIELDS, *several}
        ours |= {name for entry in self.entries for name in (entry.name, entry.not_said)}
        return sum(name not in ours or (name not in several and len(values) > 1) for name, values in given.lists())

    def _asked(self) -> list[Entry]:
        return [entry for entry in self.entries if entry.is_asked(self.reason.data)]


def typed(given: "MultiDict[str, str]") -> dict[str, list[str]]:
    """The fields that are part of an answer, as they came in: by name, all values."""
    names = [name for name in given if name in ANSWER_FIELDS or name.startswith((FIELD, NOT_SAID))]
    return {name: given.getlist(name) for name in names}
