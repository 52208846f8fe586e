"""B39-B43: a workbook is checked before it is opened, and read right or refused with the reason."""

import datetime as dt
import struct
import time
import zipfile

import pytest
from xlsxwriter import Workbook

from survey.customers import workbooks
from survey.customers.problems import SENTENCES, FileRefused
from survey.customers.reading import open_table
from tests.customers.files import in_sheet, rewritten, same, workbook, write

ROWS = [["klantnummer", "datum", "bedrag"], [123, dt.date(2026, 2, 1), 12.5], ["00124", "01-02-2026", "12,50"]]


@pytest.fixture
def book(tmp_path):
    return workbook(tmp_path, ROWS)


def refusal(path):
    with pytest.raises(FileRefused) as refused:
        list(open_table(path).rows())
    assert refused.value.problem.code in SENTENCES
    return refused.value.problem.code


@pytest.mark.parametrize("date_1904", [False, True])
@pytest.mark.parametrize("name", ["file.xlsx", "file.csv", "a.csv.exe"])
def test_a_workbook_is_known_by_its_content(tmp_path, date_1904, name):
    table = open_table(workbook(tmp_path, ROWS, name, date_1904=date_1904))
    assert table.header == ("klantnummer", "datum", "bedrag")
    assert list(table.rows()) == [(2, [123.0, dt.date(2026, 2, 1), 12.5]), (3, ["00124", "01-02-2026", "12,50"])]
    assert table.layout.sheet == "Klanten"


def test_hidden_sheets_are_left_out_and_others_named(tmp_path):
    path = tmp_path / "sheets.xlsx"
    with Workbook(path) as book:
        book.add_worksheet("Intro")
        book.add_worksheet("Geheim").hide()
        book.add_worksheet("Klanten & co").write_row(0, 0, ["customer_id", "name"])
        book.get_worksheet_by_name("Intro").write_row(2, 1, ["customer_id"])
        book.get_worksheet_by_name("Intro").write_row(4, 1, ["7"])
    table = open_table(path)
    assert (table.layout.sheet, table.layout.sheets_left_out) == ("Intro", ("Klanten & co",))
    assert list(table.rows()) == [(5, ["7"])]


def test_a_bomb_is_refused_from_its_declared_sizes(tmp_path, book, monkeypatch):
    bomb = rewritten(book, in_sheet(rb"</sheetData>", b"</sheetData>" + b" " * 64_000_000))
    assert bomb.stat().st_size < 244_000
    monkeypatch.setattr(workbooks, "_unpack", lambda *_: pytest.fail("a part was unpacked"))
    began = time.perf_counter()
    assert refusal(bomb) == "xlsx_bomb"
    assert time.perf_counter() - began < 1


def test_a_bomb_in_many_parts_is_refused(book):
    parts = {f"xl/media/{number}.bin": bytes(950_000) for number in range(230)}
    assert refusal(rewritten(book, same, **parts)) == "xlsx_too_large"


def test_a_directory_that_lies_about_sizes_is_refused(book):
    honest = rewritten(book, in_sheet(rb"</sheetData>", b"</sheetData>" + b" " * 3_000_000))
    content = bytearray(honest.read_bytes())
    with zipfile.ZipFile(honest) as archive:
        info = archive.getinfo("xl/worksheets/sheet1.xml")
    name = info.filename.encode()
    directory = content.rindex(name) - 46
    struct.pack_into("<I", content, directory + 24, 4_000)
    struct.pack_into("<I", content, info.header_offset + 22, 4_000)
    honest.write_bytes(bytes(content))
    assert refusal(honest) == "xlsx_lying"


@pytest.mark.parametrize(
    "declaration",
    [
        b'<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]>',
        b'<!DOCTYPE x SYSTEM "http://example.org/x.dtd">',
        b'<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>',
    ],
)
def test_entities_are_refused(book, declaration):
    assert refusal(rewritten(book, in_sheet(rb"<worksheet", declaration + b"<worksheet"))) == "xlsx_entity"


def test_declarations_across_two_blocks_or_in_utf16_are_refused(book):
    padding = b"<!--" + b" " * (workbooks.BLOCK - 60) + b"-->"
    split = rewritten(book, in_sheet(rb"<worksheet", padding + b'<!DOCTYPE x [<!ENTITY a "b">]><worksheet'))
    assert refusal(split) == "xlsx_entity"
    utf16 = rewritten(book, lambda name, part: part.decode().encode("utf-16") if "sheet1" in name else part)
    assert refusal(utf16) == "xlsx_entity"


@pytest.mark.parametrize(
    ("added", "code"),
    [
        ({"xl/vbaProject.bin": b"macro"}, "xlsx_macros"),
        ({"xl/embeddings/inner.xlsx": b"x"}, "xlsx_nested"),
        ({"xl/media/picture.png": b"PK\x03\x04rest"}, "xlsx_nested"),
        ({f"xl/media/{number}.png": b"x" for number in range(10_000)}, "xlsx_members"),
    ],
)
def test_what_does_not_belong_in_a_table_is_refused(book, added, code):
    assert refusal(rewritten(book, same, **added)) == code


def test_a_macro_workbook_is_refused_by_its_content_type(book):
    plain, macro = b"openxmlformats-officedocument.spreadsheetml.sheet.main", b"ms-excel.sheet.macroEnabled.main"
    assert refusal(rewritten(book, lambda name, part: part.replace(plain, macro))) == "xlsx_macros"


def test_other_files_are_refused_by_their_content(tmp_path, book):
    ole = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(2_000)
    assert refusal(write(tmp_path, ole, "old.xlsx")) == "file_is_xls"
    locked = ole + "EncryptedPackage".encode("utf-16-le")
    assert refusal(write(tmp_path, locked, "locked.xlsx")) == "file_encrypted"
    assert refusal(write(tmp_path, "<html><body>x", "page.xlsx")) == "file_is_html"
    whole = book.read_bytes()
    for size in (100, len(whole) // 2, len(whole) - 10):
        assert refusal(write(tmp_path, whole[:size], "cut.xlsx")) == "xlsx_truncated"
    with zipfile.ZipFile(tmp_path / "plain.zip", "w") as archive:
        archive.writestr("customers.csv", "customer_id\n1\n")
    assert refusal(tmp_path / "plain.zip") == "xlsx_not_workbook"


def test_a_flipped_bit_is_refused(tmp_path, book):
    content = bytearray(book.read_bytes())
    with zipfile.ZipFile(book) as archive:
        info = archive.getinfo("xl/worksheets/sheet1.xml")
    content[info.header_offset + 30 + len(info.filename) + 40] ^= 0xFF
    assert refusal(write(tmp_path, bytes(content), "flipped.xlsx")) in ("xlsx_truncated", "xlsx_lying")


def test_an_encrypted_part_is_refused(tmp_path, book):
    content = bytearray(book.read_bytes())
    position = content.find(b"PK\x01\x02")
    content[position + 8] |= 1
    assert refusal(write(tmp_path, bytes(content), "secret.xlsx")) == "file_encrypted"


def test_a_lying_dimension_is_not_believed(book):
    liar = rewritten(book, in_sheet(rb'<dimension ref="[^"]*"', b'<dimension ref="A1:XFD1048576"'))
    assert len(list(open_table(liar).rows())) == 2


def test_a_cell_at_the_far_end_is_refused(book):
    far = rewritten(
        book, in_sheet(rb"</sheetData>", b'<row r="1048576"><c r="XFD1048576"><v>1</v></c></row></sheetData>')
    )
    assert refusal(far) == "xlsx_too_large"


def test_formulas_without_a_value_and_with_errors_are_marked(tmp_path):
    path = tmp_path / "formulas.xlsx"
    with Workbook(path) as book:
        sheet = book.add_worksheet()
        sheet.write_row(1, 1, ["customer_id", "name", "segment"])
        sheet.write_row(2, 1, ["1", "a"])
        sheet.write_formula(2, 3, "=1/0", None, "#DIV/0!")
        sheet.write_row(3, 1, ["2", "b"])
        sheet.write_formula(3, 3, "=UPPER(B3)", None, "GOED")
        sheet.write_row(4, 1, ["3"])
        sheet.write_formula(4, 2, "=A1&B1", None, "NIETS")
    path = rewritten(path, in_sheet(rb"<v>NIETS</v>", b""))
    rows = list(open_table(path).rows())
    broken = [
        (line, at) for line, cells in rows for at, cell in enumerate(cells) if isinstance(cell, workbooks.BrokenCell)
    ]
    assert broken == [(3, 2), (5, 1)]
    assert rows[1] == (4, ["2", "b", "GOED"])


def test_merged_cells_leave_the_others_empty(tmp_path):
    path = tmp_path / "merged.xlsx"
    with Workbook(path) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, ["customer_id", "name"])
        sheet.merge_range(1, 0, 1, 1, "7")
    assert list(open_table(path).rows()) == [(2, ["7", ""])]


def test_a_workbook_without_rows_is_refused(tmp_path):
    assert refusal(workbook(tmp_path, [])) == "file_empty"
    with Workbook(tmp_path / "chart.xlsx") as book:
        book.add_worksheet("a").hide()
        book.add_chartsheet("b").activate()
    assert refusal(tmp_path / "chart.xlsx") in ("xlsx_no_sheet", "file_empty")
