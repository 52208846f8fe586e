"""What was understood of a file, before anything of it is stored."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from typing import Any

from flask_babel import gettext as _

from survey.customers.columns import NOT_READ, Kind, kind_of, recognised
from survey.customers.evidence import Choice, Evidence
from survey.customers.parsing import Cell
from survey.customers.problems import FileRefused, Problem, shown
from survey.customers.reading import Layout, Row, Table, open_table
from survey.customers.rows import Checked, ImportOptions, RowChecker

SAMPLE_ROWS = 10
CHECKED_ROWS = 1_000
ENCODING_NAMES = {"utf-8": "UTF-8", "utf-16": "UTF-16", "cp1252": "Windows-1252", "iso-8859-1": "ISO 8859-1"}
DATE_FIELDS = frozenset({"occurred_on", "joined_on", "contract_from", "contract_until", "cancelled_on"})
AMOUNT_FIELDS = frozenset({"amount", "yearly_value"})


@dataclass(frozen=True)
class Sample:
    """One of the first rows, as it will be stored (or, when it is not good, as it stands in the file)."""

    line: int
    values: tuple[Any, ...]
    is_good: bool


@dataclass(frozen=True)
class Preview:
    """All that was understood. `refused` is set, and nearly all else empty, when it cannot be read.

    `columns` pairs each header with its field (empty: not read); `fields` are the read ones in file order;
    `problems` are those of the first 1,000 rows; `not_ascii` shows letters that a wrong encoding would damage.
    """

    options: ImportOptions
    refused: Problem | None = None
    kind: Kind | None = None
    layout: Layout | None = None
    dates: Choice = Choice(None, "moot")
    decimal: Choice = Choice(None, "moot")
    columns: tuple[tuple[str, str], ...] = ()
    samples: tuple[Sample, ...] = ()
    problems: tuple[Problem, ...] = ()
    rows: int = 0
    not_ascii: tuple[str, ...] = ()

    @property
    def fields(self) -> tuple[str, ...]:
        """The fields that are read, in the order of the file."""
        return tuple(name for _header, name in self.columns if name != NOT_READ)

    @property
    def not_read(self) -> tuple[str, ...]:
        """The columns that are left out."""
        return tuple(header for header, name in self.columns if name == NOT_READ)

    @property
    def is_ready(self) -> bool:
        """Whether an import can start: nothing is refused and nothing is left to choose."""
        return self.refused is None and not self.dates.is_open and not self.decimal.is_open

    @property
    def complete_options(self) -> ImportOptions:
        """The options with all that was told from the file, so that the import reads it in the same way."""
        layout = self.layout or Layout()
        return self.options.with_choices(
            kind=self.kind,
            encoding=layout.encoding.name if layout.encoding else None,
            delimiter=layout.delimiter,
            dates=self.dates.value,
            decimal=self.decimal.value,
        )


def preview(path: Path, options: ImportOptions, today: dt.date) -> Preview:
    """Understand a file; never raises for what is wrong with it. Reads it to the end, once, for the counts.

    Where only the columns are not understood, `columns` still lists them, for a person to say what they are.
    """
    kind: Kind | None = options.kind
    layout: Layout | None = None
    columns: tuple[tuple[str, str], ...] = ()
    try:
        table = open_table(path, options.declared())
        kind, layout = options.kind or kind_of(table.header, options.columns), table.layout
        columns = recognised(kind, table.header, options.columns)
        return _understood(table, kind, options, today)
    except FileRefused as refused:
        return Preview(options, refused.problem, kind, layout, columns=columns)


def _understood(table: Table, kind: Kind, options: ImportOptions, today: dt.date) -> Preview:
    fields = RowChecker(table, kind, options, today).fields
    rows = table.rows()
    first = list(islice(rows, CHECKED_ROWS))
    evidence, notes = Evidence(), list[str]()
    count = _gather(chain(first, rows), fields, evidence, notes)
    if not count:
        raise FileRefused("header_only", line=1)
    dates, decimal = evidence.date_choice(options.dates), evidence.decimal_choice(options.decimal)
    chosen = options.with_choices(dates=dates.value, decimal=decimal.value)
    checked = list(RowChecker(table, kind, chosen, today).check_all(iter(first)))
    shown_rows = zip(checked[:SAMPLE_ROWS], first, strict=False)
    return Preview(
        options,
        kind=kind,
        layout=table.layout,
        dates=dates,
        decimal=decimal,
        columns=tuple((header, fields.get(at, NOT_READ)) for at, header in enumerate(table.header)),
        samples=tuple(_sample(row, cells, fields) for row, (_line, cells) in shown_rows),
        problems=tuple(_answerable(checked, table.header, fields, (dates, decimal))),
        rows=count,
        not_ascii=tuple(notes),
    )


def _gather(rows: Iterator[Row], fields: dict[int, str], evidence: Evidence, notes: list[str]) -> int:
    """Count the rows, and what their dates, amounts and letters say."""
    date_at = [position for position, name in fields.items() if name in DATE_FIELDS]
    amount_at = [position for position, name in fields.items() if name in AMOUNT_FIELDS]
    text_at = [position for position, name in fields.items() if name not in DATE_FIELDS | AMOUNT_FIELDS]
    longest = max(fields) + 1
    count = 0
    for _line, cells in rows:
        count += 1
        if len(cells) < longest:
            continue
        for position in date_at:
            evidence.add_date(cells[position])
        for position in amount_at:
            evidence.add_amount(cells[position])
        if len(notes) < SAMPLE_ROWS:
            notes.extend(_letters(cells[position] for position in text_at))
    return count


def _letters(cells: Iterator[Cell]) -> Iterator[str]:
    return (shown(cell) for cell in cells if isinstance(cell, str) and not cell.isascii())


def _sample(row: Checked, cells: Sequence[Cell], fields: dict[int, str]) -> Sample:
    if row.record is not None:
        return Sample(row.line, tuple(row.record[name] for name in fields.values()), True)
    padded = [*cells, *[""] * len(fields)]
    return Sample(row.line, tuple(shown(padded[position]) for position in fields), False)


def _answerable(
    checked: list[Checked], header: tuple[str, ...], fields: dict[int, str], choices: tuple[Choice, Choice]
) -> Iterator[Problem]:
    """The problems, without those that are there only because something is still to be chosen."""
    dates, decimal = choices
    waiting: set[str] = set()
    if dates.is_open:
        waiting |= DATE_FIELDS
    if decimal.is_open:
        waiting |= AMOUNT_FIELDS
    columns = {header[position] for position, name in fields.items() if name in waiting}
    return (problem for row in checked for problem in row.problems if problem.column not in columns)


def encoding_sentence(layout: Layout) -> str:
    """How the letters were read, and why."""
    if layout.encoding is None:
        return str(_("An Excel workbook; the sheet %(sheet)s is read.", sheet=layout.sheet))
    name = ENCODING_NAMES[layout.encoding.name]
    sentences: dict[str, str] = {
        "declared": _("Letters are read as %(name)s, as you chose.", name=name),
        "mark": _("Letters are %(name)s: the file begins with its mark.", name=name),
        "valid": _("Letters are %(name)s: the whole file is valid.", name=name),
        "fallback": _(
            "The file is not UTF-8, so letters are read as %(name)s. Check the letters before you go on.",
            name=name,
        ),
    }
    return sentences[layout.encoding.reason]


def delimiter_sentence(layout: Layout) -> str:
    """Which sign separates the cells, and why."""
    sign = _("tab") if layout.delimiter == "\t" else layout.delimiter
    sentences: dict[str, str] = {
        "declared": _("Cells are separated by %(sign)s, as you chose.", sign=sign),
        "sep": _("Cells are separated by %(sign)s: the first line of the file says so.", sign=sign),
        "columns": _(
            "Cells are separated by %(sign)s: it gives %(count)s column names that are known.",
            sign=sign,
            count=layout.known_columns,
        ),
        "frequent": _("Cells are separated by %(sign)s, the most frequent sign in the header.", sign=sign),
        "single": _("There is one column."),
        "": "",
    }
    return sentences[layout.delimiter_reason]
