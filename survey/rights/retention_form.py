"""The form of the periods: a number of days for each kind."""

from typing import Any

from flask_babel import gettext as _
from wtforms import IntegerField
from wtforms.validators import InputRequired, NumberRange

from survey.customers.keeping import LEAST_DAYS, MOST_DAYS
from survey.forms import PageForm
from survey.rights.retention_words import KINDS, kinds


class RetentionForm(PageForm):
    """Its fields are the kinds."""

    def __init__(self, *given: Any, **more: Any) -> None:
        super().__init__(*given, **more)
        for kind in KINDS.keys() - kinds():
            del self[kind]

    def validate(self, extra_validators: Any = None) -> bool:
        """Words without names are made of words as typed, and go after them."""
        if not super().validate(extra_validators):
            return False
        if self.days()["masked_words"] < self.days()["words"]:
            self["masked_words"].errors = [_("Not shorter than own words as typed: these go with them.")]
            return False
        return True

    def days(self) -> dict[str, int]:
        """What was typed, by kind; for a form that was found valid."""
        return {kind: int(self[kind].data) for kind in kinds()}


for _kind, _words in KINDS.items():
    _checks = [InputRequired(), NumberRange(LEAST_DAYS, MOST_DAYS)]
    setattr(RetentionForm, _kind, IntegerField(_words.label, validators=_checks, description=_words.meaning))
