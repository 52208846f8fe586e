"""What every form of the site shares."""

from typing import Any

from flask_wtf import FlaskForm
from wtforms import Field, PasswordField, StringField, TextAreaField
from wtforms import SelectChoice as SelectChoice  # type: ignore[attr-defined]  # newer than the stubs


def strip(text: str | None) -> str | None:
    """Text without the spaces around it: they come along with copying and mean nothing."""
    return text.strip() if text else text


class PageForm(FlaskForm):
    """A form whose text fields lose the white space around them; passwords keep theirs."""

    class Meta(FlaskForm.Meta):
        def bind_field(self, form: Any, unbound_field: Any, options: dict[str, Any]) -> Field:
            kind = unbound_field.field_class
            if issubclass(kind, (StringField, TextAreaField)) and not issubclass(kind, PasswordField):
                given = list(unbound_field.kwargs.get("filters") or ())
                options = {**options, "filters": [strip, *given]}
                unbound_field = type(unbound_field)(
                    kind,
                    *unbound_field.args,
                    **{name: value for name, value in unbound_field.kwargs.items() if name != "filters"},
                )
            bound: Field = super().bind_field(form, unbound_field, options)
            return bound
