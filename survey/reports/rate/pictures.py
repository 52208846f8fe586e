"""The specifications of the pictures of the page: one function each, from figures to Vega-Lite."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from flask_babel import gettext as _

from survey.charts import CONFIG, INK, LOSS, PAPER, QUIET
from survey.reports.phrases import month_in_words
from survey.reports.rate.page import NamedUnit, Page, group_name, month_of

Spec = dict[str, Any]
NARROW, WIDE = 290, 620


def trend(page: Page, width: int) -> Spec:
    """The rate by month with its interval, the mean of twelve months, what is not known yet apart, and the breaks."""
    months, under = page.months, page.recounted.rates if page.recounted else {}
    values = [
        {
            "n": n, "rate": m.rated.share.estimate, "low": m.rated.share.low, "high": m.rated.share.high,
            "mean": m.mean.estimate if m.mean else None, "known": m.known == "whole",
            "under": under.get(m.period.first),
        }
        for n, m in enumerate(months)
        if m.rated.at_risk
    ]  # fmt: skip
    counted = [v["under"] for v in values if v["under"] is not None]
    top = _ceiling([v["rate"] for v in values] + counted, [v["high"] for v in values if v["known"]])
    x = _month_axis(months, width)
    layers = [
        _band(x, top, "datum.known"),
        _points(x, top),
        _line(x, "mean", top, {"stroke": INK, "strokeWidth": 2.5}),
        _line(x, "under", top, {"stroke": QUIET, "strokeWidth": 2, "strokeDash": [2, 3]}),
        _break_rules(page, x),
    ]
    return frame(values, width, 170, layers)


def stopped(page: Page, width: int) -> Spec:
    """Who came for the last time in each month: known months as points, the others as what may still be."""
    months = page.stopped
    values = [
        {
            "n": n, "rate": m.gone / m.at_risk, "low": m.low, "high": m.high,
            "mean": None, "known": m.known == "whole",
        }
        for n, m in enumerate(months)
        if m.at_risk
    ]  # fmt: skip
    known = [v for v in values if v["known"]]
    top = _ceiling([v["rate"] for v in known], [v["high"] for v in known])
    x = _month_axis(months, width)
    waiting = {
        "transform": [{"filter": "!datum.known"}],
        "mark": {"type": "rule", "stroke": QUIET, "strokeWidth": 2, "strokeDash": [3, 3]},
        "encoding": {"x": x, "y": _rate_axis("low", top), "y2": {"field": "high"}},
    }
    known_points = {**_points(x, top), "transform": [{"filter": "datum.known"}]}
    return frame(values, width, 170, [_band(x, top, "datum.known"), known_points, waiting])


def funnel(units: Sequence[NamedUnit], beside: Any, width: int) -> Spec:
    """Rates by size, between the lines within which chance leaves them."""
    points = [
        {
            "size": u.row.at_risk, "rate": u.row.rate, "name": u.name if u.row.outside else "",
            "side": u.row.outside,
        }
        for u in units
        if u.row.drawn
    ]  # fmt: skip
    lines = [dict(zip(("size", "a", "b", "c", "d"), line, strict=True)) for line in beside.lines]
    top = max([p["rate"] for p in points] + [min(line["d"], 4 * beside.overall) for line in lines] + [0.001]) * 1.1
    axis = {"title": _("Customers at risk, four quarters added up"), "tickCount": 4, "grid": False, "format": ",d"}
    x = {"field": "size", "type": "quantitative", "scale": {"zero": False, "nice": False}, "axis": axis}
    layers: list[Spec] = [
        {"data": {"values": lines}, **_funnel_line(x, field, top, dash)}
        for field, dash in (("a", None), ("b", [4, 4]), ("c", [4, 4]), ("d", None))
    ]
    layers.append(
        {
            "data": {"values": lines},
            "mark": {"type": "line", "stroke": INK, "strokeWidth": 1.5},
            "encoding": {"x": x, "y": {"datum": beside.overall, "scale": {"domain": [0, top]}}},
        }
    )
    layers += [_funnel_points(x, top), _funnel_names(x, top)]
    return frame(points, width, 220, layers)


def _funnel_line(x: Spec, field: str, top: float, dash: list[int] | None) -> Spec:
    mark: Spec = {"type": "line", "stroke": QUIET, "strokeWidth": 1.5, "clip": True}
    if dash:
        mark["strokeDash"] = dash
    return {"mark": mark, "encoding": {"x": x, "y": _rate_axis(field, top)}}


def _funnel_points(x: Spec, top: float) -> Spec:
    """A triangle for who lies beyond the outer line, pointing there; a dot for all others."""
    shape = {"field": "side", "type": "nominal", "legend": None, "scale": {
        "domain": [-1, 0, 1], "range": ["triangle-down", "circle", "triangle-up"]}}  # fmt: skip
    fill = {"condition": {"test": "datum.side !== 0", "value": LOSS}, "value": INK}
    mark = {"type": "point", "size": 80, "opacity": 1, "strokeWidth": 0}
    return {"mark": mark, "encoding": {"x": x, "y": _rate_axis("rate", top), "shape": shape, "fill": fill}}


def _funnel_names(x: Spec, top: float) -> Spec:
    mark = {"type": "text", "align": "right", "dx": -9, "baseline": "middle", "fontSize": 13, "color": INK}
    text = {"field": "name", "type": "nominal"}
    return {"mark": mark, "encoding": {"x": x, "y": _rate_axis("rate", top), "text": text}}


def survival(staying: Any, width: int) -> Spec:
    """The share that is still there by month of tenure: a small picture for each group, all on one scale."""
    values = [
        {"group": group_name(g.name), "month": month, "stays": s.estimate, "low": s.low, "high": s.high}
        for g in staying.curves
        for month, s in zip(g.curve.at, g.curve.stays, strict=True)
    ]
    order = [group_name(g.name) for g in staying.curves]
    x = {"field": "month", "type": "quantitative", "axis": {
        "title": _("Months as a customer"), "values": [0, 24, 48], "grid": False}}  # fmt: skip
    y = {"type": "quantitative", "scale": {"domain": [0, 1]}, "axis": {
        "format": ".0%", "tickCount": 3, "title": None}}  # fmt: skip
    layers = [
        {
            "mark": {"type": "area", "color": LOSS, "opacity": 0.2, "interpolate": "step-after"},
            "encoding": {"x": x, "y": {**y, "field": "low"}, "y2": {"field": "high"}},
        },
        {
            "mark": {"type": "line", "stroke": LOSS, "strokeWidth": 2, "interpolate": "step-after"},
            "encoding": {"x": x, "y": {**y, "field": "stays"}},
        },
    ]
    header = {"title": None, "labelFontSize": 13, "labelColor": INK, "labelAnchor": "start", "labelLimit": width // 2}
    facet = {"field": "group", "type": "nominal", "sort": order, "header": header}
    inner = {"width": (width - 70) // 2, "height": 90, "layer": layers}
    return {**_head(values), "facet": facet, "columns": 2, "spacing": 14, "spec": inner}


def hazard(rows: Sequence[Any], width: int) -> Spec:
    """Dot and line: the share that stops a month, by month of tenure."""
    values = [
        {"at": (r.start + r.end) / 2, "rate": r.share.estimate, "low": r.share.low, "high": r.share.high} for r in rows
    ]
    top = _ceiling([v["rate"] for v in values], [v["high"] for v in values])
    x = {"field": "at", "type": "quantitative", "axis": {
        "title": _("Months as a customer"), "values": [0, 3, 6, 9, 12, 18, 24], "grid": False}}  # fmt: skip
    layers = [
        {
            "mark": {"type": "rule", "stroke": LOSS, "strokeWidth": 2, "clip": True},
            "encoding": {"x": x, "y": _rate_axis("low", top), "y2": {"field": "high"}},
        },
        {
            "mark": {"type": "point", "filled": True, "size": 45, "color": LOSS, "opacity": 1},
            "encoding": {"x": x, "y": _rate_axis("rate", top)},
        },
    ]
    return frame(values, width, 150, layers)


def channels(found: Any, width: int) -> Spec:
    """Dot and line: of those who came by each channel, the share that could not be kept; by name."""
    rows = sorted(found.channels, key=lambda channel: group_name(channel.name).casefold())
    values = [
        {
            "row": n, "label": group_name(c.name), "share": c.row.share.estimate, "low": c.row.share.low,
            "high": c.row.share.high, "real": c.row.p is not None and c.row.p <= 0.05,
        }
        for n, c in enumerate(rows)
    ]  # fmt: skip
    y = {"field": "row", "type": "ordinal", "axis": None, "scale": {"paddingInner": 0, "paddingOuter": 0}}
    x = {"type": "quantitative", "scale": {"zero": True, "nice": True}, "axis": {
        "format": ".0%", "tickCount": 5, "title": _("Share that could not be kept, with its interval")}}  # fmt: skip
    fill = {"condition": {"test": "datum.real", "value": LOSS}, "value": PAPER}
    label = {"type": "text", "align": "left", "x": 0, "dy": -16, "fontSize": 14, "color": INK, "limit": width}
    layers = [
        {
            "mark": {"type": "rule", "stroke": LOSS, "strokeWidth": 2},
            "encoding": {"x": {**x, "field": "low"}, "x2": {"field": "high"}, "y": y},
        },
        {
            "mark": {"type": "point", "size": 110, "strokeWidth": 2, "stroke": LOSS, "opacity": 1},
            "encoding": {"x": {**x, "field": "share"}, "y": y, "fill": fill},
        },
        {"mark": label, "encoding": {"y": y, "text": {"field": "label", "type": "nominal"}}},
    ]
    return frame(values, width, {"step": 46}, layers)


def _band(x: Spec, top: float, test: str) -> Spec:
    return {
        "transform": [{"filter": test}],
        "mark": {"type": "rule", "stroke": LOSS, "strokeWidth": 5, "opacity": 0.25, "clip": True},
        "encoding": {"x": x, "y": _rate_axis("low", top), "y2": {"field": "high"}},
    }


def _points(x: Spec, top: float) -> Spec:
    """Solid where a month is known, hollow where it is not yet or cannot be."""
    fill = {"condition": {"test": "datum.known", "value": LOSS}, "value": PAPER}
    mark = {"type": "point", "size": 40, "stroke": LOSS, "strokeWidth": 1.5, "opacity": 1}
    return {"mark": mark, "encoding": {"x": x, "y": _rate_axis("rate", top), "fill": fill}}


def _line(x: Spec, field: str, top: float, look: Spec) -> Spec:
    mark = {"type": "line", **look}
    test = f"isValid(datum.{field})"
    return {"transform": [{"filter": test}], "mark": mark, "encoding": {"x": x, "y": _rate_axis(field, top)}}


def _break_rules(page: Page, x: Spec) -> Spec:
    """An upright line where another definition came into force."""
    places = [
        {"n": n - 0.5}
        for n, month in enumerate(page.months)
        if any(month.period.first <= each.on <= month.period.last for each in page.breaks)
    ]
    mark = {"type": "rule", "stroke": INK, "strokeWidth": 1, "strokeDash": [6, 3]}
    return {"data": {"values": places}, "mark": mark, "encoding": {"x": x}}


def _ceiling(rates: Sequence[float], highs: Sequence[float]) -> float:
    """The top of the axis: the highest interval, unless one of few customers would flatten all others."""
    return max(min(max(highs, default=0), 2 * max(rates, default=0)), max(rates, default=0) * 1.05, 0.001)


def _rate_axis(field: str, top: float) -> Spec:
    scale = {"domain": [0, top], "clamp": True, "nice": False}
    axis = {"format": ".0%" if top > 0.03 else ".1%", "tickCount": 4, "title": None}
    return {"field": field, "type": "quantitative", "scale": scale, "axis": axis}


def _month_axis(months: Sequence[Any], width: int) -> Spec:
    """Names of months: the last, and backwards from it."""
    step = 8 if width < WIDE else 4
    places = list(range(len(months) - 1, -1, -step))
    names = {str(n): month_in_words(month_of(months[n].period), "abbreviated") for n in places}
    expression = f"{json.dumps(names)}['' + datum.value]"
    axis = {"values": places, "labelExpr": expression, "grid": False, "title": None, "labelFlush": True}
    scale = {"domain": [-0.5, len(months) - 0.5], "nice": False}
    return {"field": "n", "type": "quantitative", "scale": scale, "axis": axis}


def _head(values: Sequence[Spec]) -> Spec:
    schema = "https://vega.github.io/schema/vega-lite/v5.json"
    return {"$schema": schema, "data": {"values": list(values)}, "padding": 4, "config": CONFIG}


def frame(values: Sequence[Spec], width: int, height: int | Spec, layers: Sequence[Spec]) -> Spec:
    """A picture of layers over the same values."""
    return {**_head(values), "width": width, "height": height, "layer": list(layers)}
