"""Files as businesses send them, and as nobody should."""

import re
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import xlsxwriter


def write(folder: Path, content: str | bytes, name: str = "file.csv", encoding: str = "utf-8") -> Path:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode(encoding))
    return path


def workbook(folder: Path, rows: Sequence[Sequence[Any]], name: str = "file.xlsx", **options: Any) -> Path:
    """A workbook with one sheet of these rows; dates become date cells."""
    path = folder / name
    settings = {"default_date_format": "dd-mm-yyyy", "strings_to_formulas": False, **options}
    with xlsxwriter.Workbook(str(path), settings) as book:
        sheet = book.add_worksheet("Klanten")
        for number, row in enumerate(rows):
            for column, cell in enumerate(row):
                if hasattr(cell, "year"):
                    sheet.write_datetime(number, column, cell)
                else:
                    sheet.write(number, column, cell)
    return path


def rewritten(path: Path, change: Callable[[str, bytes], bytes], **added: bytes) -> Path:
    """The same zip with each part changed, and parts added."""
    target = path.with_name(f"rewritten-{path.name}")
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            new.writestr(name, change(name, old.read(name)))
        for name, content in added.items():
            new.writestr(name, content)
    return target


def in_sheet(pattern: bytes, replacement: bytes) -> Callable[[str, bytes], bytes]:
    """A change of the first sheet's XML."""
    return lambda name, part: re.sub(pattern, replacement, part) if name.endswith("sheet1.xml") else part


def same(name: str, part: bytes) -> bytes:
    return part
