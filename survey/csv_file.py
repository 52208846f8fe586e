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
    delimiter, decimal_sign = (";", ",") if language == "nl" else (",", ".")
    return "".join(csv_lines(header, rows, delimiter, decimal_sign)).encode()


def csv_lines(
    header: Sequence[str], rows: Iterable[Sequence[Cell]], delimiter: str, decimal_sign: str = "."
) -> Iterator[str]:
    """The lines of such a file one by one, the mark before the first, for what is too long to hold."""
    yield BYTE_ORDER_MARK + _line(header, delimiter, decimal_sign)
    for row in rows:
        yield _line(row, delimiter, decimal_sign)


def guarded(text: str) -> str:
    """Text in which nothing can be taken for a formula: an apostrophe stands before what could be.

    Control characters and characters of no width are taken out.
    """
    within = re.sub(rf"{_WITHIN}('*{_FORMULA})", r"\1'\2", _CONTROL.sub("", text))
    return f"'{within}" if re.match(rf"'*(?:{_START})", within) else within


def _line(cells: Sequence[Cell], delimiter: str, decimal_sign: str) -> str:
    text = io.StringIO()
    writer = csv.writer(text, delimiter=delimiter, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    writer.writerow([_written(cell, decimal_sign) for cell in cells])
    return text.getvalue()


def _written(cell: Cell, decimal_sign: str) -> str:
    if cell is None:
        return ""
    if isinstance(cell, str):
        return guarded(cell)
    if isinstance(cell, date | int):
        return str(cell)
    number = str(cell) if isinstance(cell, Decimal) else f"{cell:.6f}"
    return number.replace(".", decimal_sign)
