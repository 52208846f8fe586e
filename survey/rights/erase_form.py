"""The form that erases a customer: the number is typed, so that nobody is erased by a slip of the mouse."""

from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import StringField
from wtforms.validators import InputRequired, Length, ValidationError

from survey.forms import PageForm


class EraseForm(PageForm):
    number = StringField(
        _l("Type the customer number"),
        validators=[InputRequired(_l("Type the number as it stands above.")), Length(max=200)],
    )

    def __init__(self, expected: str, **more: Any) -> None:
        super().__init__(**more)
        self.expected = expected

    def validate_number(self, field: StringField) -> None:
        if field.data != self.expected.strip():
            raise ValidationError(_("That is not the number of this customer. Nothing was erased."))
