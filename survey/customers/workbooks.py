"""XLSX: what is checked before a workbook is opened, and its rows."""

from __future__ import annotations

import copy
import re
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from python_calamine import CalamineError, CalamineWorkbook, SheetTypeEnum, SheetVisibleEnum

from survey.customers.parsing import BrokenCell, Cell
from survey.customers.problems import FileRefused

BLOCK = 1 << 18
MAX_MEMBERS = 2_000
MAX_UNPACKED = 200 * 1000 * 1000
MAX_CELLS = 2_000_000  # measured: four million take 370 MB in memory
MAX_RATIO = 150  # repetitive but honest sheets stay under 60
SMALL = 1_000_000  # below this size a ratio says nothing
MAX_BROKEN = 1_000

# `\s` before r keeps attributes like `spans` and `xr:uid` out; rows are `r="12"`, cells `r="AB12"`.
REFERENCE = re.compile(rb"""\sr=["']([A-Z]{0,7})([0-9]{1,10})["']""")
BROKEN = re.compile(
    rb"""<(?:\w+:)?c\s[^>]*?r=["']([A-Z]{1,3}[0-9]{1,7})["'](?:[^>]*?t=["'](e)["'][^>]*>|[^>]*>"""
    rb"""\s*<(?:\w+:)?f(?:[^>]*/>|[^>]*>[^<]*</(?:\w+:)?f>)\s*(?:<(?:\w+:)?v\s*/>|<(?:\w+:)?v></(?:\w+:)?v>)?\s*</(?:\w+:)?c>)"""
)
SHEET = re.compile(rb"<(?:\w+:)?sheet\s[^>]*>")
RELATION = re.compile(rb"<(?:\w+:)?Relationship\s[^>]*>")
OTHER_FILES = (b"%PDF", b"\x7fELF", b"MZ\x90", b"\x89PNG", b"\xff\xd8", b"\x1f\x8b", b"7z\xbc\xaf", b"<?xml")
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


@dataclass
class SheetScan:
    """What the raw XML of one sheet says: its last row and column and the cells without a good value."""

    rows: int = 0
    columns: int = 0
    broken: set[tuple[int, int]] = field(default_factory=set)

    def read(self, block: bytes) -> None:
        for letters, digits in REFERENCE.findall(block):
            self.rows = max(self.rows, int(digits))
            self.columns = max(self.columns, column_number(letters))
        if self.rows * self.columns > MAX_CELLS:
            raise FileRefused("xlsx_too_large")
        if b"<f" in block or b":f" in block or b'"e"' in block or b"'e'" in block:
            self.broken.update(cell_position(match[1]) for match in BROKEN.finditer(block))
        if len(self.broken) > MAX_BROKEN:
            raise FileRefused("formula_error")


def column_number(letters: bytes) -> int:
    """A is 1, Z 26, AA 27; nothing is 0."""
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number


def cell_position(reference: bytes) -> tuple[int, int]:
    """Row and column, from 1, of a reference such as B12."""
    letters = reference.rstrip(b"0123456789")
    return int(reference[len(letters) :]), column_number(letters)


def refuse_foreign(path: Path) -> None:
    """Refuse what is neither a workbook nor text, by its first bytes: its name is not asked."""
    with path.open("rb") as file:
        head = file.read(512)
        rest = file.read(200_000) if head.startswith(OLE) else b""
    if head.startswith(OLE):
        encrypted = "EncryptedPackage".encode("utf-16-le") in head + rest
        raise FileRefused("file_encrypted" if encrypted else "file_is_xls")
    if re.match(rb"(\xef\xbb\xbf)?\s*<(!doctype html|html|table|head|meta|style)", head, re.IGNORECASE):
        raise FileRefused("file_is_html")
    if head.startswith(OTHER_FILES):
        raise FileRefused("file_not_table")


def is_zip(path: Path) -> bool:
    """Whether the file begins as a zip does."""
    with path.open("rb") as file:
        return file.read(2) == b"PK"


@dataclass(frozen=True)
class Workbook:
    """An XLSX file. `header` is the first row with a value on the first visible sheet with rows."""

    path: Path

    @cached_property
    def scans(self) -> dict[str, SheetScan]:
        """Every check of the zip; the scan of each worksheet by its name in the zip. Raises FileRefused."""
        try:
            with zipfile.ZipFile(self.path) as archive:
                members = archive.infolist()
                _check_declared(members)
                return {info.filename: scan for info in members if (scan := _unpack(archive, info))}
        except (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError):
            raise FileRefused("xlsx_truncated") from None

    @cached_property
    def sheet_names(self) -> tuple[str, ...]:
        """The visible worksheets, in order."""
        _ = self.scans
        try:
            with CalamineWorkbook.from_path(str(self.path)) as book:
                return tuple(
                    sheet.name
                    for sheet in book.sheets_metadata
                    if sheet.typ == SheetTypeEnum.WorkSheet and sheet.visible == SheetVisibleEnum.Visible
                )
        except (CalamineError, OSError):
            raise FileRefused("xlsx_truncated") from None

    def rows(self) -> Iterator[tuple[int, list[Cell]]]:
        """Row number as Excel shows it, and cells; rows without any value are left out."""
        names = self.sheet_names
        if not names:
            raise FileRefused("xlsx_no_sheet")
        broken = self._broken(names[0])
        try:
            with CalamineWorkbook.from_path(str(self.path)) as book:
                sheet = book.get_sheet_by_name(names[0])
                left = (sheet.start or (0, 0))[1]
                for number, cells in enumerate(sheet.iter_rows(), 1):
                    row = _marked(cells, number, left, broken) if broken else list[Cell](cells)
                    if any(cell not in ("", None) for cell in row):
                        yield number, row
        except (CalamineError, OSError):
            raise FileRefused("xlsx_truncated") from None

    def _broken(self, name: str) -> set[tuple[int, int]]:
        if not any(scan.broken for scan in self.scans.values()):
            return set()
        with zipfile.ZipFile(self.path) as archive:
            part = _part_of(archive, name)
        return self.scans[part].broken if part in self.scans else set()


def _marked(cells: Sequence[Cell], number: int, left: int, broken: set[tuple[int, int]]) -> list[Cell]:
    return [
        BrokenCell("#") if cell in ("", None) and (number, left + index) in broken else cell
        for index, cell in enumerate(cells, 1)
    ]


def _check_declared(members: list[zipfile.ZipInfo]) -> None:
    """What the directory of the zip itself says, before anything is unpacked."""
    names = {info.filename for info in members}
    if any(info.flag_bits & 1 for info in members):
        raise FileRefused("file_encrypted")
    if len(members) > MAX_MEMBERS:
        raise FileRefused("xlsx_members")
    if any(name.lower().endswith("vbaproject.bin") for name in names):
        raise FileRefused("xlsx_macros")
    if "[Content_Types].xml" not in names or "xl/workbook.xml" not in names:
        raise FileRefused("xlsx_not_workbook")
    if any(info.file_size > SMALL and info.file_size > MAX_RATIO * info.compress_size for info in members):
        raise FileRefused("xlsx_bomb")
    if sum(info.file_size for info in members) > MAX_UNPACKED:
        raise FileRefused("xlsx_too_large")


def _unpack(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> SheetScan | None:
    """Unpack one part in blocks, counting for ourselves, because a directory can lie about sizes."""
    unbounded = copy.copy(info)
    unbounded.file_size = MAX_UNPACKED
    is_sheet = info.filename.startswith("xl/worksheets/") and info.filename.endswith(".xml")
    scan = SheetScan() if is_sheet else None
    size, tail = 0, b""
    with archive.open(unbounded) as part:
        while block := part.read(BLOCK):
            if size == 0:
                _check_start(info.filename, block)
            size += len(block)
            if size > info.file_size:
                raise FileRefused("xlsx_lying")
            tail = _scan_block(info.filename, tail + block, scan)
    if size != info.file_size:
        raise FileRefused("xlsx_lying")
    return scan


def _scan_block(name: str, block: bytes, scan: SheetScan | None) -> bytes:
    """Look through a block; returns its end, from the last tag on, to be looked at with the next."""
    if name.endswith((".xml", ".rels", ".vml")) and (b"<!DOCTYPE" in block or b"<!ENTITY" in block):
        raise FileRefused("xlsx_entity")
    if name == "[Content_Types].xml" and b"macroEnabled" in block:
        raise FileRefused("xlsx_macros")
    if scan is not None:
        scan.read(block)
        cut = max(block.rfind(b"<c "), block.rfind(b":c "), len(block) - 4096)
        return block[cut - 8 if cut > 8 else 0 :]
    return block[-16:]


def _check_start(name: str, block: bytes) -> None:
    if block.startswith((b"PK\x03\x04", OLE)) or name.lower().endswith((".zip", ".xlsx", ".xls", ".xlsm")):
        raise FileRefused("xlsx_nested")
    if name.endswith((".xml", ".rels")) and (block[:2] in (b"\xff\xfe", b"\xfe\xff") or b"\x00" in block[:8]):
        raise FileRefused("xlsx_entity")  # a declaration could hide in UTF-16; Excel itself writes UTF-8


def _part_of(archive: zipfile.ZipFile, name: str) -> str | None:
    """The name inside the zip of the sheet a person calls `name`."""
    from html import unescape

    for tag in SHEET.findall(archive.read("xl/workbook.xml")):
        if unescape(_attribute(tag, b"name")) == name:
            wanted = re.search(rb"""\s\w+:id=["']([^"']*)""", tag)
            for relation in RELATION.findall(archive.read("xl/_rels/workbook.xml.rels")):
                if wanted and _attribute(relation, b"Id") == wanted[1].decode():
                    target = _attribute(relation, b"Target")
                    return target.lstrip("/") if target.startswith("/") else f"xl/{target}"
    return None


def _attribute(tag: bytes, name: bytes) -> str:
    found = re.search(rb"\s" + name + rb"""=["']([^"']*)""", tag)
    return found[1].decode("utf-8", "replace") if found else ""
