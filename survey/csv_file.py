"""CSV files that open as what they are: in the reader's language, and never as a formula."""

import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from decimal import Decimal

Cell = str | int | float | Decimal | date | None

BYTE_ORDER_MARK = "\ufeff"
#: what makes a spreadsheet take text for a formula, also in full width
_FORMULA = "[=+\\-@＝＋－＠]"  # noqa: RUF001
#: the beginning of a cell, and of what another program may take for one: after a delimiter, a quote, a line end
_START = r"\s*" + _FORMULA + r"|[\t\r\n]"
_WITHIN = r"([;,|\"\t\r\n][^\S\r\n]*)"
#: characters that no text means to hold and that some programs skip on their way to a formula
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u200b\u200e\u200f\u2060\ufeff]")


def csv_bytes(header: Sequence[str], rows: Iterable[Sequence[Cell]], language: str) -> bytes:
    """A file in UTF-8 with its mark: for Dutch readers with `;` and the decimal comma, else `,` and the point."""
    return "".join(csv_lines(header, rows, language)).encode()


def csv_lines(header: Sequence[str], rows: Iterable[Sequence[Cell]], language: str) -> Iterator[str]:
    """The same file line by line, for what is too long to hold."""
    dutch = language == "nl"
    yield BYTE_ORDER_MARK + _line(header, dutch)
    for row in rows:
        yield _line(row, dutch)


def guarded(text: str) -> str:
    """Text in which nothing can be taken for a formula: an apostrophe stands before what could be.

    Control characters and characters of no width are taken out.
    """
    within = re.sub(rf"{_WITHIN}('*{_FORMULA})", r"\1'\2", _CONTROL.sub("", text))
    return f"'{within}" if re.match(rf"'*(?:{_START})", within) else within


def _line(cells: Sequence[Cell], dutch: bool) -> str:
    text = io.StringIO()
    writer = csv.writer(text, delimiter=";" if dutch else ",", quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    writer.writerow([_written(cell, dutch) for cell in cells])
    return text.getvalue()


def _written(cell: Cell, dutch: bool) -> str:
    if cell is None:
        return ""
    if isinstance(cell, str):
        return guarded(cell)
    if isinstance(cell, date | int):
        return str(cell)
    number = str(cell) if isinstance(cell, Decimal) else f"{cell:.6f}"
    return number.replace(".", ",") if dutch else number
