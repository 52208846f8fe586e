"""What every form of the site shares."""

from functools import cache
from typing import Any

from flask_wtf import FlaskForm
from wtforms import Field, PasswordField, StringField, TextAreaField
from wtforms import SelectChoice as SelectChoice  # type: ignore[attr-defined]  # newer than the stubs
from wtforms.i18n import get_translations

from survey.web import language


def strip(text: str | None) -> str | None:
    """Text without the spaces around it: they come along with copying and mean nothing."""
    return text.strip() if text else text


@cache
def _texts_of_wtforms(language: str) -> Any:
    return get_translations([language])


class InOurLanguage(FlaskForm.Meta):
    """What WTForms says of its own is in the language of the page, and read once; Flask-WTF reads it from the disk for
    each request that shows a form."""

    def get_translations(self, form: Any) -> Any:
        return _texts_of_wtforms(language())


class PageForm(FlaskForm):
    """A form whose text fields lose the white space around them; passwords keep theirs."""

    class Meta(InOurLanguage):
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
