"""What a customer is worth: a first, simple estimate, and what it rests on.

The estimate is turnover, not profit: no margin and no discount rate enter it. It says what a customer would
have spent in the years that a customer may still be expected to stay.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from analysis.defection.episodes import STILL_GONE, Episodes
from analysis.defection.histories import Days, Histories, Money

DAYS_PER_YEAR = 365.25
SHORTEST_YEARS = 0.5
LONGEST_YEARS = 10.0


def first_estimate(yearly_spend: ArrayLike, remaining_years: ArrayLike) -> Money:
    """Lost value in money: yearly spend times expected remaining years, (n,) each or one for all.

    A yearly spend below nothing (more returned than bought) counts as nothing. Raises ValueError where a
    figure is missing.
    """
    spend = np.maximum(np.asarray(yearly_spend, dtype=np.float64), 0.0)
    value = spend * np.asarray(remaining_years, dtype=np.float64)
    if not np.isfinite(value).all():
        raise ValueError("A yearly spend or a number of remaining years is missing.")
    return value


def remaining_years(episodes: ArrayLike, customer_years: ArrayLike) -> Money:
    """Expected remaining years of a customer who stays: 1 / hazard, where

        hazard = episodes / customer_years     (defections in a year, per customer who could defect)

    held between 0.5 and 10 years: less is no basis for planning, more is not to be promised. Both arguments
    are counts, (n,) or single. Nobody left: 10 years. Raises ValueError where no customer was observed.
    """
    gone = np.asarray(episodes, dtype=np.float64)
    observed = np.asarray(customer_years, dtype=np.float64)
    if (gone < 0).any() or not (observed > 0).all():
        raise ValueError("Remaining years need customers who were observed for some time.")
    years = np.divide(observed, gone, out=np.full(np.broadcast(gone, observed).shape, np.inf), where=gone > 0)
    return np.asarray(np.clip(years, SHORTEST_YEARS, LONGEST_YEARS), dtype=np.float64)


def customer_years(histories: Histories, episodes: Episodes, as_of_day: int) -> float:
    """The years during which customers could defect: from the first visit to the end of `as_of_day`, less
    the days on which they were gone by the same rule. `histories` hold nothing after `as_of_day`."""
    present = as_of_day + 1 - histories.day[histories.first]
    back = np.where(episodes.returned_day == STILL_GONE, as_of_day + 1, episodes.returned_day)
    return float(present.sum() - (back - episodes.defected_day).sum()) / DAYS_PER_YEAR


def yearly_spend(histories: Histories, customer: ArrayLike, last_visit_day: ArrayLike) -> Money:
    """(n,) what each customer spent in the 365 days that ended with the given visit, that day included.

    Who came for less than a year counts with what he spent in it: it is not stretched to a year. Raises
    ValueError where a customer has no history.
    """
    who, until = np.asarray(customer, dtype=np.int64), np.asarray(last_visit_day, dtype=np.int64)
    group = _group_of(histories, who)
    last = histories.row_at(group, until)
    before = np.maximum(histories.row_at(group, until - 365), histories.first[group] - 1)
    # Whole cents: the sum of a customer then does not depend on who else is in the batch.
    total = np.concatenate([[0], np.cumsum(np.rint(histories.amount * 100).astype(np.int64))])
    return np.where(last >= 0, total[last + 1] - total[before + 1], 0) / 100.0


def _group_of(histories: Histories, customer: Days) -> Days:
    known = histories.customer[histories.first]
    group = np.searchsorted(known, customer)
    if len(customer) and (len(known) == 0 or (known[np.minimum(group, len(known) - 1)] != customer).any()):
        raise ValueError("A customer to be valued has no history.")
    return group.astype(np.int64)
