"""Pictures: a Vega-Lite specification in, an SVG to stand inside a page out.

The SVG has no script, no inline style and no ids, takes its colours and its typeface from the page, and is one
image with one label to whoever cannot see it. Specifications use the colours below, which are also what a PNG of
the same specification shows. Rendered pictures are kept by the hash of what was asked for: in memory, and in the
folder `charts` of the instance for the other processes and the next start.
"""

import hashlib
import json
import os
import tempfile
import threading
from collections import OrderedDict
from collections.abc import Mapping
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import structlog
import vl_convert
from markupsafe import Markup

from survey.web import settings

INK, QUIET, GRID, LOSS, PAPER = "#1c2024", "#5f666d", "#d5d9dc", "#a8481a", "#fffefd"
#: colour of a specification, and the name of the style sheet's colour that takes its place in a page
TOKENS = {INK: "ink", QUIET: "quiet", GRID: "grid", LOSS: "loss", PAPER: "paper"}
LOCALES: dict[str, Any] = {"nl": "nl-NL", "en": "en-GB"}
KEPT_IN_MEMORY = 128
KEPT_ON_DISK = 500
RENDERER = version("vl-convert-python")
#: part of every hash: goes up when the cleaning below changes
CLEANING = 1

_SVG = "http://www.w3.org/2000/svg"
_UNWANTED = frozenset({"class", "style", "id", "role", "font-family", "pointer-events", "stroke-miterlimit", "version"})
_kept: OrderedDict[str, str] = OrderedDict()
_lock = threading.Lock()

log = structlog.get_logger()

#: how every picture is set
CONFIG: dict[str, Any] = {
    "font": "sans-serif",
    "view": {"stroke": None},
    "axis": {
        "labelColor": QUIET,
        "labelFontSize": 12,
        "titleColor": QUIET,
        "titleFontSize": 12,
        "titleFontWeight": "normal",
        "gridColor": GRID,
        "domain": False,
        "ticks": False,
        "labelPadding": 6,
    },
}


def svg(spec: Mapping[str, Any], label: str, language: str) -> Markup:
    """The picture of a specification, for a page in `language`; `label` says what it shows.

    A picture that cannot be drawn is logged and left out: the sentence and the table beside it still stand.
    """
    try:
        drawn = _drawn(spec, language)
    except ValueError as error:
        log.error("a chart was not drawn", error=str(error)[:500])
        return Markup("")
    return Markup('<svg role="img" aria-label="{}" {}').format(label, Markup(drawn))  # noqa: S704  # made below


def warm_up() -> None:
    """Start the renderer, which takes most of a second the first time."""
    vl_convert.vegalite_to_svg({"mark": "point", "data": {"values": [{}]}})


def _drawn(spec: Mapping[str, Any], language: str) -> str:
    """What follows `<svg `, from memory, from disk, or drawn now."""
    asked = json.dumps([CLEANING, RENDERER, language, spec], sort_keys=True)
    key = hashlib.sha256(asked.encode()).hexdigest()
    with _lock:
        found = _kept.get(key) or _from_disk(key)
        if not found:
            found = cleaned(vl_convert.vegalite_to_svg(dict(spec), format_locale=LOCALES[language]))
            _to_disk(key, found)
        _kept[key] = found
        _kept.move_to_end(key)
        while len(_kept) > KEPT_IN_MEMORY:
            _kept.popitem(last=False)
    return found


def cleaned(drawing: str) -> str:
    """An SVG as the renderer writes it, made fit to stand in a page; without its first `<svg `."""
    root = ElementTree.fromstring(drawing)  # noqa: S314  # written by our own renderer
    for parent in list(root.iter()):
        for child in list(parent):
            if _is_nothing(child):
                parent.remove(child)
    for element in root.iter():
        element.tag = element.tag.removeprefix(f"{{{_SVG}}}")
        _clean_attributes(element)
    return ElementTree.tostring(root, encoding="unicode").removeprefix("<svg ")


def _is_nothing(element: ElementTree.Element) -> bool:
    """The background, which is the page's, and paths that draw nothing."""
    is_ground = element.get("fill") == "white" and element.tag.endswith("rect")
    return is_ground or "background" in (element.get("class") or "") or element.get("display") == "none"


def _clean_attributes(element: ElementTree.Element) -> None:
    for name in list(element.attrib):
        value = element.attrib[name]
        if name in _UNWANTED or name.startswith("aria-") or (name, value) == ("opacity", "1"):
            del element.attrib[name]
        elif value in TOKENS:
            element.attrib[name] = f"var(--chart-{TOKENS[value]},{value})"


def _folder() -> Path:
    return settings().instance / "charts"


def _from_disk(key: str) -> str:
    """Empty where it is not kept, or not readable."""
    try:
        return (_folder() / f"{key}.svg").read_text("utf-8")
    except (OSError, UnicodeDecodeError):
        return ""


def _to_disk(key: str, drawn: str) -> None:
    """Keep a picture for other processes; a full or read-only disk only costs the drawing of it again."""
    folder = _folder()
    with suppress(OSError):
        folder.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=folder, suffix=".part")
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(drawn)
        os.replace(name, folder / f"{key}.svg")
        _forget_oldest(folder)


def _forget_oldest(folder: Path) -> None:
    files = [(entry.stat().st_mtime, entry.path) for entry in os.scandir(folder)]
    for _, path in sorted(files)[: max(0, len(files) - KEPT_ON_DISK)]:
        with suppress(OSError):
            os.unlink(path)
