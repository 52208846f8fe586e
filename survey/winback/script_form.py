"""The form of what interviewers say: a field for each line in each language, named `hello_nl`."""

from typing import Any

from flask_babel import lazy_gettext as _
from wtforms import HiddenField, TextAreaField
from wtforms.validators import Length, Optional, ValidationError

from survey.forms import PageForm
from survey.questionnaires.comparing import LANGUAGE_NAMES
from survey.questionnaires.forms import one_line
from survey.questionnaires.placeholders import fault_of
from survey.taxonomy.forms import printable
from survey.web import LANGUAGES
from survey.winback.script_lines import LINES, LONGEST, Texts


class ScriptForm(PageForm):
    #: what stood there when the form was made: see `script_lines.digest`
    seen = HiddenField()

    def fill(self, texts: Texts) -> None:
        for (name, language), text in texts.items():
            self[f"{name}_{language}"].data = text

    def texts(self) -> Texts:
        """What was typed; empty where nothing was."""
        return {(line.name, lang): self[f"{line.name}_{lang}"].data or "" for line in LINES for lang in LANGUAGES}


def _places(places: tuple[str, ...]) -> Any:
    def check(_form: Any, field: Any) -> None:
        if fault := fault_of(field.data or "", places):
            raise ValidationError(fault)

    return check


for _line in LINES:
    _checks = [
        Optional(), Length(max=LONGEST, message=_("Keep it to %(max)d characters.")), printable, _places(_line.places),
    ]  # fmt: skip
    for _language in LANGUAGES:
        _field = TextAreaField(LANGUAGE_NAMES[_language], filters=[one_line], validators=_checks)
        setattr(ScriptForm, f"{_line.name}_{_language}", _field)
