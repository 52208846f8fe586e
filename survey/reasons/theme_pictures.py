"""The picture of a group of answers: how many came in each month."""

import json
from collections.abc import Sequence
from typing import Any

from babel.dates import format_date

from survey.charts import LOSS, QUIET
from survey.reasons.themes import Month

WIDTH, HEIGHT = 276, 72
#: a name under every so many months, counted back from the last
LABEL_EVERY = 4


def months_picture(months: Sequence[Month], language: str) -> dict[str, Any]:
    """Bars that start at zero, one a month, the last of them the month under way."""
    places = list(range(len(months) - 1, -1, -LABEL_EVERY))
    names = {str(n): month_name(months[n], language, "LLL y") for n in places}
    plain = {"labelColor": QUIET, "labelFontSize": 12, "domain": False, "ticks": False, "title": None, "grid": False}
    along = plain | {"values": places, "labelExpr": f"{json.dumps(names)}['' + datum.value]", "labelAngle": 0}
    top = max(month.answers for month in months)
    up = plain | {"values": [0, top], "format": "d"}
    return {
        "$schema": "https://vega.github.io/schema/vega-lite/v5.json",
        "data": {"values": [{"n": n, "answers": month.answers} for n, month in enumerate(months)]},
        "width": WIDTH,
        "height": HEIGHT,
        # a name under the last bar sticks out to the right
        "padding": {"left": 4, "right": 28, "top": 8, "bottom": 4},
        "mark": {"type": "bar", "color": LOSS, "width": {"band": 0.7}},
        "encoding": {
            "x": {"field": "n", "type": "ordinal", "axis": along},
            "y": {"field": "answers", "type": "quantitative", "axis": up, "scale": {"domain": [0, max(top, 1)]}},
        },
        "config": {"font": "sans-serif", "view": {"stroke": None}},
    }


def month_name(month: Month, language: str, shape: str = "LLLL y") -> str:
    """The month with its year: November 2026."""
    return format_date(month.first, shape, locale=language)
