"""What is said of a file before anything is stored; what cannot be told is asked, never guessed."""

import datetime as dt
from decimal import Decimal

import pytest

from survey.customers.columns import FIELDS, NAMES, kind_of, map_columns, plain
from survey.customers.previewing import preview
from survey.customers.problems import FileRefused
from survey.customers.reading import open_table
from survey.customers.rows import ImportOptions, RowChecker
from tests.customers.files import workbook, write

TODAY = dt.date(2026, 11, 22)


def look(path, **options):
    return preview(path, ImportOptions(**options), TODAY)


def table(folder, dates, amounts):
    lines = [f"{number};{date};{amount}" for number, (date, amount) in enumerate(zip(dates, amounts, strict=True))]
    return write(folder, "klantnummer;datum;bedrag\n" + "\n".join(lines))


@pytest.mark.parametrize(
    ("dates", "value", "origin", "evidence"),
    [
        (["13-02-2026"] * 13 + ["01-02-2026"] * 7, "dmy", "evident", "13 of 20 dates can only be day first."),
        (["02/13/2026", "01/02/2026"], "mdy", "evident", "1 of 2 dates can only be month first."),
        (["2026-02-13"] * 3, "iso", "evident", "3 of 3 dates are written year first."),
        (["01-02-2026"] * 4, None, "open", "4 of 4 dates can be both."),
        (["13-02-2026", "02-13-2026"], None, "open", "1 of 2 dates can only be day first."),
        (["2026-02-13", "13-02-2026"], None, "open", "1 of 2 dates are written year first."),
        ([""] * 3, None, "moot", None),
        (["soon"], None, "moot", "1 of 1 are no dates."),
    ],
)
def test_the_order_of_dates_comes_with_its_evidence(tmp_path, dates, value, origin, evidence):
    found = look(table(tmp_path, dates, ["1"] * len(dates)))
    assert (found.dates.value, found.dates.origin) == (value, origin)
    assert evidence is None or evidence in found.dates.evidence
    assert found.is_ready is (origin != "open")


@pytest.mark.parametrize(
    ("amounts", "value", "origin"),
    [
        (["1,50", "1.234"], ",", "evident"),
        (["11.77"], ".", "evident"),
        (["€ 1.234,56"], ",", "evident"),
        (["1.234", "5"], None, "open"),
        (["1,50", "1.50"], None, "open"),
        (["5", "10"], None, "moot"),
        (["1.234.567"], ",", "evident"),
    ],
)
def test_the_decimal_sign_comes_with_its_evidence(tmp_path, amounts, value, origin):
    found = look(table(tmp_path, ["2026-02-13"] * len(amounts), amounts))
    assert (found.decimal.value, found.decimal.origin) == (value, origin)


def test_what_is_declared_wins_over_the_evidence(tmp_path):
    path = table(tmp_path, ["01-02-2026", "13-02-2026"], ["1.234", "2"])
    found = look(path, dates="mdy", decimal=",")
    assert (found.dates.value, found.decimal.value, found.is_ready) == ("mdy", ",", True)
    assert [problem.code for problem in found.problems] == ["date_invalid"]
    assert found.samples[0].values == ("0", dt.date(2026, 1, 2), Decimal("1234.00"))
    assert not found.samples[1].is_good


def test_an_open_question_is_not_shown_as_a_fault_of_the_rows(tmp_path):
    found = look(table(tmp_path, ["01-02-2026"] * 2, ["1.234"] * 2))
    assert found.problems == ()
    assert not found.is_ready


def test_the_preview_says_what_it_read(tmp_path):
    path = write(
        tmp_path, "Klantnummer;Naam;Lievelingskleur;E-mail\n7;Zoë;rood;zoe@x.nl\n8;Ann;blauw;fout\n", encoding="cp1252"
    )
    found = look(path)
    assert (found.kind, found.rows, found.not_read, found.not_ascii) == ("customers", 2, ("Lievelingskleur",), ("Zoë",))
    assert found.fields == ("customer_id", "name", "email")
    assert [(p.line, p.column, p.value, p.code) for p in found.problems] == [(3, "E-mail", "fout", "email_invalid")]
    assert found.complete_options.encoding == "cp1252"
    assert found.complete_options.delimiter == ";"


def test_the_first_ten_rows_and_the_problems_of_a_thousand(tmp_path):
    rows = "".join(f"{number};x\n" for number in range(1_200))
    found = look(write(tmp_path, "customer_id;email\n" + rows))
    assert (len(found.samples), len(found.problems), found.rows) == (10, 1_000, 1_200)


@pytest.mark.parametrize(
    ("content", "code", "column"),
    [
        ("naam\nJan\n", "column_missing", "customer_id"),
        ("datum;bedrag\n2026-01-01;1\n", "column_missing", "customer_id"),
        ("klant;klantnummer\n1;2\n", "mapped_twice", "klantnummer"),
        ("customer_id;name\n", "header_only", ""),
    ],
)
def test_a_file_without_what_is_needed_is_refused(tmp_path, content, code, column):
    refused = look(write(tmp_path, content)).refused
    assert (refused.code, refused.column) == (code, column)


def test_a_person_can_say_which_column_is_which(tmp_path):
    path = write(tmp_path, "nr;klant;wanneer\n1;Jan;2026-02-13\n")
    assert look(path).columns == (("nr", ""), ("klant", "customer_id"), ("wanneer", ""))
    found = look(path, kind="transactions", columns={"nr": "customer_id", "klant": "", "wanneer": "occurred_on"})
    assert found.samples[0].values == ("1", dt.date(2026, 2, 13))
    assert look(path, columns={"nr": "shoe_size"}).refused.code == "map_unknown"
    assert look(path, columns={"absent": "name"}).refused.code == "map_unknown"


def test_a_workbook_needs_no_choices(tmp_path):
    path = workbook(tmp_path, [["klantnummer", "datum", "bedrag"], [7, dt.date(2026, 2, 1), 12.5]])
    found = look(path)
    assert (found.dates.origin, found.decimal.origin, found.is_ready) == ("moot", "moot", True)
    assert found.samples[0].values == ("7", dt.date(2026, 2, 1), Decimal("12.50"))


def test_every_name_means_one_field():
    for kind, fields in FIELDS.items():
        aliases = [name for field, names in fields.items() for name in (field, *names)]
        assert len(aliases) == len(set(aliases)) == len(NAMES[kind])
        assert all(plain(name) == name for name in aliases)


@pytest.mark.parametrize(
    ("header", "kind"),
    [
        (["klantnummer", "datum"], "transactions"),
        (["klantnummer", "naam", "datum"], "customers"),
        (["klantnummer"], "customers"),
    ],
)
def test_the_kind_of_file_is_told_by_its_columns(header, kind):
    assert kind_of(header) == kind


def test_mapping_the_same_field_twice_is_refused():
    with pytest.raises(FileRefused):
        map_columns("customers", ["a", "b"], {"a": "customer_id", "b": "customer_id"})


@pytest.mark.parametrize(
    ("row", "found"),
    [
        ("1;2026-02-01;5;6", [("", "cells_extra")]),
        ("1;2026-02-01", [("", "cells_missing")]),
        (";2026-11-23;x", [("klantnummer", "required"), ("datum", "date_future"), ("bedrag", "amount_invalid")]),
        ("1;;", [("datum", "required")]),
        ("1;2026-02-01;-5", []),
        ("1;2026-02-01;5;", []),
        ("x" * 101 + ";2026-02-01;5", [("klantnummer", "text_too_long")]),
    ],
)
def test_each_fault_of_a_row_is_named(tmp_path, row, found):
    path = write(tmp_path, f"klantnummer;datum;bedrag\n{row}\n")
    checked = RowChecker(open_table(path), "transactions", ImportOptions(dates="iso", decimal=","), TODAY)
    (only,) = checked.check_all(open_table(path).rows())
    assert [(problem.column, problem.code) for problem in only.problems] == found
    assert (only.record is None) is bool(found)


def test_odd_but_good_cells_are_flagged(tmp_path):
    path = write(
        tmp_path, "customer_id;email;taal;contract_van;contract_tot\n1;j@аррӏе.com;de;;\n2;;;2026-02-01;2026-01-01\n"
    )
    found = look(path)
    assert [(p.code, p.is_warning) for p in found.problems] == [
        ("email_lookalike", True), ("language_other", True), ("contract_order", False),
    ]  # fmt: skip
    assert [sample.is_good for sample in found.samples] == [True, False]
