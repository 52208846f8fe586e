"""A cell of a file becomes a value, by what was declared about the file and never by a guess.

Every parser takes the cell as read (text from CSV; text, number, date or truth value from XLSX) and
returns a value, or None for an empty cell. What cannot be read raises `CellError` with a code of
`problems.SENTENCES`.
"""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from decimal import Decimal
from typing import Literal

from survey.customers.problems import CellError

Cell = str | int | float | bool | dt.date | dt.datetime | dt.time | dt.timedelta | None
DateOrder = Literal["iso", "dmy", "mdy"]
DecimalSign = Literal[",", "."]

FIRST_YEAR, LAST_YEAR = 1900, 2100
LARGEST_AMOUNT = Decimal("9999999999.99")
CENT = Decimal("0.01")
LARGEST_WHOLE_FLOAT = 999_999_999_999_999  # Excel keeps fifteen digits

# Marks that change how text is shown or found without being seen: bidirectional overrides, zero width, soft
# hyphen, the byte order mark inside a text.
INVISIBLE = re.compile("[\u00ad\u061c\u200b\u200e\u200f\u2028\u2029\u202a-\u202e\u2060-\u2069\ufeff]")
CONTROL = re.compile("[\x00-\x1f\x7f-\x9f]")
SPACES = re.compile(r"[\s\u00a0\u2007\u202f]+")

DATE_PATTERNS: dict[str, re.Pattern[str]] = {
    "iso": re.compile(r"(?P<y>[0-9]{4})-(?P<m>[0-9]{2})-(?P<d>[0-9]{2})"),
    "dmy": re.compile(r"(?P<d>[0-9]{1,2})([-/.])(?P<m>[0-9]{1,2})\2(?P<y>[0-9]{4})"),
    "mdy": re.compile(r"(?P<m>[0-9]{1,2})([-/.])(?P<d>[0-9]{1,2})\2(?P<y>[0-9]{4})"),
}
CLOCK = re.compile(r"[T ][0-9]{1,2}:[0-9]{2}(:[0-9]{2}(\.[0-9]+)?)?$")
ZONE = re.compile(r"[0-9](Z|[+-][0-9]{2}:?[0-9]{2})$")
TWO_DIGIT_YEAR = re.compile(r"[0-9]{1,2}[-/.][0-9]{1,2}[-/.][0-9]{2}")
SERIAL = re.compile(r"[0-9]{5}(\.[0-9]+)?")

WORDS_TRUE = frozenset({"ja", "j", "yes", "y", "true", "waar", "1", "x"})
WORDS_FALSE = frozenset({"nee", "n", "no", "false", "onwaar", "0"})
LANGUAGES = {
    "nederlands": "nl", "dutch": "nl", "nld": "nl", "dut": "nl", "vlaams": "nl", "hollands": "nl",
    "engels": "en", "english": "en", "eng": "en",
}  # fmt: skip
LANGUAGE = re.compile(r"([a-z]{2})([-_][a-z]{2})?", re.IGNORECASE)
PHONE = re.compile(r"[0-9+()/. \-]*")


class BrokenCell(str):
    """What stands in for a cell whose formula has an error or no stored value."""

    __slots__ = ()


def cell_text(cell: Cell) -> str:
    """The cell as text, stripped. Whole numbers carry no `.0`; numbers are never written as 1e+16."""
    if type(cell) is str:
        return cell.strip()
    if cell is None:
        return ""
    if isinstance(cell, BrokenCell):
        raise CellError("formula_error")
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() else format(Decimal(repr(cell)), "f")
    return str(cell).strip()


def parse_text(cell: Cell) -> str | None:
    """One line of clean text in Unicode form NFC; control and invisible characters become one space or go."""
    text = cell_text(cell)
    if not text:
        return None
    if not text.isascii():
        text = unicodedata.normalize("NFC", INVISIBLE.sub("", text))
    return (text if text.isprintable() else SPACES.sub(" ", CONTROL.sub(" ", text)).strip()) or None


def parse_header_safe(cell: Cell) -> str | None:
    """Text that may stand in a mail header: control characters and `=?` are refused, not repaired, because
    Python before 3.13 turned an encoded line end in a subject into a header of its own (CVE-2024-6923).
    """
    text = cell_text(cell)
    if CONTROL.search(text) or "\u2028" in text or "\u2029" in text:
        raise CellError("text_control")
    if "=?" in text:
        raise CellError("text_encoded_word")
    return parse_text(text)


def parse_identifier(cell: Cell) -> str | None:
    """A number or code kept as the text it is: `00123` and `1E5` stay; 123.0 of a spreadsheet is `123`."""
    if isinstance(cell, float) and abs(cell) > LARGEST_WHOLE_FLOAT:
        raise CellError("id_lost_digits")
    return parse_header_safe(cell)


def parse_date(cell: Cell, order: DateOrder | None) -> dt.date | None:
    """A date in the declared order; a time of day is dropped. Date cells of XLSX are dates already."""
    if isinstance(cell, dt.datetime):
        return _sensible(cell.date())
    if isinstance(cell, dt.date):
        return _sensible(cell)
    text = cell_text(cell)
    if not text:
        return None
    match = DATE_PATTERNS[order].fullmatch(_without_time(text)) if order else None
    if match is None:
        raise CellError(_why_no_date(text))
    try:
        value = dt.date(int(match["y"]), int(match["m"]), int(match["d"]))
    except ValueError:
        raise CellError("date_invalid") from None
    return _sensible(value)


def _without_time(text: str) -> str:
    if len(text) <= 10:
        return text
    if ZONE.search(text) and ":" in text:
        raise CellError("date_zone")
    return CLOCK.sub("", text)


def _why_no_date(text: str) -> str:
    if TWO_DIGIT_YEAR.fullmatch(text):
        return "date_two_digit_year"
    return "date_serial" if SERIAL.fullmatch(text) else "date_invalid"


def _sensible(value: dt.date) -> dt.date:
    if not FIRST_YEAR <= value.year <= LAST_YEAR:
        raise CellError("date_year")
    return value


def parse_amount(cell: Cell, sign: DecimalSign | None) -> Decimal | None:
    """Money with two decimals. With a declared sign only that notation is read; without one, only what can be
    read in one way. A minus may stand before or behind, or be written as brackets.
    """
    if isinstance(cell, int | float) and not isinstance(cell, bool):
        return _cents(_from_number(float(cell)))
    text = cell_text(cell)
    if not text:
        return None
    negative, digits = _sign_and_digits(text)
    value = _cents(_digits_to_decimal(digits, sign or _only_reading(digits)))
    return -value if negative else value


def _from_number(number: float) -> Decimal:
    """The cent nearest to a floating point number, when the number means cents at all."""
    if not abs(number) < 1e13:  # also true for nan and inf
        raise CellError("amount_too_large" if abs(number) >= 1e13 else "amount_invalid")
    exact = Decimal(repr(number))
    nearest = exact.quantize(CENT)
    return nearest if abs(exact - nearest) < Decimal("0.000001") else exact


AMOUNT = re.compile(
    r"(?P<open>\()?\s*(?P<minus>[-\u2212+])?\s*(?:€|EUR|eur)?\s*(?P<minus2>[-\u2212])?\s*"
    r"(?P<digits>[0-9][0-9.,'’\s]*?)(?:(?P<dash>,[-\u2013]{1,2})|(?P<behind>[-\u2212]))?"
    r"\s*(?:€|EUR|eur)?\s*(?P<close>\))?"
)


def _sign_and_digits(text: str) -> tuple[bool, str]:
    match = AMOUNT.fullmatch(text)
    if match is None or bool(match["open"]) != bool(match["close"]):
        raise CellError("amount_invalid")
    first = match["minus"] if match["minus"] != "+" else None
    minuses = [mark for mark in (match["open"], first, match["minus2"], match["behind"]) if mark]
    if len(minuses) > 1 or (match["minus"] == "+" and minuses):
        raise CellError("amount_invalid")
    digits = SPACES.sub(" ", match["digits"].replace("’", "'"))
    return bool(minuses), digits + (",00" if match["dash"] else "")


def _only_reading(digits: str) -> DecimalSign:
    """The decimal sign when the digits can be read in only one way."""
    comma, point = digits.rfind(","), digits.rfind(".")
    if comma >= 0 and point >= 0:
        return "," if comma > point else "."
    sign: DecimalSign = "," if comma >= 0 else "."
    count = digits.count(sign)
    if count == 1 and re.fullmatch(r"[0-9]{1,3}[.,][0-9]{3}", digits):
        raise CellError("amount_ambiguous")
    if count > 1:
        return "." if sign == "," else ","
    return sign


GROUPED = {
    ",": re.compile(r"(?P<whole>[0-9]+|[0-9]{1,3}(?:([. '])[0-9]{3})(?:\2[0-9]{3})*)(?:,(?P<part>[0-9]+))?"),
    ".": re.compile(r"(?P<whole>[0-9]+|[0-9]{1,3}(?:([, '])[0-9]{3})(?:\2[0-9]{3})*)(?:\.(?P<part>[0-9]+))?"),
}


def _digits_to_decimal(digits: str, sign: DecimalSign) -> Decimal:
    match = GROUPED[sign].fullmatch(digits.strip())
    if match is None:
        raise CellError("amount_invalid")
    whole = re.sub("[^0-9]", "", match["whole"])
    if len(whole) > 15:
        raise CellError("amount_too_large")
    return Decimal(f"{whole}.{(match['part'] or '0')[:30]}")


def _cents(value: Decimal) -> Decimal:
    if abs(value) > LARGEST_AMOUNT:
        raise CellError("amount_too_large")
    cents = value.quantize(CENT)
    if cents != value:
        raise CellError("amount_decimals")
    return cents


def parse_boolean(cell: Cell) -> bool | None:
    """Yes or no in Dutch or English, 1 and 0, a tick `x`."""
    word = cell_text(cell).casefold()
    if not word:
        return None
    if word in WORDS_TRUE:
        return True
    if word in WORDS_FALSE:
        return False
    raise CellError("boolean_invalid")


def parse_language(cell: Cell) -> str | None:
    """A two-letter code in small letters: `nl` from nl, NL, nl-BE, Nederlands, Dutch."""
    word = cell_text(cell).casefold()
    if not word:
        return None
    match = LANGUAGE.fullmatch(word)
    if match is None and word not in LANGUAGES:
        raise CellError("language_invalid")
    return match[1] if match else LANGUAGES[word]


def parse_phone(cell: Cell) -> str | None:
    """A telephone number as written, of 6 to 20 digits."""
    text = parse_header_safe(cell)
    if text is not None and (
        not PHONE.fullmatch(text) or not 6 <= sum(map(str.isdigit, text)) <= 20 or text.rfind("+") > 1
    ):
        raise CellError("phone_invalid")
    return text
