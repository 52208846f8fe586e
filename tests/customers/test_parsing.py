"""B24-B26, B30, B31, B36: cells become values by what was declared, or are refused with a code."""

import contextlib
import datetime as dt

import pytest
from email_validator import EmailNotValidError, validate_email
from hypothesis import example, given
from hypothesis import strategies as st

from survey.customers.addresses import is_lookalike, parse_email
from survey.customers.parsing import (
    BrokenCell,
    parse_amount,
    parse_boolean,
    parse_date,
    parse_header_safe,
    parse_identifier,
    parse_language,
    parse_phone,
    parse_text,
)
from survey.customers.problems import SENTENCES, CellError, shown

cells = st.one_of(st.text(), st.floats(), st.integers(), st.booleans(), st.none(), st.dates(), st.datetimes())


def code_of(parse, *arguments):
    """The code a parser refuses with."""
    with pytest.raises(CellError) as refusal:
        parse(*arguments)
    assert refusal.value.code in SENTENCES
    return refusal.value.code


@pytest.mark.parametrize(
    ("text", "sign", "amount"),
    [
        ("1.234,56", ",", "1234.56"),
        ("1,234.56", ".", "1234.56"),
        ("-1,00", ",", "-1.00"),
        ("1,00-", ",", "-1.00"),
        ("−1,00", ",", "-1.00"),
        ("(1,00)", ",", "-1.00"),
        ("€ 1,00", ",", "1.00"),
        ("€ -1,00", ",", "-1.00"),
        ("1,00 EUR", ",", "1.00"),
        ("12,-", ",", "12.00"),
        ("1.234", ",", "1234.00"),
        ("1 234 567,8", ",", "1234567.80"),
        ("1\u00a0234,5", ",", "1234.50"),
        ("1'234.50", ".", "1234.50"),
        ("1.230", ".", "1.23"),
        ("11.77", ".", "11.77"),
        ("5", ",", "5.00"),
        ("1.234,56", None, "1234.56"),
        ("1,5", None, "1.50"),
        ("1.234.567", None, "1234567.00"),
        ("9999999999,99", ",", "9999999999.99"),
        (12.5, None, "12.50"),
        (11.77, None, "11.77"),
        (0.1 + 0.2, None, "0.30"),
        (3, ",", "3.00"),
    ],
)
def test_amounts_are_read_in_the_declared_notation(text, sign, amount):
    assert str(parse_amount(text, sign)) == amount


@pytest.mark.parametrize(
    ("text", "sign", "code"),
    [
        ("1.234", None, "amount_ambiguous"),
        ("1,234", None, "amount_ambiguous"),
        ("1.234", ".", "amount_decimals"),
        ("1,005", ",", "amount_decimals"),
        ("11.77", ",", "amount_invalid"),
        ("1,234.56", ",", "amount_invalid"),
        ("1.23.456,00", ",", "amount_invalid"),
        ("1e3", ",", "amount_invalid"),
        ("NaN", ",", "amount_invalid"),
        ("inf", ".", "amount_invalid"),
        ("1_000", ",", "amount_invalid"),
        ("١٢٣", ",", "amount_invalid"),
        ("--1,00", ",", "amount_invalid"),
        ("(-1,00)", ",", "amount_invalid"),
        ("(1,00", ",", "amount_invalid"),
        ("10000000000,00", ",", "amount_too_large"),
        ("9" * 400, ",", "amount_too_large"),
        (float("nan"), ",", "amount_invalid"),
        (1e300, ",", "amount_too_large"),
        (1.005, ",", "amount_decimals"),
    ],
)
def test_other_amounts_are_refused(text, sign, code):
    assert code_of(parse_amount, text, sign) == code


@given(st.decimals(min_value=-9999999999, max_value=9999999999, places=2, allow_nan=False))
def test_every_amount_survives_dutch_and_english_writing(amount):
    english = f"{amount:,.2f}"
    dutch = english.translate(str.maketrans(",.", ".,"))
    assert parse_amount(english, ".") == amount
    assert parse_amount(dutch, ",") == amount


@pytest.mark.parametrize(
    ("text", "order", "date"),
    [
        ("2026-02-01", "iso", dt.date(2026, 2, 1)),
        ("2026-02-01 23:59:59", "iso", dt.date(2026, 2, 1)),
        ("2026-02-01T08:00", "iso", dt.date(2026, 2, 1)),
        ("01-02-2026", "dmy", dt.date(2026, 2, 1)),
        ("1-2-2026", "dmy", dt.date(2026, 2, 1)),
        ("01/02/2026", "dmy", dt.date(2026, 2, 1)),
        ("01.02.2026", "dmy", dt.date(2026, 2, 1)),
        ("01-02-2026 00:00", "dmy", dt.date(2026, 2, 1)),
        ("02/01/2026", "mdy", dt.date(2026, 2, 1)),
        ("29-02-2024", "dmy", dt.date(2024, 2, 29)),
        (dt.datetime(2026, 2, 1, 13), None, dt.date(2026, 2, 1)),
        (dt.date(2026, 2, 1), "mdy", dt.date(2026, 2, 1)),
    ],
)
def test_dates_are_read_in_the_declared_order(text, order, date):
    assert parse_date(text, order) == date


@pytest.mark.parametrize(
    ("text", "order", "code"),
    [
        ("31-02-2026", "dmy", "date_invalid"),
        ("1-2-26", "dmy", "date_two_digit_year"),
        ("02-13-2026", "dmy", "date_invalid"),
        ("2026-02-01", "dmy", "date_invalid"),
        ("01-02-2026", "iso", "date_invalid"),
        ("01-02-2026", None, "date_invalid"),
        ("01-02/2026", "dmy", "date_invalid"),
        ("46054", "dmy", "date_serial"),
        (46054.0, "dmy", "date_serial"),
        ("00-00-0000", "dmy", "date_invalid"),
        ("01-01-0001", "dmy", "date_year"),
        ("9999-12-31", "iso", "date_year"),
        ("2026-02-01T08:00:00Z", "iso", "date_zone"),
        ("2026-02-01T08:00:00+01:00", "iso", "date_zone"),
        ("٠١-٠٢-٢٠٢٦", "dmy", "date_invalid"),
        (True, "dmy", "date_invalid"),
    ],
)
def test_other_dates_are_refused(text, order, code):
    assert code_of(parse_date, text, order) == code


@given(st.dates(dt.date(1900, 1, 1), dt.date(2100, 12, 31)))
def test_every_date_survives_each_order(date):
    assert parse_date(date.isoformat(), "iso") == date
    assert parse_date(f"{date.day}-{date.month}-{date.year}", "dmy") == date
    assert parse_date(f"{date.month}/{date.day}/{date.year}", "mdy") == date


@pytest.mark.parametrize(
    ("cell", "identifier"),
    [("00123", "00123"), ("1E5", "1E5"), (123.0, "123"), (123, "123"), (" A 1 ", "A 1"), (1.5, "1.5"), ("", None)],
)
def test_identifiers_stay_text(cell, identifier):
    assert parse_identifier(cell) == identifier


def test_a_number_that_excel_rounded_is_refused():
    assert code_of(parse_identifier, 12345678901234567.0) == "id_lost_digits"


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("Jan\r\nBcc: x@y.z", "text_control"),
        ("=?UTF-8?Q?=0A?=Bcc: x@y.z", "text_encoded_word"),
        ("A\u2028B", "text_control"),
        ("A\x85B", "text_control"),
        ("A\x00B", "text_control"),
        (BrokenCell("#"), "formula_error"),
    ],
)
def test_nothing_that_could_start_a_mail_header_passes(name, code):
    assert code_of(parse_header_safe, name) == code
    assert code_of(parse_email, name) == code


@pytest.mark.parametrize(
    ("dirty", "clean"),
    [
        ("a\tb", "a b"),
        ("a\r\n\x07b", "a b"),
        ("ab\u202egnp", "abgnp"),
        ("zero\u200bwidth", "zerowidth"),
        ("e\u0301", "é"),
        ("\x00", None),
        ("'; DROP TABLE customer", "'; DROP TABLE customer"),
    ],
)
def test_text_is_cleaned(dirty, clean):
    assert parse_text(dirty) == clean


@given(cells)
def test_clean_text_can_be_stored_and_shown(cell):
    text = parse_text(cell)
    assert text is None or (text.strip() == text != "" and not any(ord(char) < 32 for char in text))


@pytest.mark.parametrize(
    "address", ["a@b,c@d", "Jan <j@x.nl>", "j@localhost", "j@[127.0.0.1]", "j..p@x.nl", '"j p"@x.nl', "j@x", "@x.nl",
                "j@-x.nl", "j@x..nl", "j@x.nl.", "j p@x.nl", "mailto:j@x.nl", "j@x.test", "a" * 65 + "@x.nl"],
)  # fmt: skip
def test_what_is_not_one_address_is_refused(address):
    assert code_of(parse_email, address) == "email_invalid"


@pytest.mark.parametrize(
    ("address", "stored"),
    [
        ("o'brien@x.nl", "o'brien@x.nl"),
        ("jan@münchen.de", "jan@münchen.de"),
        ("Jan.P@X.NL", "Jan.P@x.nl"),
        ("jan+a@x.co.uk", "jan+a@x.co.uk"),
        (" jan@x.nl ", "jan@x.nl"),
        ("", None),
    ],
)
def test_addresses_are_accepted(address, stored):
    assert parse_email(address) == stored


def test_a_domain_in_cyrillic_is_flagged():
    assert parse_email("jan@аррӏе.com") is not None
    assert is_lookalike("jan@аррӏе.com")
    assert not is_lookalike("jan@münchen.de")
    assert not is_lookalike("jan@apple.com")


@given(st.text(alphabet="ab.Z9_+'-@", min_size=3, max_size=70).filter(lambda text: "@" in text))
@example("a@b.--c.de")
@example("a-@b.ab")
@example("ab@99--ba.ab")
def test_the_short_way_accepts_what_the_library_accepts(address):
    try:
        expected = validate_email(address, check_deliverability=False, strict=True).normalized
    except EmailNotValidError:
        assert code_of(parse_email, address) == "email_invalid"
    else:
        assert parse_email(address) == expected


@pytest.mark.parametrize(
    ("word", "code"), [("nl", "nl"), ("NL", "nl"), ("nl-BE", "nl"), ("Dutch", "nl"), ("Engels", "en"), ("de", "de")]
)
def test_languages(word, code):
    assert parse_language(word) == code


@pytest.mark.parametrize(
    ("word", "value"),
    [("ja", True), ("NEE", False), ("Yes", True), ("0", False), (1.0, True), (False, False), ("", None)],
)
def test_yes_and_no(word, value):
    assert parse_boolean(word) is value


@pytest.mark.parametrize(
    ("parse", "text", "code"),
    [
        (parse_language, "klingon", "language_invalid"),
        (parse_boolean, "maybe", "boolean_invalid"),
        (parse_phone, "call me", "phone_invalid"),
        (parse_phone, "12", "phone_invalid"),
    ],
)
def test_other_words_are_refused(parse, text, code):
    assert code_of(parse, text) == code


@pytest.mark.parametrize("number", ["+31 (0)6-12345678", "030 123 45 67", "0031612345678"])
def test_telephone_numbers_stay_as_written(number):
    assert parse_phone(number) == number


@given(cells)
def test_no_cell_breaks_a_parser(cell):
    for parse, *declared in (
        (parse_text,), (parse_header_safe,), (parse_identifier,), (parse_email,), (parse_phone,), (parse_language,),
        (parse_boolean,), (parse_amount, ","), (parse_amount, None), (parse_date, "dmy"), (parse_date, None),
    ):  # fmt: skip
        with contextlib.suppress(CellError):
            parse(cell, *declared)


@given(st.text())
def test_a_shown_value_is_one_short_line(text):
    assert len(shown(text)) <= 200
    assert shown(text).isprintable()
