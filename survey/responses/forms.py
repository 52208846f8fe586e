"""The form that a defected customer fills in, built from the version of the questionnaire that this person was sent."""

from dataclasses import dataclass
from typing import Any

from flask_babel import format_decimal
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from werkzeug.datastructures import MultiDict
from wtforms import BooleanField, Form, RadioField, SelectMultipleField, TextAreaField
from wtforms.validators import InputRequired, ValidationError

from survey.invitations.asked import Asked
from survey.questionnaires.versions import Option
from survey.responses.cleaning import clean

LONGEST = 10_000

#: fields that the form sends besides its questions: the language it was shown in, and the one asked for instead
OWN_FIELDS = frozenset({"lang", "switch"})


@dataclass(frozen=True)
class Answer:
    """What somebody answered, checked."""

    reason: str
    #: further reasons, never the main one again
    also: tuple[str, ...]
    words: str
    may_contact: bool
    language: str


def _cleaned(text: str | None) -> str:
    return clean(text or "")


class AnswerForm(Form):
    reason = RadioField(
        validate_choice=False, validators=[InputRequired(message=_l("Choose the reason that mattered most."))]
    )
    also = SelectMultipleField(validate_choice=False)
    words = TextAreaField(filters=[_cleaned])
    contact = BooleanField()

    def __init__(self, person: Asked, given: "MultiDict[str, str]", language: str) -> None:
        super().__init__(given)
        self.language = language
        self.options: tuple[Option, ...] = person.version.ordered(person.order_seed)
        self.known = person.version.codes

    def validate_reason(self, field: RadioField) -> None:
        if field.data not in self.known:
            raise ValidationError(_("Choose one of the reasons in the list."))

    def validate_also(self, field: SelectMultipleField) -> None:
        if not self.known.issuperset(field.data or ()):
            raise ValidationError(_("Choose further reasons from the list only."))

    def validate_words(self, field: TextAreaField) -> None:
        length = len(field.data or "")
        if length > LONGEST:
            raise ValidationError(
                _(
                    "Your text has %(length)s characters; %(longest)s fit. Shorten it a little and send it again.",
                    length=format_decimal(length),
                    longest=format_decimal(LONGEST),
                )
            )

    def answer(self) -> Answer:
        """What was answered; for a form that was found valid."""
        also = dict.fromkeys(code for code in self.also.data or () if code != self.reason.data)
        words = (self.words.data or "").strip()
        return Answer(self.reason.data, tuple(also), words, bool(self.contact.data), self.language)

    def strange_fields(self, given: "MultiDict[str, str]") -> int:
        """How many fields came in that are not ours, or came twice where one is meant."""
        ours: Any = {*self._fields, *OWN_FIELDS}
        return sum(name not in ours or (name != "also" and len(values) > 1) for name, values in given.lists())
