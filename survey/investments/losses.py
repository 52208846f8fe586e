"""What each reason costs a year, from the series by month: what an investment is held against.

By the main reason that customers ticked, each answer standing for the departures of its branch and half-year, worth
what was lost with them.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from survey.analyst.investing import LostValue, Told, Total, lost_by_answers
from survey.investments.monthly import UNCLEAR, Monthly
from survey.taxonomy.models import Reason

MONTHS = 12


def lost_before(monthly: Monthly, start: int, branches: Sequence[int], reasons: Sequence[Reason]) -> LostValue | None:
    """Lost value a year in the year before a month; where that is not known, in the first year that is."""
    if start > monthly.last:
        return lost_lately(monthly, branches, reasons)
    first = max(start - MONTHS, monthly.first)
    last = start - 1 if start > monthly.first else min(monthly.first + MONTHS - 1, monthly.last)
    return lost_within(monthly, (first, last), branches, reasons)


def lost_lately(monthly: Monthly, branches: Sequence[int], reasons: Sequence[Reason]) -> LostValue | None:
    """Lost value a year in the last year that is known."""
    return lost_within(monthly, (monthly.last - MONTHS + 1, monthly.last), branches, reasons)


def lost_within(
    monthly: Monthly, window: tuple[int, int], branches: Sequence[int], reasons: Sequence[Reason]
) -> LostValue | None:
    """Lost value a year, from the months of the window; None where nobody there ticked a reason."""
    months = monthly.within(*window)
    chosen = np.ix_(months, monthly.at(branches))
    codes = [code for code in monthly.reasons if code != UNCLEAR]
    weight = monthly.weight[chosen][..., None]
    ticked, value, squared = (
        each[chosen][..., : len(codes)] for each in (monthly.ticked, monthly.value, monthly.squared)
    )
    if not (weight * value).sum() > 0:
        return None
    yearly = MONTHS / int(months.sum())
    total, error = float(monthly.lost[chosen].sum()) * yearly, float(monthly.lost_squared[chosen].sum()) ** 0.5 * yearly
    influence = {reason.code: reason.influence != "no" for reason in reasons}
    told = Told(
        (weight * ticked).sum(axis=(0, 1)), float((weight**2 * ticked).sum()), (weight * value).sum(axis=(0, 1))
    )
    spread = _spread(float(ticked.sum()), float(value.sum()), float(squared.sum()))
    return lost_by_answers(codes, told, [influence.get(code, True) for code in codes], Total(total, error, spread))


def _spread(answers: float, value: float, squares: float) -> float:
    """The standard deviation of what is lost with one customer, as a part of its mean."""
    mean = value / answers
    return float(np.sqrt(max(squares / answers - mean**2, 0.0)) / mean)
