"""B28, B29, B32-B34: a text file is read right, or refused with the line and the reason."""

import contextlib
import random
import tracemalloc

import pytest

from survey.customers.problems import SENTENCES, FileRefused
from survey.customers.reading import Declared, open_table
from tests.customers.files import write

NAMES = "customer_id;name\n1;Zoë\n2;Café €\n"


def read(path, **declared):
    table = open_table(path, Declared(**declared))
    return table, [cells for _line, cells in table.rows()]


def refusal(path, **declared):
    with pytest.raises(FileRefused) as refused:
        read(path, **declared)
    assert refused.value.problem.code in SENTENCES
    return refused.value.problem


@pytest.mark.parametrize(
    ("encoding", "codec", "reason"),
    [
        ("utf-8", "utf-8-sig", "valid"),
        ("utf-8-sig", "utf-8-sig", "mark"),
        ("cp1252", "cp1252", "fallback"),
        ("utf-16", "utf-16", "mark"),
        ("utf-16-be-mark", "utf-16", "mark"),
    ],
)
def test_letters_are_right_in_every_encoding(tmp_path, encoding, codec, reason):
    content = b"\xfe\xff" + NAMES.encode("utf-16-be") if encoding == "utf-16-be-mark" else NAMES.encode(encoding)
    table, rows = read(write(tmp_path, content))
    assert rows == [["1", "Zoë"], ["2", "Café €"]]
    assert table.header == ("customer_id", "name")
    assert (table.layout.encoding.codec, table.layout.encoding.reason) == (codec, reason)


@pytest.mark.parametrize(
    ("content", "code", "line"),
    [
        (NAMES.encode("utf-16-le"), "file_nul", 1),
        ("customer_id;name\n1;Zoë\n".encode() + "2;Zoë\n".encode("cp1252"), "encoding_mixed", 3),
        (b"customer_id;name\n1;a\n2;\x81\n", "encoding_wrong", 3),
        (b"customer_id;name\n1;a\x00b\n", "file_nul", 2),
        ("a;b\n1;2\n".encode("utf-16") + b"\x00", "encoding_wrong", 3),
    ],
)
def test_damaged_letters_are_refused(tmp_path, content, code, line):
    problem = refusal(write(tmp_path, content))
    assert (problem.code, problem.line) == (code, line)


def test_a_declared_encoding_wins(tmp_path):
    path = write(tmp_path, "customer_id;name\n1;Zoë\n", encoding="iso-8859-1")
    assert read(path, encoding="iso-8859-1")[0].layout.encoding.reason == "declared"
    assert refusal(path, encoding="utf-8").code == "encoding_wrong"
    assert refusal(path, encoding="ebcdic").code == "encoding_unknown"


@pytest.mark.parametrize("sign", [";", ",", "\t", "|"])
def test_each_delimiter_is_told_by_its_column_names(tmp_path, sign):
    path = write(tmp_path, f'customer_id{sign}naam{sign}e-mail\n1{sign}"Jan; Piet, en | co"{sign}\n')
    table, rows = read(path)
    assert rows == [["1", "Jan; Piet, en | co", ""]]
    assert (table.layout.delimiter, table.layout.delimiter_reason, table.layout.known_columns) == (sign, "columns", 3)


@pytest.mark.parametrize(
    ("content", "declared", "delimiter", "reason"),
    [
        ("customer_id\na@b.nl\n", None, ",", "single"),
        ("sep=;\ncustomer_id;name\n1;x\n", None, ";", "sep"),
        ("SEP=\t\ncustomer_id\tname\n1\tx\n", None, "\t", "sep"),
        ("foo|bar|baz\n1|2|3\n", None, "|", "frequent"),
        ("customer_id;name,x\n1;2,3\n", ",", ",", "declared"),
        ("sep=;\ncustomer_id,name\n1,2\n", ",", ",", "declared"),
    ],
)
def test_the_delimiter_says_how_it_was_told(tmp_path, content, declared, delimiter, reason):
    table, rows = read(write(tmp_path, content), delimiter=declared)
    assert (table.layout.delimiter, table.layout.delimiter_reason) == (delimiter, reason)
    assert len(rows) == 1
    assert not table.header[0].lower().startswith("sep=")


def test_lines_are_counted_as_an_editor_counts_them(tmp_path):
    path = write(tmp_path, 'sep=;\r\ncustomer_id;name\r\n\r\n1;"two\r\nlines"\r\n;;\r\n2;x\r\n')
    table = open_table(path)
    assert list(table.rows()) == [(4, ["1", "two\r\nlines"]), (7, ["2", "x"])]


@pytest.mark.parametrize(
    ("content", "code", "line"),
    [
        ('customer_id;name\n1;a\n2;"open\n3;c\n4;d\n', "quote_unclosed", 3),
        ('customer_id;name\n1;"a"b\n', "quote_wrong", 2),
        ("customer_id;name\n1;" + "x" * 131_073 + "\n", "field_too_long", 2),
        ("customer_id;name\n1;a\r2;b\n", "bare_cr", 2),
        ("customer_id;name\r1;a\r", "bare_cr", 1),
        ("", "file_empty", 0),
        ("\n\n", "file_empty", 0),
        ("name;Name\n1;2\n", "header_duplicate", 1),
        (";".join(f"c{i}" for i in range(10_000)) + "\n1\n", "too_many_columns", 1),
        ("<html><table><tr><td>1</td></tr></table></html>", "file_is_html", 0),
        ("%PDF-1.7 a", "file_not_table", 0),
    ],
)
def test_broken_files_are_refused_with_the_line(tmp_path, content, code, line):
    problem = refusal(write(tmp_path, content))
    assert (problem.code, problem.line) == (code, line)
    assert problem.sentence.endswith(".")


@pytest.mark.parametrize("name", ["absent.csv", "."])
def test_what_is_not_a_file_is_refused(tmp_path, name):
    assert refusal(tmp_path / name).code == "file_missing"


def test_an_unknown_delimiter_is_refused(tmp_path):
    assert refusal(write(tmp_path, NAMES), delimiter="x").code == "delimiter_unknown"


def test_a_large_file_is_streamed(tmp_path):
    path = tmp_path / "large.csv"
    with path.open("w") as file:
        file.write("customer_id,name\n")
        file.writelines(f"{number},name of number {number}\n" for number in range(200_000))
    tracemalloc.start()
    count = sum(1 for _ in open_table(path).rows())
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert count == 200_000
    assert peak < 12_000_000


def test_random_bytes_are_read_or_refused(tmp_path):
    generator = random.Random(7)
    signs = [
        b"customer_id",
        b";",
        b",",
        b'"',
        b"\n",
        b"\r",
        b"1",
        b"\xff",
        b"\xe9",
        b"\xc3\xab",
        b"PK",
        b"sep=",
        b"\x1f",
    ]
    for number in range(400):
        content = b"".join(generator.choices(signs, k=generator.randrange(1, 40)))
        with contextlib.suppress(FileRefused):
            table, rows = read(write(tmp_path, content, f"{number}.csv"))
            assert len(table.header) >= 1
            assert all(any(row) for row in rows)
