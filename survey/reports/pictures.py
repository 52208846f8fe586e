"""The specifications of the pictures: one function each, from figures to Vega-Lite."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask_babel import gettext as _

from survey import formats
from survey.charts import CONFIG, INK, LOSS, PAPER, QUIET
from survey.reports.breakdown import MeasuredRate, ReasonRow
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


def reasons_picture(rows: Sequence[ReasonRow], lost: Mapping[Any, int], language: str, layout: Layout) -> Spec:
    """Dot and line: each share with its interval, in the order given, and beside it what was `lost` with each row.

    Solid dots are reasons that the business can influence.
    """
    values = [
        {
            "row": place,
            "label": row.reason.label(language),
            "lost": formats.money(lost[row]),
            "share": row.share.estimate or 0.0,
            "low": row.share.low,
            "high": row.share.high,
            "solid": row.reason.influence == "yes",
        }
        for place, row in enumerate(rows)
    ]
    spec = _frame(values, layout.width, {"step": layout.row}, _reason_layers(layout))
    return spec | {"padding": {"left": layout.spare, "right": 4, "top": 4, "bottom": 4}}


def _reason_layers(layout: Layout) -> list[Spec]:
    return [
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
        _reason_text("label", layout.label_x, layout.label_align, layout),
        _reason_text("lost", layout.lost_x, layout.lost_align, layout),
        _heading(layout),
    ]


def _reason_text(field: str, x: int, align: str, layout: Layout) -> Spec:
    """The name of a reason, or what was lost for it."""
    mark = {
        "type": "text", "align": align, "baseline": "middle", "dy": -layout.above, "fontSize": 14, "color": INK,
        "limit": layout.limit,
    }  # fmt: skip
    x_place, text = {"value": x}, {"field": field, "type": "nominal"}
    return {"mark": mark, "encoding": {"x": x_place, "y": _row_axis(), "text": text}}


def _heading(layout: Layout) -> Spec:
    """What the figures at the right are."""
    mark = {
        "type": "text", "align": layout.lost_align, "baseline": "bottom", "fontSize": 12, "color": QUIET,
        "text": str(_("Lost value")), "x": layout.lost_x, "y": -8,
    }  # fmt: skip
    return {"data": {"values": [{}]}, "mark": mark}


def _row_axis() -> Spec:
    return {"field": "row", "type": "ordinal", "axis": None, "scale": {"paddingInner": 0, "paddingOuter": 0}}


def _share_axis(field: str) -> Spec:
    title = str(_("Share of the answers, with its 95%% interval")) % ()
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
