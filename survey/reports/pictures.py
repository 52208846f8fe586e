"""The specifications of the pictures: one function each, from figures to Vega-Lite."""

import json
from collections.abc import Sequence
from typing import Any

from survey import formats
from survey.charts import GRID, INK, LOSS, PAPER, QUIET
from survey.reports.breakdown import MeasuredRate, ReasonRow
from survey.reports.sentences import month_in_words

Spec = dict[str, Any]

#: phone and desktop
NARROW, WIDE = 320, 640
ROW = 46
LABEL_EVERY = 6

_CONFIG: Spec = {
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


def reasons_picture(rows: Sequence[ReasonRow], language: str, width: int) -> Spec:
    """Dot and line: each share with its interval, in the order given; what was lost stands beside the label."""
    values = [
        {
            "row": place,
            "label": row.reason.label(language),
            "lost": formats.money(row.lost_value),
            "share": row.share.estimate or 0.0,
            "low": row.share.low,
            "high": row.share.high,
            "solid": row.reason.influence == "yes",
        }
        for place, row in enumerate(rows)
    ]
    return _frame(
        values,
        width,
        {"step": ROW},
        [
            _reason_text("label", {"value": 0}, "left", INK),
            _reason_text("lost", {"value": width}, "right", INK),
            {
                "mark": {"type": "rule", "stroke": LOSS, "strokeWidth": 2},
                "encoding": {"x": _share_axis("low"), "x2": {"field": "high"}, "y": _row_axis()},
            },
            {
                "mark": {"type": "point", "size": 110, "strokeWidth": 2, "stroke": LOSS, "opacity": 1},
                "encoding": {
                    "x": _share_axis("share"),
                    "y": _row_axis(),
                    "fill": {"condition": {"test": "datum.solid", "value": LOSS}, "value": PAPER},
                },
            },
        ],
    )


def _reason_text(field: str, x: Spec, align: str, colour: str) -> Spec:
    """Words above the line of a reason."""
    mark = {"type": "text", "align": align, "baseline": "bottom", "dy": -8, "fontSize": 14, "color": colour}
    return {"mark": mark, "encoding": {"x": x, "y": _row_axis(), "text": {"field": field, "type": "nominal"}}}


def _row_axis() -> Spec:
    return {"field": "row", "type": "ordinal", "axis": None, "scale": {"paddingInner": 0, "paddingOuter": 0.15}}


def _share_axis(field: str) -> Spec:
    axis = {"format": ".0%", "tickCount": 5, "orient": "bottom", "title": None}
    return {"field": field, "type": "quantitative", "scale": {"zero": True, "nice": True}, "axis": axis}


def trend_picture(months: Sequence[MeasuredRate]) -> Spec:
    """The rate by month, its interval as a band; months in which there were no customers are left out."""
    values = [
        {"n": n, "rate": month.share.estimate, "low": month.share.low, "high": month.share.high}
        for n, month in enumerate(months)
        if month.rate.at_risk
    ]
    top = _ceiling(months)
    x = {"field": "n", "type": "quantitative", "axis": _month_axis(months), "scale": {"zero": False, "nice": False}}
    layers: list[Spec] = [
        {
            "mark": {"type": "area", "color": LOSS, "opacity": 0.2},
            "encoding": {"x": x, "y": _rate_axis("low", top), "y2": {"field": "high"}},
        },
        {
            "mark": {"type": "line", "stroke": LOSS, "strokeWidth": 2},
            "encoding": {"x": x, "y": _rate_axis("rate", top)},
        },
        {
            "transform": [{"filter": f"datum.n === {len(months) - 1}"}],
            "mark": {"type": "point", "filled": True, "size": 70, "color": LOSS, "opacity": 1},
            "encoding": {"x": x, "y": _rate_axis("rate", top)},
        },
    ]
    return _frame(values, NARROW - 44, 120, layers)


def _ceiling(months: Sequence[MeasuredRate]) -> float:
    """The top of the axis: the highest interval, unless a month of few customers would flatten all others."""
    known = [month.share for month in months if month.rate.at_risk]
    highest = max((share.estimate or 0 for share in known), default=0)
    return max(min(max((share.high for share in known), default=0), 2 * highest), 0.001)


def _rate_axis(field: str, top: float) -> Spec:
    scale = {"domain": [0, top], "clamp": True, "nice": True}
    axis = {"format": ".0%" if top > 0.03 else ".1%", "tickCount": 3, "title": None}
    return {"field": field, "type": "quantitative", "scale": scale, "axis": axis}


def _month_axis(months: Sequence[MeasuredRate]) -> Spec:
    """Names of months under the picture: the last, and backwards from it."""
    places = list(range(len(months) - 1, -1, -LABEL_EVERY))
    names = {str(n): month_in_words(months[n].rate.period, "abbreviated") for n in places}
    expression = f"{json.dumps(names)}['' + datum.value]"
    return {"values": places, "labelExpr": expression, "grid": False, "title": None, "labelFlush": True}


def _frame(values: list[Spec], width: int, height: int | Spec, layers: list[Spec]) -> Spec:
    return {
        "$schema": "https://vega.github.io/schema/vega-lite/v5.json",
        "data": {"values": values},
        "width": width,
        "height": height,
        "padding": 4,
        "layer": layers,
        "config": _CONFIG,
    }
