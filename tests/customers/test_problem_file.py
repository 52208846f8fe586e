"""B44: the file of problems holds no formula, and what stood there can be read back."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from survey.customers.problem_file import FORMULA_SIGNS, _line, safe_cell


@pytest.mark.parametrize(
    "text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "  =1", "＝1", "\u00a0=1", "\n-1", "\0=1"]
)
def test_a_formula_becomes_text(text):
    assert safe_cell(text) == f"'{text}"


@given(st.text())
def test_no_cell_starts_as_a_formula_does(text):
    safe = safe_cell(text)
    assert not safe.lstrip().startswith(FORMULA_SIGNS)
    assert safe.removeprefix("'") == text.removeprefix("'") or safe == text


@pytest.mark.parametrize("text", ["a;=1+1", 'a";=1', "a,=1", "a\n=1"])
def test_a_cell_cannot_break_out_of_its_quotes(text):
    assert list(csv.reader(io.StringIO(_line(["1", text]), newline=""), delimiter=";")) == [["1", text]]
