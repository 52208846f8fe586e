"""The pictures of the decision pack, kept as specifications, so that they stay what they were."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from survey import charts
from survey.investments import overview
from survey.investments import pictures as slopes
from survey.investments.pack_words import Reader
from survey.reports import sentences, telling
from survey.reports.contrasts import quarters_up_to
from survey.reports.counting import lost_in
from survey.reports.drawing import rows_drawn
from survey.reports.pictures import NARROW, WIDE, amounts_picture, reasons_picture, trend_picture

Spec = dict[str, Any]


@dataclass(frozen=True)
class Picture:
    """What is drawn, and what it says to who cannot see it."""

    spec: Spec
    label: str

    def drawn(self, language: str) -> Markup:
        return charts.svg(self.spec, self.label, language)


def pictures_of(read: Reader) -> dict[str, Picture]:
    """`trend`, `lost`; `reasons` and `slope` in two widths: those there is something to draw for."""
    return {**_how_many(read), **_why(read), **_money(read)}


def _how_many(read: Reader) -> dict[str, Picture]:
    found, drawn = read.found, {}
    if any(month.rate.at_risk for month in found.months):
        label = f"{sentences.trend_title(found)}. {sentences.trend_sentence(found)}"
        drawn["trend"] = Picture(trend_picture(found.months), label)
    quarters = quarters_up_to(read.quarter)
    amounts = lost_in(found.lens, quarters)
    if any(amounts):
        named = [(telling.quarter_name(each), float(lost)) for each, lost in zip(quarters, amounts, strict=True)]
        drawn["lost"] = Picture(amounts_picture(named), telling.lost_by_quarter(named))
    return drawn


def _why(read: Reader) -> dict[str, Picture]:
    if read.shown is None or read.top is None:
        return {}
    rows = rows_drawn(read.shown, "value", read.language)
    label = f"{telling.reasons_title(read.shown, 'value', read.language)}. {telling.basis_sentence(read.shown.shares)}"
    layouts = (("reasons_narrow", NARROW), ("reasons", WIDE))
    return {name: Picture(reasons_picture(rows, layout), label) for name, layout in layouts}


def _money(read: Reader) -> dict[str, Picture]:
    rows = read.money.rows
    if not any(row["spend"] for row in rows):
        return {}
    layouts = (("slope_narrow", slopes.NARROW), ("slope", slopes.WIDE))
    title = overview.title(rows)
    return {name: Picture(slopes.slope_picture(rows, read.language, layout), title) for name, layout in layouts}
