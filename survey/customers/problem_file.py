"""The problems of an import as a file that a spreadsheet opens without running anything in it."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator

from flask_babel import gettext as _
from sqlalchemy import select

from survey.customers.models import ImportProblem
from survey.customers.problems import sentence
from survey.extensions import db

PAGE = 5_000
# What makes a spreadsheet take a cell for a formula, also behind spaces; full-width signs count in Asian settings.
FORMULA_SIGNS = ("=", "+", "-", "@", "\t", "\r", "\n", "\0", "＝", "＋", "－", "＠")  # noqa: RUF001


def safe_cell(text: str) -> str:
    """Text that no spreadsheet runs: an apostrophe goes before what would be a formula."""
    return f"'{text}" if text.startswith(FORMULA_SIGNS) or text.lstrip().startswith(FORMULA_SIGNS) else text


def problem_lines(import_id: int) -> Iterator[str]:
    """The lines of the file, semicolon-separated with every cell in quotes, page by page."""
    yield "\ufeff" + _line([_("line"), _("column"), _("value"), _("what to do")])
    last = 0
    while page := db.session.scalars(
        select(ImportProblem)
        .where(ImportProblem.import_id == import_id, ImportProblem.id > last)
        .order_by(ImportProblem.id)
        .limit(PAGE)
    ).all():
        last = page[-1].id
        lines = [
            _line([str(found.line), safe_cell(found.column), safe_cell(found.value), sentence(found.code)])
            for found in page
        ]
        db.session.rollback()
        yield from lines


def _line(cells: list[str]) -> str:
    buffer = io.StringIO()
    csv.writer(buffer, delimiter=";", quoting=csv.QUOTE_ALL).writerow(cells)
    return buffer.getvalue()
