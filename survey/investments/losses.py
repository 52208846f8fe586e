"""What each reason costs a year, as investments are held against it.

By the one definition of every page (`survey.reports.estimates`): by the words that customers wrote as soon as enough of
them were read by people, else by the main reason ticked, weighted to all who left. Departures are dated by the last
visit, as everything is by which an investment is judged.
"""

from __future__ import annotations

from collections.abc import Sequence

from survey.accounts.models import User, UserBranch
from survey.analyst import investing
from survey.analyst.investing import LostValue
from survey.investments.monthly import UNCLEAR, Monthly, first_day, last_day
from survey.reports.estimates import is_influenceable, lost_by_reason
from survey.reports.lens import Lens
from survey.reports.period import Period
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
    return lost_within(monthly, (max(monthly.last - MONTHS + 1, monthly.first), monthly.last), branches, reasons)


def lost_within(
    monthly: Monthly, window: tuple[int, int], branches: Sequence[int], reasons: Sequence[Reason]
) -> LostValue | None:
    """Lost value a year, from the months of the window; None where nobody there answered or nothing was lost.

    A reason that is no longer in use stands with nothing lost, so that money spent on it still shows.
    """
    somebody = User(email="", tied_to=[UserBranch(branch_id=key) for key in branches])
    period = Period(first_day(window[0]), last_day(window[1]))
    found = lost_by_reason(Lens(somebody, period, by_last_visit=True))
    if found is None:
        return None
    yearly = MONTHS / (window[1] - window[0] + 1)
    gone = [code for code in monthly.reasons if code not in (*found.codes, UNCLEAR)]
    can = {reason.code: is_influenceable(reason) for reason in reasons}
    return investing.lost_by_estimates(
        (*found.codes, *gone),
        [(yearly * each, yearly * low, yearly * high) for each, low, high in found.rows]
        + [(0.0, 0.0, 0.0)] * len(gone),
        [*found.influenceable, *(can.get(code, True) for code in gone)],
    )
