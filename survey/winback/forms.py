"""The forms of cases, promises and remedies."""

from datetime import date
from typing import Any, TypedDict

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, DateField, RadioField, SelectField, StringField, TextAreaField
from wtforms.validators import DataRequired, InputRequired, Length, Optional, ValidationError

from survey.clock import today
from survey.forms import PageForm, SelectChoice
from survey.responses.cleaning import clean
from survey.winback.words import OUTCOMES

LONGEST_NOTE = 2000
LONGEST_REMEDY = 300


class Days(TypedDict):
    made_on: date | None
    due_on: date | None


def _cleaned(text: str | None) -> str:
    return clean(text or "")


def _not_past(form: Any, field: DateField) -> None:
    if field.data and field.data < today():
        raise ValidationError(_("Choose today or a later day."))


def _not_future(form: Any, field: DateField) -> None:
    if field.data and field.data > today():
        raise ValidationError(_("Choose today or an earlier day."))


class NoteForm(PageForm):
    note = TextAreaField(
        _l("What was done"),
        filters=[_cleaned],
        validators=[DataRequired(_l("Write what was done.")), Length(max=LONGEST_NOTE)],
    )


class GiveForm(PageForm):
    owner = SelectField(_l("Who takes care"), coerce=int)


class PutOffForm(PageForm):
    until = DateField(_l("Until"), validators=[InputRequired(_l("Choose a day.")), _not_past])


class CloseForm(PageForm):
    outcome = RadioField(
        _l("How did it end?"),
        choices=[SelectChoice(name, label) for name, label in OUTCOMES.items()],
        validators=[InputRequired(_l("Choose how it ended."))],
    )


class PromiseForm(PageForm):
    text = StringField(
        _l("What was promised"),
        filters=[_cleaned],
        validators=[DataRequired(_l("Write what was promised.")), Length(max=LONGEST_NOTE)],
    )
    made_on = DateField(_l("Promised on"), validators=[Optional(), _not_future])
    due_on = DateField(_l("To be done by"), validators=[Optional()])

    def validate_due_on(self, field: DateField) -> None:
        if field.data and self.made_on.data and field.data < self.made_on.data:
            raise ValidationError(_("This day lies before the promise."))

    @property
    def days(self) -> Days:
        return Days(made_on=self.made_on.data, due_on=self.due_on.data)


class CasePromiseForm(PromiseForm):
    source = RadioField(
        _l("Where does it come from?"),
        choices=[
            SelectChoice("case", _l("We promise it now")),
            SelectChoice("answer", _l("The customer tells of it in the answer")),
        ],
        default="case",
    )


class BranchPromiseForm(PromiseForm):
    customer = StringField(
        _l("Customer number"),
        filters=[_cleaned],
        validators=[DataRequired(_l("Give the number of the customer.")), Length(max=100)],
    )


class RemedyForm(PageForm):
    nl = StringField(
        _l("In Dutch"),
        filters=[_cleaned],
        validators=[DataRequired(_l("Write it in Dutch.")), Length(max=LONGEST_REMEDY)],
    )
    en = StringField(
        _l("In English"),
        filters=[_cleaned],
        validators=[DataRequired(_l("Write it in English.")), Length(max=LONGEST_REMEDY)],
    )
    is_offer = BooleanField(_l("This is an offer: only for who agreed to be called with one"))
