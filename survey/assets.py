"""The files that pages load: which version of each, and the hash that a browser checks before it trusts one."""

import hashlib
from functools import cache
from pathlib import Path

from flask import url_for

STATIC = Path(__file__).parent / "static"

#: other people's files, copied unchanged: name, and what a browser must find in them
VENDORED = {
    "vendor/pico-2.1.1.min.css": "sha384-L1dWfspMTHU/ApYnFiMz2QID/PlP1xCW9visvBdbEkOLkSSWsP6ZJWhPw6apiXxU",
    "vendor/htmx-2.0.11.min.js": "sha384-2OatzQy1H+Zd/IIrjr1TcuDGqLXeHhbooAyJY1KdQMKnr4LZ22k31GBLdYKHmVjg",
}


def vendored(name: str) -> dict[str, str]:
    """Address and integrity of a vendored file. KeyError for one that is not in the list."""
    return {"url": url_for("static", filename=name), "integrity": VENDORED[name]}


def asset(name: str) -> str:
    """Address of a file of our own, with a mark that changes when the file does."""
    return url_for("static", filename=name, v=_mark(name))


@cache
def _mark(name: str) -> str:
    return hashlib.sha256((STATIC / name).read_bytes()).hexdigest()[:8]
