"""Forms for files: sending one, and saying how it is to be read."""

from __future__ import annotations

from typing import Any

from flask import request
from flask_babel import lazy_gettext as _
from flask_wtf.file import FileField, FileRequired
from wtforms import RadioField, SelectField
from wtforms.validators import InputRequired

from survey.customers.encodings import DECLARED
from survey.customers.rows import ImportOptions
from survey.forms import PageForm, SelectChoice

TELL = ("", _("Tell from the file"))
KINDS = [
    ("customers", _("Customers")),
    ("transactions", _("Purchases or visits")),
    ("contracts", _("Contracts and their renewals")),
]
ENCODINGS = [TELL, *((name, name.upper()) for name in DECLARED)]
DELIMITERS = [TELL, (";", ";"), (",", ","), ("\t", _("tab")), ("|", "|")]
DATES = [
    TELL,
    ("iso", _("year-month-day, as 2026-02-13")),
    ("dmy", _("day-month-year, as 13-02-2026")),
    ("mdy", _("month/day/year, as 02/13/2026")),
]
DECIMALS = [TELL, (",", _("comma, as 1.234,56")), (".", _("point, as 1,234.56"))]
MODES = [
    ("all", _("Import nothing when a row is bad")),
    ("good", _("Import the good rows and leave out the bad ones")),
]
COLUMN = "column:"
#: how a choice that was told from the file is named
TOLD: dict[str, Any] = dict([*DATES[1:], *DECIMALS[1:]])


def _choices(pairs: list[tuple[str, Any]]) -> list[SelectChoice]:
    return [SelectChoice(value, label) for value, label in pairs]


def _chosen(field: SelectField | RadioField) -> Any:
    """What was chosen of what was offered: the file is looked at before the form is found right or wrong."""
    offered = {value for value, *_label in field.iter_choices()}
    return field.data or None if field.data in offered else None


class UploadForm(PageForm):
    """One file."""

    file = FileField(_("CSV or Excel file"), validators=[FileRequired(_("Choose a file."))])


class ChoicesForm(PageForm):
    """How the file is read. The columns are fields named `column:` and the header."""

    kind = SelectField(_("What is in the file"), choices=_choices(KINDS), validators=[InputRequired()])
    dates = SelectField(_("Order of dates"), choices=_choices(DATES))
    decimal = SelectField(_("Decimal sign"), choices=_choices(DECIMALS))
    encoding = SelectField(_("Letters"), choices=_choices(ENCODINGS))
    delimiter = SelectField(_("Cells are separated by"), choices=_choices(DELIMITERS))
    mode = RadioField(_("When rows are not good"), choices=_choices(MODES), default="all", validators=[InputRequired()])

    def options(self) -> ImportOptions:
        """What was chosen; a column that is mapped twice shows in the preview."""
        given: dict[str, Any] = {name: _chosen(self[name]) for name in ("kind", "dates", "decimal")}
        columns = {name.removeprefix(COLUMN): field for name, field in request.form.items() if name.startswith(COLUMN)}
        return ImportOptions(
            **given,
            encoding=_chosen(self.encoding),
            delimiter=_chosen(self.delimiter),
            mode=_chosen(self.mode) or "all",
            columns=columns,
        )
