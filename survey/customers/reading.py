"""A file becomes a header and rows, streaming, and says how it was read."""

from __future__ import annotations

import csv
import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Protocol

from survey.customers.columns import known_columns
from survey.customers.encodings import MAX_BYTES, Encoding, detect_encoding, marked_codec
from survey.customers.parsing import Cell, cell_text
from survey.customers.problems import FileRefused
from survey.customers.workbooks import Workbook, is_zip, refuse_foreign

DELIMITERS = (";", ",", "\t", "|")
MAX_COLUMNS = 1_000
HEADER_BYTES = 200_000

Row = tuple[int, list[Cell]]


@dataclass(frozen=True)
class Layout:
    """How a file was read. `delimiter_reason`: declared, sep (the file's own `sep=` line), columns (it
    separates the most known column names), frequent (the most frequent in the header), single (one column).
    """

    encoding: Encoding | None = None
    delimiter: str | None = None
    delimiter_reason: str = ""
    known_columns: int = 0
    sheet: str = ""
    sheets_left_out: tuple[str, ...] = ()


class Table(Protocol):
    """A file that was understood. `rows()` begins anew each time and yields (line, cells)."""

    @property
    def layout(self) -> Layout: ...

    @property
    def header(self) -> tuple[str, ...]: ...

    def rows(self) -> Iterator[Row]: ...


@dataclass(frozen=True)
class Declared:
    """What the user said about a file; None means: tell it from the file, and show it."""

    encoding: str | None = None
    delimiter: str | None = None
    sheet: str | None = field(default=None, repr=False)


def open_table(path: Path, declared: Declared | None = None) -> Table:
    """Understand a CSV or XLSX file by its content. Raises FileRefused; later lines may raise it too."""
    try:
        size = path.stat().st_size
    except OSError:
        raise FileRefused("file_missing") from None
    if not path.is_file():
        raise FileRefused("file_missing")
    if size == 0:
        raise FileRefused("file_empty")
    if size > MAX_BYTES:
        raise FileRefused("file_too_large")
    if marked_codec(path) != "utf-16":
        refuse_foreign(path)
    table = SheetTable(Workbook(path)) if is_zip(path) else _text_table(path, declared or Declared())
    check_header(table.header)
    return table


def check_header(header: tuple[str, ...]) -> None:
    """Refuse a header with too many columns or the same name twice (capitals and spaces do not make two)."""
    if len(header) > MAX_COLUMNS:
        raise FileRefused("too_many_columns", line=1, value=str(len(header)))
    seen: set[str] = set()
    for name in header:
        key = name.casefold().strip()
        if key and key in seen:
            raise FileRefused("header_duplicate", line=1, column=name, value=name)
        seen.add(key)


@dataclass(frozen=True)
class SheetTable:
    """The first visible sheet of a workbook."""

    book: Workbook

    @cached_property
    def layout(self) -> Layout:
        names = self.book.sheet_names
        return Layout(sheet=names[0] if names else "", sheets_left_out=names[1:])

    @cached_property
    def header(self) -> tuple[str, ...]:
        for _, cells in self.book.rows():
            return tuple(cell_text(cell) for cell in cells)
        raise FileRefused("file_empty")

    def rows(self) -> Iterator[Row]:
        return itertools.islice(self.book.rows(), 1, None)


@dataclass(frozen=True)
class TextTable:
    """A CSV file, read strictly: what is not right is refused with its line, not swallowed."""

    path: Path
    layout: Layout
    skipped: int = 0

    @cached_property
    def header(self) -> tuple[str, ...]:
        for _, cells in self._records():
            return tuple(str(cell).strip() for cell in cells)
        raise FileRefused("file_empty")

    def rows(self) -> Iterator[Row]:
        return itertools.islice(self._records(), 1, None)

    def _records(self) -> Iterator[Row]:
        encoding = self.layout.encoding
        # newline="\n": a lone carriage return must reach the reader, which refuses it, and not end a row
        with self.path.open(encoding=encoding.codec if encoding else None, newline="\n") as lines:
            for _ in range(self.skipped):
                next(lines, "")
            yield from self._parsed(csv.reader(lines, delimiter=self.layout.delimiter or ",", strict=True))

    def _parsed(self, reader: Iterator[list[str]]) -> Iterator[Row]:
        line = self.skipped + 1
        while True:
            try:
                cells = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                raise FileRefused(_csv_code(str(error)), line=line) from None
            if any(cells):
                yield line, cells  # type: ignore[misc]  # a list of text is a list of cells that nobody changes
            line = self.skipped + reader.line_num + 1  # type: ignore[attr-defined]


def _csv_code(message: str) -> str:
    """Our code for what the csv module says."""
    for words, code in (
        ("unexpected end of data", "quote_unclosed"),
        ("field larger than", "field_too_long"),
        ("new-line character", "bare_cr"),
        ("expected after", "quote_wrong"),
    ):
        if words in message:
            return code
    return "csv_broken"


def _text_table(path: Path, declared: Declared) -> TextTable:
    if declared.delimiter is not None and declared.delimiter not in DELIMITERS:
        raise FileRefused("delimiter_unknown", value=declared.delimiter)
    encoding = detect_encoding(path, declared.encoding)
    with path.open(encoding=encoding.codec, newline="\n") as file:
        head = file.read(HEADER_BYTES)
    first = head.split("\n", 1)[0].rstrip("\r").strip('"')
    own = first[4:] if first.lower().startswith("sep=") and first[4:] in DELIMITERS else None
    delimiter, reason = _delimiter(head.split("\n", 1)[-1] if own else head, declared.delimiter, own)
    layout = Layout(encoding, delimiter, reason, _known(head, delimiter))
    return TextTable(path, layout, skipped=1 if own else 0)


def _delimiter(head: str, declared: str | None, own: str | None) -> tuple[str, str]:
    """The delimiter and how it was told. The first that applies: declared; the file's own `sep=`; the one
    that separates the most known column names; the most frequent one in the header.
    """
    if declared or own:
        return (declared, "declared") if declared else (own or ",", "sep")
    known = {sign: _known(head, sign) for sign in DELIMITERS}
    best = max(DELIMITERS, key=lambda sign: known[sign])
    if known[best] > 1:
        return best, "columns"
    counts = {sign: len(_header(head, sign)) for sign in DELIMITERS}
    best = max(DELIMITERS, key=lambda sign: counts[sign])
    return (best, "frequent") if counts[best] > 1 else (",", "single")


def _known(head: str, delimiter: str) -> int:
    return known_columns(_header(head, delimiter))


def _header(head: str, delimiter: str) -> list[str]:
    """The first record of a text that may be cut anywhere."""
    try:
        records = csv.reader(head.splitlines(keepends=True), delimiter=delimiter)
        return next((cells for cells in records if any(cells)), [])
    except csv.Error:
        return []
