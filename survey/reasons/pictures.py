"""The pictures of the pages of the model: one function each, from figures to Vega-Lite."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask_babel import gettext as _

from survey import formats
from survey.charts import CONFIG, INK, LOSS, PAPER, QUIET
from survey.reasons.quality import ReasonQuality
from survey.reasons.watching import Line

Spec = dict[str, Any]

LINE_WIDTH, LINE_HEIGHT = 270, 90
#: how far from the middle of its row a mark stands, in rows
_APART = 0.17


@dataclass(frozen=True)
class Layout:
    """How the rows are set out: where their labels stand, and how far above the line."""

    width: int
    row: int
    label_x: int
    label_align: str
    above: int
    #: room for a typeface wider than the one that the renderer measures with
    spare: int


#: label above its line on a phone, beside it on a desktop
NARROW = Layout(width=312, row=62, label_x=0, label_align="left", above=23, spare=4)
WIDE = Layout(width=420, row=42, label_x=-16, label_align="right", above=0, spare=36)


def quality_picture(rows: Sequence[ReasonQuality], language: str, layout: Layout) -> Spec:
    """Dot and line: a reason each row, above how often it is right (disc), below how often it is found (diamond)."""
    values = []
    for place, row in enumerate(rows):
        for kind, shift, found in (("right", -_APART, row.quality.precision), ("found", _APART, row.quality.recall)):
            if found.value is not None:
                mark = {"row": place + shift, "kind": kind, "value": found.value, "low": found.low, "high": found.high}
                values.append(mark)
    labels = [{"row": place, "label": row.reason.label(language)} for place, row in enumerate(rows)]
    layers = [
        _rule("low", "high"),
        _points("right", "circle", LOSS, LOSS),
        _points("found", "diamond", LOSS, PAPER),
        _labels(labels, layout),
    ]
    return _rows(values, layers, len(rows), layout)


def comparison_picture(rows: Sequence[Mapping[str, Any]], layout: Layout) -> Spec:
    """A reason each row: what the version reaches (disc), the serving one (diamond) and the word count (bar).

    `rows`: label, candidate, serving and baseline, shares or None.
    """
    values = [
        {"row": place, "kind": kind, "value": row[kind]}
        for place, row in enumerate(rows)
        for kind in ("candidate", "serving", "baseline")
        if row[kind] is not None
    ]
    spans = [
        {"row": place, "kind": "span", "value": 0, "low": row["serving"], "high": row["candidate"]}
        for place, row in enumerate(rows)
        if row["serving"] is not None and row["candidate"] is not None
    ]
    labels = [{"row": place, "label": row["label"]} for place, row in enumerate(rows)]
    layers = [
        _rule("low", "high"),
        _points("baseline", "stroke", QUIET, QUIET, angle=90),
        _points("serving", "diamond", LOSS, PAPER),
        _points("candidate", "circle", LOSS, LOSS),
        _labels(labels, layout),
    ]
    return _rows(values + spans, layers, len(rows), layout)


def _rule(low: str, high: str) -> Spec:
    return {
        "transform": [{"filter": f"isValid(datum.{low})"}],
        "mark": {"type": "rule", "stroke": LOSS, "strokeWidth": 2},
        "encoding": {"x": _hundred(low), "x2": {"field": high}, "y": _row()},
    }


def _points(kind: str, shape: str, stroke: str, fill: str, angle: int = 0) -> Spec:
    mark = {
        "type": "point", "shape": shape, "size": 100, "strokeWidth": 2, "stroke": stroke, "fill": fill, "opacity": 1,
        "angle": angle,
    }  # fmt: skip
    return {
        "transform": [{"filter": f"datum.kind === '{kind}'"}],
        "mark": mark,
        "encoding": {"x": _hundred("value"), "y": _row()},
    }


def _labels(values: list[Spec], layout: Layout) -> Spec:
    mark = {
        "type": "text", "align": layout.label_align, "baseline": "middle", "dy": -layout.above, "fontSize": 14,
        "color": INK, "limit": 240,
    }  # fmt: skip
    text = {"field": "label", "type": "nominal"}
    return {
        "data": {"values": values},
        "mark": mark,
        "encoding": {"x": {"value": layout.label_x}, "y": _row(), "text": text},
    }


def _row() -> Spec:
    return {"field": "row", "type": "quantitative", "axis": None}


def _hundred(field: str) -> Spec:
    axis = {"labelExpr": "format(100 * datum.value, '.0f')", "tickCount": 5, "orient": "bottom", "titlePadding": 8}
    title = {"title": str(_("Of 100"))}
    return {"field": field, "type": "quantitative", "scale": {"domain": [0, 1]}, "axis": axis | title}


def _rows(values: list[Spec], layers: list[Spec], count: int, layout: Layout) -> Spec:
    scale = {"domain": [-0.5, count - 0.5], "reverse": True, "nice": False, "zero": False}
    for layer in layers:
        layer["encoding"]["y"] = layer["encoding"]["y"] | {"scale": scale}
    return {
        "$schema": "https://vega.github.io/schema/vega-lite/v5.json",
        "data": {"values": values},
        "width": layout.width,
        "height": layout.row * count,
        "padding": {"left": layout.spare, "right": 4, "top": 4, "bottom": 4},
        "layer": layers,
        "config": CONFIG,
    }


def line_picture(line: Line) -> Spec:
    """A measure by day, with the band in which it should be; days outside it are solid dots."""
    values = [
        {"n": place, "value": day.value, "low": day.low, "high": day.high, "outside": day.is_outside}
        for place, day in enumerate(line.days)
    ]
    names = {str(place): formats.short_day(line.days[place].day) for place in {0, len(values) - 1}}
    axis = {
        "values": sorted(map(int, names)),
        "labelExpr": f"{json.dumps(names)}['' + datum.value]",
        "grid": False, "title": None, "labelFlush": True,
    }  # fmt: skip
    x = {"field": "n", "type": "quantitative", "axis": axis, "scale": {"zero": False, "nice": False}}
    is_index = line.measure == "score_shift"
    highest = max(max(day.value, day.high) for day in line.days)
    scale = {"domain": [0, highest or 1], "nice": True}
    form = ".2f" if is_index else ".0%" if highest > 0.03 else ".1%"
    y_axis = {"format": form, "tickCount": 3, "title": None}

    def y(field: str) -> Spec:
        return {"field": field, "type": "quantitative", "scale": scale, "axis": y_axis}

    layers = [
        {
            "mark": {"type": "area", "color": QUIET, "opacity": 0.2},
            "encoding": {"x": x, "y": y("low"), "y2": {"field": "high"}},
        },
        {"mark": {"type": "line", "stroke": LOSS, "strokeWidth": 2}, "encoding": {"x": x, "y": y("value")}},
        {
            "transform": [{"filter": f"datum.outside || datum.n === {len(values) - 1}"}],
            "mark": {"type": "point", "filled": True, "size": 60, "color": LOSS, "opacity": 1},
            "encoding": {"x": x, "y": y("value")},
        },
    ]
    return {
        "$schema": "https://vega.github.io/schema/vega-lite/v5.json",
        "data": {"values": values},
        "width": LINE_WIDTH,
        "height": LINE_HEIGHT,
        "padding": 4,
        "layer": layers,
        "config": CONFIG,
    }
