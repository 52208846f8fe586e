"""No cell of an export is a formula, and what was written can be had back (B44)."""

import csv
import io
import re
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from survey.csv_file import _FORMULA, _START, _WITHIN, csv_bytes, guarded

SIGNS = "=+-@＝＋－＠"  # noqa: RUF001
NASTY = [
    "=1+1",
    "+31 6",
    "-5 procent",
    "@SUM(A1)",
    "\t=1",
    "\r=1",
    "\n=1",
    "＝1",
    " =1",
    "\u00a0=1",
    "＋1",
    "\n-1",
    '"=1',
    "'=1",
    "''=1",
    "\t",
    "\rx",
]  # noqa: RUF001


def unguarded(text: str) -> str:
    """The text that `guarded` was given, but for what it took out."""
    within = text[1:] if re.match(rf"'+(?:{_START})", text) else text
    return re.sub(rf"{_WITHIN}'('*{_FORMULA})", r"\1\2", within)


def starts_a_formula(cell: str) -> bool:
    return cell.lstrip().startswith(tuple(SIGNS)) or cell.startswith(("\t", "\r", "\n"))


@pytest.mark.parametrize("text", NASTY)
def test_no_cell_starts_a_formula_and_the_text_comes_back(text: str) -> None:
    assert not starts_a_formula(guarded(text))
    assert unguarded(guarded(text)) == text


@pytest.mark.parametrize("sign", ["=", "＝"])  # noqa: RUF001
def test_signs_hidden_behind_control_characters(sign: str) -> None:
    for hidden in ("\0", "\x0b", "\u200b", "\ufeff"):
        assert not starts_a_formula(guarded(f"{hidden}{sign}1"))


@given(st.text(alphabet="=+-@＝'\"; ,|\t\r\nab", max_size=12))  # noqa: RUF001
def test_any_text_is_safe_under_either_delimiter_and_comes_back(text: str) -> None:
    safe = guarded(text)
    assert unguarded(safe) == text
    for delimiter in ";,\t":
        for cell in safe.replace("\r", "\n").replace("\n", delimiter).replace('"', delimiter).split(delimiter):
            assert not cell.lstrip(" ").startswith(tuple(SIGNS))


@pytest.mark.parametrize("text", ["Gewoon te duur", "a - b", "10-11 uur", "info@garage.nl", "It's fine"])
def test_ordinary_text_is_left_alone(text: str) -> None:
    assert guarded(text) == text


def test_dutch_readers_have_a_semicolon_and_a_decimal_comma() -> None:
    rows = [(date(2026, 7, 1), 5, 0.25, Decimal("1234.50"), None, "a;=1")]
    written = csv_bytes(("d", "n", "s", "m", "x", "t"), rows, "nl")
    assert written.startswith(b"\xef\xbb\xbf")
    assert written.decode("utf-8-sig").splitlines()[1] == '"2026-07-01";"5";"0,250000";"1234,50";"";"a;\'=1"'


def test_english_readers_have_a_comma_and_a_point() -> None:
    written = csv_bytes(("m",), [(Decimal("1234.50"),)], "en").decode("utf-8-sig")
    assert list(csv.reader(io.StringIO(written))) == [["m"], ["1234.50"]]


@pytest.mark.parametrize("text", ["a;b", 'a";b', "a,b", "a\nb"])
@pytest.mark.parametrize("language", ["nl", "en"])
def test_a_cell_cannot_break_out_of_its_quotes(text: str, language: str) -> None:
    written = csv_bytes(("m",), [(text, "next")], language).decode("utf-8-sig")
    delimiter = ";" if language == "nl" else ","
    assert list(csv.reader(io.StringIO(written, newline=""), delimiter=delimiter)) == [["m"], [text, "next"]]
