from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from survey import charts
from survey.charts import INK, svg

SPEC: dict[str, Any] = {
    "$schema": "https://vega.github.io/schema/vega-lite/v5.json",
    "data": {"values": [{"x": 0.25, "t": "<script>alert(1)</script>"}]},
    "mark": {"type": "text", "color": INK},
    "encoding": {
        "x": {"field": "x", "type": "quantitative", "axis": {"format": ".1%"}},
        "text": {"field": "t", "type": "nominal"},
    },
}

pytestmark = pytest.mark.usefixtures("context")


@pytest.fixture(autouse=True)
def _forgotten() -> None:
    charts._kept.clear()


@pytest.mark.sqlite
def test_a_picture_is_one_image_with_a_label_and_no_style_script_or_id() -> None:
    drawn = svg(SPEC, 'Half of "them" left & more', "en")
    assert drawn.startswith('<svg role="img" aria-label="Half of &#34;them&#34; left &amp; more"')
    for unwanted in (" style=", "<style", "<script", " id=", "font-family", " class=", 'fill="white"'):
        assert unwanted not in drawn
    assert drawn.count("role=") == 1
    assert "&lt;script&gt;" in drawn


@pytest.mark.sqlite
def test_colours_are_those_of_the_page() -> None:
    assert f'fill="var(--chart-ink,{INK})"' in svg(SPEC, "label", "en")


@pytest.mark.sqlite
def test_numbers_are_written_in_the_language_of_the_page() -> None:
    assert "20,0%" in svg(SPEC, "label", "nl")
    assert "20.0%" in svg(SPEC, "label", "en")


@pytest.mark.sqlite
def test_a_picture_is_drawn_once_for_all_processes(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    first = str(svg(SPEC, "one", "en"))
    monkeypatch.setattr(charts.vl_convert, "vegalite_to_svg", _fail)
    assert svg(SPEC, "one", "en") == first
    charts._kept.clear()
    assert str(svg(SPEC, "two", "en")) == first.replace('"one"', '"two"')
    assert len(list(_folder(app).iterdir())) == 1


@pytest.mark.sqlite
def test_the_folder_and_the_memory_are_bounded(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(charts, "KEPT_ON_DISK", 3)
    monkeypatch.setattr(charts, "KEPT_IN_MEMORY", 2)
    for width in range(100, 106):
        svg(SPEC | {"width": width}, "label", "en")
    assert len(list(_folder(app).iterdir())) == 3
    assert len(charts._kept) == 2


@pytest.mark.sqlite
def test_a_disk_that_refuses_costs_only_the_drawing(app: Flask) -> None:
    app.settings.instance.joinpath("charts").write_text("a file where the folder should be")  # type: ignore[attr-defined]
    assert svg(SPEC, "label", "en").startswith("<svg")


@pytest.mark.sqlite
def test_a_picture_that_cannot_be_drawn_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(charts.vl_convert, "vegalite_to_svg", _fail)
    assert svg(SPEC, "label", "en") == ""


def _fail(*_: Any, **__: Any) -> str:
    raise ValueError("not drawn")


def _folder(app: Flask) -> Path:
    return Path(app.settings.instance) / "charts"  # type: ignore[attr-defined]
