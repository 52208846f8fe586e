"""The pictures of the reasons as they stand in a page: from what was found to markup, each with what it says."""

from markupsafe import Markup

from survey import charts
from survey.reports import telling
from survey.reports.contrasts import Contrasts
from survey.reports.estimates import is_influenceable
from survey.reports.findings import Findings
from survey.reports.pictures import (
    NARROW,
    WIDE,
    Drawn,
    QuarterPoint,
    quarters_picture,
    reasons_picture,
)

#: reasons of which the quarters are drawn
DRAWN = 4
#: quarters needed for a picture of them
FEWEST_QUARTERS = 3


def reasons_drawn(found: Findings, order: str, language: str) -> dict[str, Markup]:
    """The dot-and-line picture in two widths, `narrow` and `wide`; nothing where nobody answered."""
    places = telling.ordered(found, order)
    if not places:
        return {}
    label = f"{telling.reasons_title(found, order, language)}. {telling.basis_sentence(found.shares)}"
    rows = rows_drawn(found, order, language)
    layouts = (("narrow", NARROW), ("wide", WIDE))
    return {name: charts.svg(reasons_picture(rows, layout), label, language) for name, layout in layouts}


def rows_drawn(found: Findings, order: str, language: str) -> list[Drawn]:
    """The reasons as they are drawn, the first at the top."""
    return [_drawn(found, k, language) for k in telling.ordered(found, order)]


def _drawn(found: Findings, k: int, language: str) -> Drawn:
    reason, share = found.shares.reasons[k], found.shares.best[k]
    lost = telling.amount(found.lost.each[k].estimate) if found.lost else ""
    label = reason.label(language)
    return Drawn(label, lost, share.estimate or 0.0, share.low, share.high, is_influenceable(reason))


def quarters_drawn(found: Findings, order: str, language: str) -> Markup | None:
    """Small multiples of the reasons that come first; None where too few quarters have answers."""
    contrasts = found.contrasts
    if contrasts is None or sum(bool(quarter.shares) for quarter in contrasts.quarters) < FEWEST_QUARTERS:
        return None
    places = telling.ordered(found, order)[:DRAWN]
    label = f"{telling.trend_title(contrasts, found, language)}. {telling.trend_sentence(found, contrasts)}"
    names = [found.shares.reasons[k].label(language) for k in places]
    return charts.svg(quarters_picture(_points(contrasts, places, names), names), label, language)


def _points(contrasts: Contrasts, places: list[int], names: list[str]) -> list[QuarterPoint]:
    return [
        QuarterPoint(name, n, telling.quarter_name(quarter.period), each.estimate, each.low, each.high)
        for k, name in zip(places, names, strict=True)
        for n, quarter in enumerate(contrasts.quarters)
        if quarter.shares and (each := quarter.shares[k]).estimate is not None
    ]
