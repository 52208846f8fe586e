"""Which characters a text file is written in: told by its bytes, never assumed in silence."""

from __future__ import annotations

import codecs
import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from survey.customers.problems import FileRefused

BLOCK = 1 << 20
MAX_BYTES = 500 * 1000 * 1000

#: Names that may be declared, and the codec of each.
DECLARED = {"utf-8": "utf-8-sig", "utf-16": "utf-16", "cp1252": "cp1252", "iso-8859-1": "iso-8859-1"}
MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
# A letter of two or more bytes in UTF-8; beside bytes that are not UTF-8 it means two encodings in one file.
UTF8_LETTERS = re.compile(
    rb"[\xc3-\xc5][\x80-\xbf]|\xe2(?:\x82\xac|\x80[\x90-\xbf])|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}"
)
NOT_ASCII = re.compile(rb"[^\x00-\x7f]")

Reason = Literal["declared", "mark", "valid", "fallback"]


@dataclass(frozen=True)
class Encoding:
    """`codec` is Python's name; `reason` says how it was told: declared, by its mark, because the whole file
    is valid UTF-8, or as the fallback cp1252, which the preview must show to a person.
    """

    codec: str
    reason: Reason

    @property
    def name(self) -> str:
        """The name a person knows and can declare."""
        return self.codec.removesuffix("-sig")


def fingerprint(path: Path) -> str:
    """SHA-256 of the file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def detect_encoding(path: Path, declared: str | None = None) -> Encoding:
    """The encoding of a text file; every byte is read and checked.

    In this order: declared, byte order mark, strict UTF-8, cp1252. Raises FileRefused with the line for NUL,
    for bytes that do not fit, and for a file that mixes UTF-8 with another encoding.
    """
    if declared is not None and declared not in DECLARED:
        raise FileRefused("encoding_unknown", value=declared)
    marked = marked_codec(path)
    if declared or marked:
        codec = marked if declared in (None, "utf-16") and marked else DECLARED[declared or "utf-8"]
        _check(path, codec)
        return Encoding(codec, "declared" if declared else "mark")
    try:
        _check(path, "utf-8-sig")
        return Encoding("utf-8-sig", "valid")
    except FileRefused as refused:
        if refused.problem.code != "encoding_wrong":
            raise
        _refuse_mixture(path, refused.problem.line)
    _check(path, "cp1252")
    return Encoding("cp1252", "fallback")


def marked_codec(path: Path) -> str | None:
    """The codec that the byte order mark names."""
    with path.open("rb") as file:
        head = file.read(4)
    return next((codec for mark, codec in MARKS if head.startswith(mark)), None)


def _blocks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while block := file.read(BLOCK):
            yield block


def _check(path: Path, codec: str) -> None:
    decoder = codecs.getincrementaldecoder(codec)()
    lines = 1
    for block in _blocks(path):
        try:
            text = decoder.decode(block)
        except UnicodeDecodeError as error:
            raise FileRefused("encoding_wrong", line=lines + _lines_before(error, codec)) from None
        if "\x00" in text:
            raise FileRefused("file_nul", line=lines + text.count("\n", 0, text.index("\x00")))
        lines += text.count("\n")
    try:
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        raise FileRefused("encoding_wrong", line=lines) from None


def _lines_before(error: UnicodeDecodeError, codec: str) -> int:
    good = error.object[: error.start]
    return good.count(b"\n\x00") if codec == "utf-16" else good.count(b"\n")


def _refuse_mixture(path: Path, first_bad_line: int) -> None:
    """Refuse when letters of UTF-8 stand in a file that is not UTF-8: as cp1252 they would be damaged."""
    for block in _blocks(path):
        if NOT_ASCII.search(block) and UTF8_LETTERS.search(block):
            raise FileRefused("encoding_mixed", line=first_bad_line)
