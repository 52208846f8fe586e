"""The slope picture of money and loss, and the series by month of one investment: figures in, Vega-Lite out."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from flask_babel import format_date
from flask_babel import gettext as _

from survey.charts import CONFIG, GRID, INK, LOSS, QUIET
from survey.formats import percent
from survey.investments.monthly import first_day
from survey.investments.saying import Told

Spec = dict[str, Any]
#: a month's name stands under so many months
LABEL_EVERY = 6


@dataclass(frozen=True)
class Slope:
    """How wide the plot is, how high, and how much room names have at its right, in pixels."""

    width: int
    height: int
    names: int


NARROW, WIDE = Slope(90, 330, 180), Slope(260, 360, 300)
#: between two texts that would else stand on each other, as a part of the height
GAP = 0.058
#: reasons beyond these are drawn in grey without a name, unless money is spent on them
NAMED = 5


def slope_picture(rows: Sequence[dict[str, Any]], language: str, slope: Slope) -> Spec:
    """A line for each reason, from its share of the money at the left to its share of the lost value at the right."""
    top = max([0.1, *(row["spend_share"] for row in rows), *(row["share"] for row in rows)])
    named = [row for place, row in enumerate(rows) if row["spend_share"] > 0 or (place < NAMED and row["share"] > 0)]
    right = spread([row["share"] / top for row in named])
    spent = [row for row in named if row["spend_share"] > 0]
    left = spread([row["spend_share"] / top for row in spent])
    texts = [
        {"x": 1, "y": y * top, "text": f"{percent(row['share'], 0)}  {row[language]}", "spent": row["spend_share"] > 0}
        for row, y in zip(named, right, strict=True)
    ]
    shares = [
        {"x": 0, "y": y * top, "text": percent(row["spend_share"], 0)} for row, y in zip(spent, left, strict=True)
    ]
    lines = [
        {"code": row["code"], "x": x, "y": row[key], "spent": row["spend_share"] > 0, "named": row in named}
        for row in rows
        for x, key in ((0, "spend_share"), (1, "share"))
    ]
    layers = [
        _lines(lines, top), _dots(lines, top), _texts(texts, top, "left", 10, slope.names),
        _texts(shares, top, "right", -10, 60), *_headings(slope),
    ]  # fmt: skip
    padding = {"left": 48, "right": slope.names + 8, "top": 40, "bottom": 10}
    return _frame(slope.width, slope.height, layers) | {"padding": padding, "autosize": {"type": "none"}}


def spread(places: Sequence[float], gap: float = GAP) -> list[float]:
    """Places of texts, moved apart where two stand nearer than the gap; their order stays."""
    order = sorted(range(len(places)), key=lambda n: places[n])
    moved = list(places)
    for before, n in zip(order, order[1:], strict=False):
        moved[n] = max(moved[n], moved[before] + gap)
    return moved


def _x() -> Spec:
    return {"field": "x", "type": "quantitative", "axis": None, "scale": {"domain": [0, 1], "nice": False}}


def _y(top: float) -> Spec:
    return {"field": "y", "type": "quantitative", "axis": None, "scale": {"domain": [0, top], "nice": False}}


def _colour() -> Spec:
    """Money is spent on it: the colour of what can be stopped; else ink for what costs most, grey for the rest."""
    return {"condition": [{"test": "datum.spent", "value": LOSS}, {"test": "datum.named", "value": INK}], "value": GRID}


def _lines(values: list[Spec], top: float) -> Spec:
    width = {"condition": {"test": "datum.spent", "value": 3}, "value": 1.5}
    detail = {"field": "code", "type": "nominal"}
    encoding = {"x": _x(), "y": _y(top), "detail": detail, "stroke": _colour(), "strokeWidth": width}
    return {"data": {"values": values}, "mark": {"type": "line"}, "encoding": encoding}


def _dots(values: list[Spec], top: float) -> Spec:
    mark = {"type": "point", "filled": True, "size": 60, "opacity": 1}
    encoding = {"x": _x(), "y": _y(top), "fill": _colour()}
    return {"data": {"values": values}, "mark": mark, "encoding": encoding}


def _texts(values: list[Spec], top: float, align: str, dx: int, limit: int) -> Spec:
    mark = {
        "type": "text",
        "align": align,
        "baseline": "middle",
        "dx": dx,
        "fontSize": 13,
        "limit": limit,
        "color": INK,
    }
    encoding = {"x": _x(), "y": _y(top), "text": {"field": "text", "type": "nominal"}}
    return {"data": {"values": values}, "mark": mark, "encoding": encoding}


def _headings(slope: Slope) -> list[Spec]:
    """What stands at the left and what at the right."""
    said = ((str(_("Of the money")), 0, "left", -44), (str(_("Of the loss")), slope.width, "left", 10))
    return [
        {
            "data": {"values": [{}]},
            "mark": {
                "type": "text", "text": text, "x": x, "y": -18, "align": align, "dx": dx, "fontSize": 13,
                "fontWeight": "bold", "color": QUIET,
            },
        }
        for text, x, align, dx in said
    ]  # fmt: skip


def series_picture(told: Told) -> Spec:
    """Departures for its reasons by month, the start marked, the wash-in shaded, what it is held against in grey."""
    inputs = told.row.inputs
    series, first = inputs["series"], inputs["series"]["first"]
    values = [
        {"n": n, "y": y, "kind": kind}
        for kind, column in (("a", series["targeted"]), *_controls(told))
        for n, y in enumerate(column)
    ]
    start, acts, last = inputs["start"] - first, inputs["acts_from"] - first, len(series["targeted"]) - 1
    layers: list[Spec] = []
    x_axis = {"axis": _month_axis(first, last), "scale": {"domain": [0, max(last, 1)], "nice": False}}
    x = {"field": "n", "type": "quantitative", **x_axis}
    if 0 <= start <= last:
        band = {"from": start - 0.5 if start else 0, "to": min(max(acts - 0.5, start), last)}
        if acts > start:
            layers.append({
                "data": {"values": [band]},
                "mark": {"type": "rect", "color": GRID, "opacity": 0.5},
                "encoding": {"x": {**x, "field": "from"}, "x2": {"field": "to"}},
            })  # fmt: skip
        layers += _start_mark(band["from"], x)
    y = {"field": "y", "type": "quantitative", "axis": {"title": None, "tickCount": 4}, "scale": {"zero": True}}
    for kind, colour, width, dash in (("c", QUIET, 1.5, [2, 3]), ("b", QUIET, 1.5, [6, 3]), ("a", LOSS, 2.5, [1, 0])):
        layers.append({
            "transform": [{"filter": f"datum.kind === '{kind}'"}],
            "mark": {"type": "line", "stroke": colour, "strokeWidth": width, "strokeDash": dash},
            "encoding": {"x": x, "y": y},
        })  # fmt: skip
    return {
        **_frame(300, 170, layers),
        "data": {"values": values},
        "padding": {"left": 4, "right": 34, "top": 20, "bottom": 4},
    }


def _start_mark(place: float, x: Spec) -> list[Spec]:
    data = {"values": [{"from": place}]}
    where = {"x": {**x, "field": "from"}}
    rule = {"type": "rule", "stroke": INK, "strokeWidth": 1.5}
    text = {"type": "text", "text": str(_("start")), "y": -8, "fontSize": 12, "color": INK, "align": "left"}
    return [{"data": data, "mark": rule, "encoding": where}, {"data": data, "mark": text, "encoding": where}]


def control_columns(told: Told) -> dict[str, list[float]]:
    """Other reasons in the same place, and the same reasons elsewhere for as many customers, each scaled to the height
    of the targeted reasons before the start; a column of nothing is left out."""
    inputs = told.row.inputs
    series, before = inputs["series"], max(inputs["start"] - inputs["series"]["first"], 0)
    elsewhere = [
        y * here / there if there else 0.0
        for y, here, there in zip(series["elsewhere"], series["at_risk"], series["at_risk_elsewhere"], strict=True)
    ]
    found = {}
    for name, column in (("others", series["others"]), ("elsewhere", elsewhere)):
        whole = sum(column[:before])
        if whole > 0:
            found[name] = [y * sum(series["targeted"][:before]) / whole for y in column]
    return found


def _controls(told: Told) -> list[tuple[str, list[float]]]:
    columns, used = control_columns(told), told.row.result["controls"]
    wanted = {"branches": ("elsewhere",), "both": ("others", "elsewhere")}.get(used, ("others",))
    return [(kind, columns[name]) for kind, name in zip("bc", wanted, strict=False) if name in columns]


def _month_axis(first: int, last: int) -> Spec:
    places = list(range(last, -1, -LABEL_EVERY))
    names = {str(n): str(format_date(first_day(first + n), "MMM y")) for n in places}
    expression = f"{json.dumps(names)}['' + datum.value]"
    return {"values": places, "labelExpr": expression, "grid": False, "title": None, "labelFlush": False}


def _frame(width: int, height: int, layers: list[Spec]) -> Spec:
    return {
        "$schema": "https://vega.github.io/schema/vega-lite/v5.json",
        "width": width,
        "height": height,
        "layer": layers,
        "config": CONFIG,
    }
