"""Years still to come without a contract: how long customers stay, and how many of those who left come back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from analysis.defection.histories import Days
from analysis.value.hazards import Hazards
from analysis.value.settings import ValueSettings

Numbers = NDArray[np.float64]

_STEP = 1e-4
_CHUNK = 200_000


@dataclass(frozen=True, eq=False)
class Years:
    """Discounted years of n rows, and how they move with what was estimated.

    years: (n,); group: (n,) whose rates they rest on; slope: (n, p) change of `years` per unit of each of the p
    parameters of that group (logs of rates). variance: (g, p, p) of the parameters. influence: (c, p) of each person on
    them, person_group: (c,).
    """

    years: Numbers
    group: Days
    slope: Numbers
    variance: Numbers
    influence: Numbers
    person_group: Days


@dataclass(frozen=True, eq=False)
class Away:
    """What is known of those who left: silent: (n,) years gone so far; back: (n,) years until the return, infinite
    where there was none. rates: `Hazards` of coming back, on the clock of years gone, over the same people and groups
    as those of leaving. kept: what they spend after a return, as a share of before."""

    silent: Numbers
    back: Numbers
    rates: Hazards
    kept: float = 1.0


@dataclass(frozen=True, eq=False)
class _Rows:
    tenure: Numbers
    group: Days
    silent: Numbers
    until: Numbers


def years_to_come(leaving: Hazards, tenure: ArrayLike, group: ArrayLike, settings: ValueSettings) -> Years:
    """Discounted years for customers who are there, `tenure` (n,) years into their stay, of groups (n,):

        A(t) = integral over u from 0 to the horizon of exp(-force * u) * S(t + u) / S(t)

    with S the survival by the rates of leaving. With one band this is (1 - exp(-(hazard + force) * horizon)) / (hazard
    + force), the continuous form of Gupta and Lehmann's (2003) multiple of the margin; in general it is the discounted
    expected residual lifetime of P. S. Fader and B. G. S. Hardie (2010), Marketing Science 29, 85-93.
    """
    rows = _rows(tenure, group, settings)

    def years(rates: Hazards) -> Numbers:
        return _integral(rows, (rates, None), settings.force)

    middle = years(leaving)
    slope = _slope(years, leaving, middle)
    return Years(middle, rows.group, slope, leaving.variance, leaving.influence, leaving.group)


def years_lost(leaving: Hazards, tenure: ArrayLike, group: ArrayLike, away: Away, settings: ValueSettings) -> Years:
    """Discounted years lost by each of n defections, counted from the day of the defection, `tenure` (n,) years into
    the stay that ended:

        lost = integral of exp(-force * u) * S(t + u) / S(t) * (1 - kept * P(back by u))

    At every moment at which the customer would still have been there, what he would have brought is lost unless he is
    back, and then it is lost but for the share `kept`. So a defection from which somebody returned has cost the years
    between, whatever happens later (that is another defection, with a loss of its own); one that lasts has cost what is
    left of the expected life but for the chance of a return, given the silence so far.
    """
    rows = _rows(tenure, group, settings, away)
    whole = replace(
        rows, silent=np.full_like(rows.silent, np.inf), until=np.full_like(rows.until, settings.horizon_years)
    )

    def years(left: Hazards, back: Hazards) -> Numbers:
        gone = _integral(rows, (left, back), settings.force)
        if away.kept == 1:
            return gone
        return away.kept * gone + (1 - away.kept) * _integral(whole, (left, None), settings.force)

    middle = years(leaving, away.rates)
    by_leaving = _slope(lambda rates: years(rates, away.rates), leaving, middle)
    by_return = _slope(lambda rates: years(leaving, rates), away.rates, middle)
    slope = np.hstack([by_leaving, by_return])
    influence = np.hstack([leaving.influence, away.rates.influence])
    variance = _side_by_side(leaving.variance, away.rates.variance)
    return Years(middle, rows.group, slope, variance, influence, leaving.group)


def _rows(tenure: ArrayLike, group: ArrayLike, settings: ValueSettings, away: Away | None = None) -> _Rows:
    stay, of = np.asarray(tenure, dtype=np.float64), np.asarray(group, dtype=np.int64)
    if stay.shape != of.shape or not (np.isfinite(stay).all() and (stay >= 0).all()):
        raise ValueError("Every customer needs a tenure of at least 0 years and a group.")
    if away is None:
        never = np.full_like(stay, np.inf)
        return _Rows(stay, of, never, np.full_like(stay, settings.horizon_years))
    if not 0 <= away.kept <= 1 or away.silent.shape != stay.shape or away.back.shape != stay.shape:
        raise ValueError("Every defection needs the years gone, and the share kept must lie between 0 and 1.")
    back = np.isfinite(away.back)
    until = np.where(back, np.minimum(away.back, settings.horizon_years), settings.horizon_years)
    return _Rows(stay, of, np.where(back, np.inf, away.silent), until)


def _integral(rows: _Rows, rates: tuple[Hazards, Hazards | None], force: float) -> Numbers:
    """The discounted time until `until` during which nothing has happened: leaving on the clock of the tenure, coming
    back (where given) on that of the years gone, and only after the silence that is known. Exact: both rates are
    constant between the cuts."""
    parts = [slice(start, start + _CHUNK) for start in range(0, len(rows.tenure), _CHUNK)]
    some = [_integral_of(rows, part, rates, force) for part in parts]
    return np.concatenate(some) if some else np.zeros(0)


def _integral_of(rows: _Rows, part: slice, rates: tuple[Hazards, Hazards | None], force: float) -> Numbers:
    leaving, coming = rates
    tenure, of, until = rows.tenure[part], rows.group[part], rows.until[part]
    silent = np.minimum(rows.silent[part], until)
    cuts = [np.zeros_like(until), *(edge - tenure for edge in leaving.edges[1:]), until]
    if coming is not None:
        cuts += [silent, *(np.maximum(edge, silent) for edge in coming.edges[1:])]
    points = np.sort(np.clip(np.stack(cuts), 0.0, until), axis=0)
    total, passed = np.zeros_like(until), np.zeros_like(until)
    for start, end in zip(points[:-1], points[1:], strict=True):
        middle = (start + end) / 2
        speed = leaving.rate[of, np.searchsorted(leaving.edges, tenure + middle, side="right") - 1] + force
        if coming is not None:
            back = coming.rate[of, np.searchsorted(coming.edges, middle, side="right") - 1]
            speed = speed + np.where(middle > silent, back, 0.0)
        step = speed * (end - start)
        slow = step < 1e-12
        within = np.where(slow, end - start, -np.expm1(-step) / np.where(slow, 1.0, speed))
        total += np.exp(-passed) * within
        passed += step
    return total


def _slope(years: Callable[[Hazards], Numbers], rates: Hazards, middle: Numbers) -> Numbers:
    """(n, k) by a small step of the log of each band's rate, from the years at the rates themselves."""
    columns = []
    for k in range(len(rates.edges)):
        step = np.ones(len(rates.edges))
        step[k] += _STEP
        columns.append((years(replace(rates, rate=rates.rate * step)) - middle) / np.log1p(_STEP))
    return np.stack(columns, axis=1)


def _side_by_side(first: Numbers, second: Numbers) -> Numbers:
    """(g, p + q, p + q) of two blocks that do not move together: leaving and coming back are different times."""
    p, q = first.shape[1], second.shape[1]
    both = np.zeros((len(first), p + q, p + q))
    both[:, :p, :p], both[:, p:, p:] = first, second
    return both
