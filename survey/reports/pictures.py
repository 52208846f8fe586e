"""The specifications of the pictures: one function each, from figures to Vega-Lite."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from flask_babel import gettext as _

from survey.charts import CONFIG, INK, LOSS, PAPER, QUIET
from survey.reports.breakdown import MeasuredRate
from survey.reports.phrases import month_in_words

Spec = dict[str, Any]

LABEL_EVERY = 8
TREND_WIDTH, TREND_HEIGHT = 276, 120


@dataclass(frozen=True)
class Layout:
    """How the reasons are set out: where a label and what was lost stand, from the row's own line and its ends."""

    width: int
    row: int
    #: left end and right end of the plot, alignment of the two texts, and how far above the line they stand
    label_x: int
    label_align: str
    lost_x: int
    lost_align: str
    above: int
    #: room for a typeface wider than the one that the renderer measures with
    spare: int
    #: where a long label is cut
    limit: int


#: label above its line on a phone, beside it on a desktop
NARROW = Layout(
    width=320, row=48, label_x=0, label_align="left", lost_x=320, lost_align="right", above=17, spare=4, limit=225
)
WIDE = Layout(
    width=400, row=34, label_x=-16, label_align="right", lost_x=490, lost_align="right", above=0, spare=36, limit=240
)


@dataclass(frozen=True)
class Drawn:
    """One reason as it is drawn: its label, what was lost (in words), and its share with the ends of the interval."""

    label: str
    lost: str
    share: float
    low: float
    high: float
    #: the business can influence it
    solid: bool


def reasons_picture(rows: Sequence[Drawn], layout: Layout, axis: str = "", heading: str = "") -> Spec:
    """Dot and line: each share with its interval, in the order given, and beside it what was lost with each row.

    Solid dots are reasons that the business can influence. `axis`, `heading`: what the shares and the amounts are.
    """
    values = [asdict(row) | {"row": place} for place, row in enumerate(rows)]
    spec = _frame(values, layout.width, {"step": layout.row}, _reason_layers(layout, axis, heading))
    return spec | {"padding": {"left": layout.spare, "right": 4, "top": 4, "bottom": 4}}


def _reason_layers(layout: Layout, axis: str, heading: str) -> list[Spec]:
    return [
        {
            "mark": {"type": "rule", "stroke": LOSS, "strokeWidth": 2},
            "encoding": {"x": _share_axis("low", axis), "x2": {"field": "high"}, "y": _row_axis()},
        },
        {
            "mark": {"type": "point", "size": 110, "strokeWidth": 2, "stroke": LOSS, "opacity": 1},
            "encoding": {
                "x": _share_axis("share", axis),
                "y": _row_axis(),
                "fill": {"condition": {"test": "datum.solid", "value": LOSS}, "value": PAPER},
            },
        },
        _reason_text("label", layout.label_x, layout.label_align, layout),
        _reason_text("lost", layout.lost_x, layout.lost_align, layout),
        _heading(layout, heading),
    ]


def _reason_text(field: str, x: int, align: str, layout: Layout) -> Spec:
    """The name of a reason, or what was lost for it."""
    mark = {
        "type": "text", "align": align, "baseline": "middle", "dy": -layout.above, "fontSize": 14, "color": INK,
        "limit": layout.limit,
    }  # fmt: skip
    x_place, text = {"value": x}, {"field": field, "type": "nominal"}
    return {"mark": mark, "encoding": {"x": x_place, "y": _row_axis(), "text": text}}


def _heading(layout: Layout, heading: str) -> Spec:
    """What the figures at the right are."""
    mark = {
        "type": "text", "align": layout.lost_align, "baseline": "bottom", "fontSize": 12, "color": QUIET,
        "text": heading or str(_("Lost value")), "x": layout.lost_x, "y": -8,
    }  # fmt: skip
    return {"data": {"values": [{}]}, "mark": mark}


def _row_axis() -> Spec:
    return {"field": "row", "type": "ordinal", "axis": None, "scale": {"paddingInner": 0, "paddingOuter": 0}}


def _share_axis(field: str, axis_title: str) -> Spec:
    title = axis_title or str(_("Share of those who left, with its 95%% interval")) % ()
    axis = {"format": ".0%", "tickCount": 5, "orient": "bottom", "title": title, "titlePadding": 8}
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
    return _frame(values, TREND_WIDTH, TREND_HEIGHT, layers)


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


@dataclass(frozen=True)
class QuarterPoint:
    """The share of one reason in one quarter; `place` counts quarters from 0."""

    reason: str
    place: int
    quarter: str
    share: float
    low: float
    high: float


def quarters_picture(points: Sequence[QuarterPoint], reasons: Sequence[str]) -> Spec:
    """Small multiples: one for each of these reasons, a dot and a line for each quarter."""
    names = {str(point.place): point.quarter for point in points}
    places = sorted({point.place for point in points})
    ends = sorted({places[0], places[-1]}) if places else []
    x = {
        "field": "place", "type": "quantitative",
        "scale": {"domain": [places[0] - 0.5, places[-1] + 0.5] if places else [0, 1], "nice": False},
        "axis": {"values": ends, "labelExpr": f"{json.dumps(names)}['' + datum.value]", "grid": False, "title": None,
                 "labelFlush": True},
    }  # fmt: skip
    axis = {"format": ".0%", "tickCount": 3, "title": None}

    def y(field: str) -> Spec:
        return {"field": field, "type": "quantitative", "scale": {"zero": True, "nice": True}, "axis": axis}

    layers = [
        {
            "mark": {"type": "rule", "stroke": LOSS, "strokeWidth": 2},
            "encoding": {"x": x, "y": y("low"), "y2": {"field": "high"}},
        },
        {
            "mark": {"type": "point", "filled": True, "size": 60, "color": LOSS, "opacity": 1},
            "encoding": {"x": x, "y": y("share")},
        },
    ]
    header = {"title": None, "labelFontSize": 13, "labelColor": INK, "labelAnchor": "start", "labelLimit": 290}
    return {
        "$schema": "https://vega.github.io/schema/vega-lite/v5.json",
        "data": {"values": [asdict(point) for point in points]},
        "facet": {"field": "reason", "type": "nominal", "sort": list(reasons), "header": header},
        "columns": 1,
        "spec": {"width": 270, "height": 76, "layer": layers},
        "padding": 4,
        "config": CONFIG,
    }


def amounts_picture(amounts: Sequence[tuple[str, float]]) -> Spec:
    """What was lost, by quarter: (name, amount), oldest first; bars from zero."""
    values = [{"n": n, "name": name, "amount": amount} for n, (name, amount) in enumerate(amounts)]
    names = {str(n): name for n, (name, _amount) in enumerate(amounts)}
    last = len(amounts) - 1
    x = {
        "field": "n", "type": "ordinal", "scale": {"paddingInner": 0.35},
        "axis": {"values": sorted({0, last}), "labelExpr": f"{json.dumps(names)}['' + datum.value]", "labelAngle": 0,
                 "title": None, "labelAlign": {"condition": {"test": "datum.value > 0", "value": "right"},
                                               "value": "left"}},
    }  # fmt: skip
    axis = {"format": "~s", "tickCount": 3, "title": None}
    y = {"field": "amount", "type": "quantitative", "scale": {"zero": True, "nice": True}, "axis": axis}
    opacity = {"condition": {"test": f"datum.n === {last}", "value": 1}, "value": 0.45}
    layer = {"mark": {"type": "bar", "color": LOSS}, "encoding": {"x": x, "y": y, "opacity": opacity}}
    return _frame(values, TREND_WIDTH, TREND_HEIGHT, [layer])


def _frame(values: list[Spec], width: int, height: int | Spec, layers: list[Spec]) -> Spec:
    return {
        "$schema": "https://vega.github.io/schema/vega-lite/v5.json",
        "data": {"values": values},
        "width": width,
        "height": height,
        "padding": 4,
        "layer": layers,
        "config": CONFIG,
    }
