"""What a customer brings in a year: own visits and own spend a visit, leaning on the segment where they are few.

Both parts are credibility estimates: own figure times z plus the segment's times 1 - z, with z = n / (n + within /
between), both variances taken from the segment itself. H. Buhlmann and E. Straub (1970); H. Buhlmann and A. Gisler
(2005), A Course in Credibility Theory, chapter 4. For visits that is the mean of the gamma-Poisson posterior of the NBD
(A. S. C. Ehrenberg 1959), for spend that of the gamma-gamma model (P. S. Fader and B. G. S. Hardie 2013).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from analysis.defection.histories import Days, Flags, Histories
from analysis.sums import ratio, summed
from analysis.value.first import DAYS_PER_YEAR

Numbers = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Observed:
    """What was seen of n rows before they are valued. visits, years: (n,) how often they came in how much time, each
    visit that marks an end of that time left out; paid: (n,) visits whose amounts are known; mean, within: (n,) spend
    a visit and the sum of squared distances from it."""

    visits: Numbers
    years: Numbers
    paid: Numbers
    mean: Numbers
    within: Numbers


@dataclass(frozen=True, eq=False)
class Spending:
    """yearly: (n,) turnover a year, in money; variance: (n,) of it, given the segment; own: (n,) 0..1 how far the rate
    of visits rests on the customer's own history. group: (n,) segment. leaning: (n, 2) the part of `yearly` that moves
    with the segment's mean rate and mean spend; mean_variance: (g, 2) relative variance of those means."""

    yearly: Numbers
    variance: Numbers
    own: Numbers
    group: Days
    leaning: Numbers
    mean_variance: Numbers


@dataclass(frozen=True, eq=False)
class Stays:
    """The stays of n rows whose spending is asked. customer: as in the histories; began: the day of the visit that
    opened the stay; until: the last day of it, the day of defection where `gone` is true."""

    customer: Days
    began: Days
    until: Days
    gone: Flags


def observe(histories: Histories, stays: Stays, window_days: int = 730) -> Observed:
    """What is known of each row's customer from his visits of this stay, the last `window_days` of it at most.

    Where `gone` is false the time runs to `until`. Where it is true it ends with the last visit, and that visit is not
    counted: the silence that shows somebody left is not a time in which he came seldom, and a time that ends with a
    visit would count one too many. The first visit opens the time and is not counted either. Who came once and is gone
    has no time of his own; there the silence counts. Raises ValueError where a customer has no history by that day.
    """
    group = _group_of(histories, stays.customer)
    last = histories.row_at(group, stays.until)
    if (last < 0).any():
        raise ValueError("A customer to be valued has no history.")
    closed = stays.gone & (histories.day[last] > stays.began)
    end = np.where(closed, histories.day[last], stays.until)
    start = np.maximum(stays.began, end - window_days)
    visits = last - histories.row_at(group, start) - closed
    # The days after the one that opened the time, without the one that closes it.
    years = (end - start - closed) / DAYS_PER_YEAR
    return Observed(visits.astype(np.float64), years, *_amounts(histories, group, start, last))


def spending(seen: Observed, group: ArrayLike) -> Spending:
    """Turnover a year of every row; `group`: (n,) its segment, 0..g-1, on which it leans.

    What `variance` is about: the long-run yearly turnover of this customer at the pace he had. Raises ValueError where
    the columns are not equally long.
    """
    of = np.asarray(group, dtype=np.int64)
    if len(of) != len(seen.visits):
        raise ValueError("Spending needs the segment of every customer.")
    pace = _pace(seen, of)
    spend = _spend(seen, of)
    yearly = pace.estimate * np.maximum(spend.estimate, 0.0)
    cv = pace.relative + spend.relative + pace.relative * spend.relative
    leaning = np.stack([(1 - pace.own) * yearly, (1 - spend.own) * yearly], axis=1)
    means = np.stack([pace.mean_variance, spend.mean_variance], axis=1)
    return Spending(yearly, yearly**2 * cv, pace.own, of, leaning, means)


@dataclass(frozen=True, eq=False)
class _Credible:
    """(n,) estimate, its variance over its square, and own weight; (g,) the same variance of the segments' means."""

    estimate: Numbers
    relative: Numbers
    own: Numbers
    mean_variance: Numbers


def _pace(seen: Observed, of: Days) -> _Credible:
    """Visits a year, gamma-Poisson."""
    mean = ratio(summed(of, seen.visits), summed(of, seen.years))
    mean = np.where(mean > 0, mean, 1e-9)
    rate = ratio(seen.visits, seen.years)
    between = _between(of, seen.years, rate, mean, mean)
    shape, scale = mean**2 / between, mean / between
    estimate = (shape[of] + seen.visits) / (scale[of] + seen.years)
    own = seen.years / (scale[of] + seen.years)
    mean_variance = 1 / (shape * np.maximum(summed(of, own), 1e-9))
    return _Credible(estimate, 1 / (shape[of] + seen.visits), own, mean_variance)


def _spend(seen: Observed, of: Days) -> _Credible:
    """Spend a visit. The noise of one visit grows with the level: within is taken as a share of the level squared."""
    mean = ratio(summed(of, seen.paid * seen.mean), summed(of, seen.paid))
    within = ratio(summed(of, seen.within), summed(of, np.maximum(seen.paid - 1, 0)))
    # Segments in which nobody paid twice: as wide as the mean is high, an exponential spend.
    within = np.where(within > 0, within, np.maximum(mean, 1e-9) ** 2 * 1e-6)
    between = _between(of, seen.paid, seen.mean, mean, within)
    own = seen.paid / (seen.paid + (within / between)[of])
    estimate = own * seen.mean + (1 - own) * mean[of]
    squared = np.maximum(estimate, 1e-9) ** 2
    mean_variance = between / np.maximum(summed(of, own), 1e-9) / np.maximum(mean, 1e-9) ** 2
    return _Credible(estimate, between[of] * (1 - own) / squared, own, mean_variance)


def _between(of: Days, weight: Numbers, own: Numbers, mean: Numbers, within: Numbers) -> Numbers:
    """(g,) the variance between customers by moments (Buhlmann and Gisler 2005, equation 4.26), never quite nothing."""
    total, squares, rows = summed(of, weight), summed(of, weight**2), summed(of, (weight > 0).astype(np.float64))
    spread = summed(of, weight * (own - mean[of]) ** 2)
    found = ratio(spread - np.maximum(rows - 1, 0) * within, total - ratio(squares, total))
    return np.maximum(found, 1e-4 * np.maximum(mean, 1e-9) ** 2)


def _amounts(histories: Histories, group: Days, start: Days, last: Days) -> tuple[Numbers, Numbers, Numbers]:
    """(n,) visits from `start` to row `last`, their mean amount, and the sum of squares around it."""
    before = np.maximum(histories.row_at(group, start - 1), histories.first[group] - 1)
    # Taken around the mean of all, so that squares lose no digits.
    middle = float(histories.amount.mean())
    away = histories.amount - middle
    total, squares = (np.concatenate([[0.0], np.cumsum(each)]) for each in (away, away**2))
    paid = (last - before).astype(np.float64)
    sums = total[last + 1] - total[before + 1]
    mean = sums / np.maximum(paid, 1)
    within = np.maximum(squares[last + 1] - squares[before + 1] - paid * mean**2, 0.0)
    return paid, mean + middle, within


def _group_of(histories: Histories, customer: ArrayLike) -> Days:
    known, who = histories.customer[histories.first], np.asarray(customer, dtype=np.int64)
    group = np.searchsorted(known, who)
    if len(who) and (len(known) == 0 or (known[np.minimum(group, len(known) - 1)] != who).any()):
        raise ValueError("A customer to be valued has no history.")
    return group.astype(np.int64)
