"""The problems of an import as a file."""

from collections.abc import Iterator

from flask_babel import gettext as _
from sqlalchemy import select, tuple_

from survey.csv_file import Cell, csv_lines
from survey.customers.models import ImportProblem
from survey.customers.problems import sentence
from survey.extensions import db

PAGE = 5_000


def problem_lines(import_id: int) -> Iterator[str]:
    """The lines of the file, semicolon-separated, in the order of the imported file, read page by page."""
    header = (_("line"), _("column"), _("value"), _("what to do"))
    return csv_lines(header, _rows(import_id), ";")


def _rows(import_id: int) -> Iterator[tuple[Cell, ...]]:
    place = tuple_(ImportProblem.line, ImportProblem.id)
    last = (-1, 0)
    while page := db.session.scalars(
        select(ImportProblem)
        .where(ImportProblem.import_id == import_id, place > last)
        .order_by(ImportProblem.line, ImportProblem.id)
        .limit(PAGE)
    ).all():
        last = (page[-1].line, page[-1].id)
        rows = [(found.line, found.column, found.value, sentence(found.code)) for found in page]
        db.session.rollback()
        yield from rows
