"""What can be wrong with a file, a row or a cell, and the sentence that says what to do about it."""

from __future__ import annotations

from dataclasses import dataclass

from flask_babel import lazy_gettext as _l
from flask_babel.speaklater import LazyString

SHOWN_LENGTH = 200


@dataclass(frozen=True)
class Problem:
    """One thing wrong. `line` counts from 1 as an editor shows it (0: the file as a whole); `column` is
    the file's own header; `value` is what stood there, cut to 200 characters; `code` is a key of SENTENCES.
    """

    line: int
    column: str
    value: str
    code: str

    @property
    def is_warning(self) -> bool:
        """True when the row is good all the same."""
        return self.code in WARNINGS

    @property
    def sentence(self) -> str:
        """What is wrong and what to do, in the reader's language."""
        return sentence(self.code)


class CellError(ValueError):
    """A cell cannot be read. `code` is a key of SENTENCES."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class FileRefused(Exception):
    """The file as a whole cannot be read. Carries the one problem that says why."""

    def __init__(self, code: str, *, line: int = 0, column: str = "", value: str = "") -> None:
        self.problem = Problem(line, column, shown(value), code)
        super().__init__(code)


def shown(value: object) -> str:
    """A value made fit to show and to store: one line, no control characters, at most 200 characters."""
    text = "".join(char if char.isprintable() else " " for char in str(value)[: SHOWN_LENGTH + 1])
    return text if len(text) <= SHOWN_LENGTH else text[: SHOWN_LENGTH - 1] + "…"


def sentence(code: str) -> str:
    """The sentence of a code, in the reader's language."""
    return str(SENTENCES[code])


WARNINGS = frozenset({"email_lookalike", "language_other"})

SENTENCES: dict[str, LazyString] = {
    # the file
    "file_missing": _l("This file does not exist or cannot be opened. Check the name."),
    "file_empty": _l("The file is empty. Export it again and check that it has rows."),
    "file_changed": _l("The file changed while it was being imported. Start a new import with the new file."),
    "disk_full": _l("There is no room left to keep the file. Nothing was stored; ask whoever runs this installation."),
    "file_too_large": _l("The file is larger than 500 MB. Split it into parts and import them one by one."),
    "file_is_html": _l("This is a web page with a different name. Open it in Excel and save it as CSV or XLSX."),
    "file_is_xls": _l("This is an old Excel file (.xls). Open it in Excel and save it as .xlsx or CSV."),
    "file_encrypted": _l("The file is protected with a password. Save a copy without a password."),
    "file_not_table": _l("This is not a CSV or XLSX file. Export the table as CSV or XLSX."),
    "file_nul": _l(
        "There is a NUL character in this line, so the file is damaged or is UTF-16 without its mark. "
        "Save it as CSV UTF-8."
    ),
    "encoding_mixed": _l(
        "This line mixes two character encodings, so names would be damaged. Save the file again as "
        "CSV UTF-8, or say which encoding it has."
    ),
    "encoding_wrong": _l(
        "This line cannot be read in the encoding of the file. Save the file again as CSV UTF-8, "
        "or say which encoding it has."
    ),
    "encoding_unknown": _l("This encoding is not known. Choose utf-8, utf-16, cp1252 or iso-8859-1."),
    "delimiter_unknown": _l("This delimiter is not known. Choose ; or , or tab or |."),
    "quote_unclosed": _l(
        'A quote opened in this row is never closed. Look for a single " in this line and double it or remove it.'
    ),
    "quote_wrong": _l("A quote stands in the middle of a cell. Put the whole cell in quotes and double the inner one."),
    "field_too_long": _l(
        "A cell is longer than 131,072 characters, most often because a quote is not closed. Check this line."
    ),
    "bare_cr": _l("A line ends with an old Macintosh line ending. Save the file with Windows or Unix line endings."),
    "csv_broken": _l("This line cannot be read as CSV. Check its quotes."),
    "header_only": _l("There is a header but no rows. Export the file again and check that it has rows."),
    "header_duplicate": _l("This column name stands in the header twice. Rename or remove one of the two."),
    "mapped_twice": _l("Two columns are read as the same thing. Choose for one of them that it is not read."),
    "map_unknown": _l("The choice of columns names a column or field that does not exist. Check the spelling."),
    "column_missing": _l("This column is required and was not found. Add it, or say which column it is."),
    "too_many_columns": _l("The file has more than 1,000 columns. Keep only the columns that are needed."),
    "choice_dates": _l(
        "The order of the dates cannot be told from the file. Choose it: year-month-day, day-month-year "
        "or month/day/year."
    ),
    "choice_decimal": _l("The decimal sign cannot be told from the file. Choose it: comma or point."),
    # the workbook
    "xlsx_truncated": _l("The Excel file is damaged or not complete. Copy or download it again."),
    "xlsx_macros": _l("The Excel file holds macros. Save it as .xlsx without macros."),
    "xlsx_not_workbook": _l("This is a zip file, not an Excel workbook. Unpack it and import the file inside."),
    "xlsx_nested": _l("There is another archive inside this Excel file. Save a copy with only the table."),
    "xlsx_members": _l("The Excel file has too many parts. Save a copy with only the table, or save it as CSV."),
    "xlsx_too_large": _l("Unpacked, the Excel file is too large. Save the table as CSV."),
    "xlsx_bomb": _l("The Excel file unpacks to far more than its size allows. Save the table as CSV."),
    "xlsx_lying": _l("The Excel file states wrong sizes for its parts. Open it in Excel and save it again."),
    "xlsx_entity": _l("The Excel file holds XML declarations that it should not. Open it in Excel and save it again."),
    "xlsx_no_sheet": _l("There is no visible sheet with rows in this Excel file."),
    # the row
    "cells_extra": _l("This row has more cells than the header. Look for a delimiter inside a cell without quotes."),
    "cells_missing": _l("This row has fewer cells than the header. Look for a missing delimiter or a line break."),
    "duplicate_customer": _l("This customer number stands in the file more than once. Keep one row per customer."),
    "duplicate_transaction": _l(
        "This transaction number stands in the file more than once with different content. Keep one of the rows."
    ),
    "duplicate_contract": _l(
        "This contract stands in the file more than once: the same customer number and first day. Keep one of the rows."
    ),
    "customer_unknown": _l("This customer number is not known. Import the customer first, or correct the number."),
    "contract_order": _l("The contract ends before it begins. Correct one of the two dates."),
    # the cell
    "required": _l("This cell must be filled in."),
    "text_too_long": _l("This text is too long. Shorten it."),
    "text_control": _l("There is a line break or another control character in this cell. Remove it."),
    "text_encoded_word": _l(
        "The signs =? in a row are not allowed here, because mail programs act on them. Remove them."
    ),
    "formula_error": _l("This cell holds a formula without a value or with an error. Put the value in the cell."),
    "id_lost_digits": _l("Excel has rounded this long number. Format the column as text and export it again."),
    "date_invalid": _l("This is not a date in the chosen order. Correct it, or choose another order of dates."),
    "date_two_digit_year": _l("The year has two digits. Write the year with four digits."),
    "date_serial": _l("This is a day number of Excel, not a date. Format the column as a date and export it again."),
    "date_year": _l("The year must lie between 1900 and 2100. Correct the date."),
    "date_future": _l("This date lies in the future. A purchase or visit must have happened; correct the date."),
    "date_zone": _l("This time carries a time zone. Export the local date only."),
    "amount_invalid": _l("This is not an amount in the chosen notation. Correct it, or choose the other decimal sign."),
    "amount_ambiguous": _l(
        "This can be a thousand or a fraction. Choose whether the comma or the point is the decimal sign."
    ),
    "amount_decimals": _l("This amount has more than two decimals. Round it, or choose the other decimal sign."),
    "amount_too_large": _l("This amount is larger than 9,999,999,999.99. Correct it."),
    "email_invalid": _l("This is not one e-mail address such as jan@example.org. Correct it or leave it empty."),
    "email_lookalike": _l(
        "The part after @ is written in letters that look like other letters. The address is kept; "
        "check that it is real."
    ),
    "phone_invalid": _l("This is not a telephone number. Use digits, spaces and + only."),
    "language_invalid": _l("This is not a language. Use a code such as nl or en."),
    "language_other": _l("We write in Dutch and English only. The row is kept; this customer is written to in Dutch."),
    "boolean_invalid": _l("This must be yes or no (ja or nee)."),
}
