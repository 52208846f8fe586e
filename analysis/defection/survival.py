"""How long customers stay: survival curves, the hazard by tenure, and whether groups differ.

Every function takes durations that may be cut on both sides: who was still there on the last day seen (right-censored)
counts as having stayed at least so long, and who was already a customer when the data begin (delayed entry) counts only
from then. J. D. Kalbfleisch and R. L. Prentice (2002), The Statistical Analysis of Failure Time Data, chapter 1.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from analysis.defection.histories import Days, Flags
from analysis.defection.spells import Spells
from analysis.shares import Interval

Numbers = NDArray[np.float64]
DAYS_PER_MONTH = 365.25 / 12


@dataclass(frozen=True, eq=False)
class Durations:
    """entry, exit: (n,) tenure in days when a customer came into view and when the view or the stay ended,
    0 <= entry <= exit; left: (n,) whether the stay ended in a defection. Raises ValueError for anything else."""

    entry: Days
    exit: Days
    left: Flags

    def __post_init__(self) -> None:
        if not self.entry.shape == self.exit.shape == self.left.shape or self.entry.ndim != 1:
            raise ValueError("The columns of durations must be equally long lists.")
        if (self.entry < 0).any() or (self.exit < self.entry).any():
            raise ValueError("A tenure must not be negative, and must not end before it was seen.")

    def __len__(self) -> int:
        return len(self.entry)

    def only(self, chosen: ArrayLike) -> Durations:
        """The durations of some rows: a mask or row numbers."""
        rows = np.asarray(chosen)
        return Durations(self.entry[rows], self.exit[rows], self.left[rows])


def durations(spells: Spells, joined: ArrayLike | None = None, data_from: int | None = None) -> Durations:
    """Durations of spells, one row each.

    joined: (c,) per person the day on which he became a customer, -1 (or any day after the first visit) where that is
    not known: the tenure of a first spell counts from then. data_from: a first spell begins in view only on this day;
    what lies before it is delayed entry, so a customer who joined earlier enters with the tenure he had by then.
    """
    origin = spells.began.copy()
    if joined is not None:
        known = np.asarray(joined, dtype=np.int64)[spells.person]
        first = np.diff(spells.person, prepend=-1) != 0
        origin = np.where(first & (known >= 0) & (known < origin), known, origin)
    start = origin if data_from is None else np.maximum(origin, data_from)
    until = np.maximum(spells.until, start)
    return Durations(start - origin, until - origin, spells.is_over & (spells.until >= start))


@dataclass(frozen=True, eq=False)
class Curve:
    """A step function of tenure. day: (t,) the days with defections, rising; at_risk, left: (t,) counts on them;
    estimate, low, high: (t,) from that day on. start: estimate, low and high before the first of those days."""

    day: Days
    at_risk: Days
    left: Days
    estimate: Numbers
    low: Numbers
    high: Numbers
    start: tuple[float, float, float]

    def at(self, day: ArrayLike) -> tuple[Numbers, Numbers, Numbers]:
        """(estimate, low, high) on any days, each shaped as `day`."""
        row = np.searchsorted(self.day, np.asarray(day), side="right")
        columns = zip(self.start, (self.estimate, self.low, self.high), strict=True)
        estimate, low, high = (np.concatenate([[before], values])[row] for before, values in columns)
        return estimate, low, high


def kaplan_meier(stays: Durations, level: float = 0.95) -> Curve:
    """The share that stays longer than t, for each t on which somebody left.

        S(t) = product over days u <= t of (1 - left(u) / at_risk(u))

    E. L. Kaplan and P. Meier (1958), JASA 53, 457-481. The interval is Greenwood's (1926) on the scale of log(-log S),
    which keeps within 0 and 1 (Kalbfleisch and Prentice 2002, section 1.4). What it covers: the share of customers like
    these, a long row of them, who stay longer than t, at each t by itself. Before the first defection, and where all
    left, nothing can be said by Greenwood; there the bound is (1 - level) / 2 to the power 1 / at risk.
    """
    day, at_risk, left = _table(stays)
    stayed: Numbers = np.cumprod(1 - left / at_risk, dtype=np.float64)
    some = np.where(at_risk > left, at_risk - left, np.nan)
    variance = np.cumsum(left / (at_risk * some))
    z = special.ndtri(0.5 + level / 2)
    with np.errstate(divide="ignore", invalid="ignore"):
        spread = np.exp(z * np.sqrt(variance) / np.abs(np.log(stayed)))
        low, high = stayed**spread, stayed ** (1 / spread)
    gone = np.isnan(variance) | (stayed <= 0)
    last = np.concatenate([[1.0], high[~gone]])[-1]
    beginning = int(at_risk[0]) if len(day) else len(stays)
    surely = ((1 - level) / 2) ** (1 / beginning) if beginning else 0.0
    return Curve(day, at_risk, left, stayed, np.where(gone, 0, low), np.where(gone, last, high), (1.0, surely, 1.0))


def nelson_aalen(stays: Durations, level: float = 0.95) -> Curve:
    """The cumulative hazard by tenure, the sum of left / at_risk: O. Aalen (1978), Annals of Statistics 6, 701-726.

    Interval on the log scale with the variance of Poisson counts, left / at_risk^2.
    """
    day, at_risk, left = _table(stays)
    total, variance = np.cumsum(left / at_risk), np.cumsum(left / at_risk.astype(np.float64) ** 2)
    spread = np.exp(special.ndtri(0.5 + level / 2) * np.sqrt(variance) / total)
    most = -np.log((1 - level) / 2) / max(int(at_risk[0]) if len(day) else len(stays), 1)
    return Curve(day, at_risk, left, total, total / spread, total * spread, (0.0, 0.0, float(most)))


@dataclass(frozen=True, eq=False)
class Hazard:
    """Defections per month of tenure and customer: rows are bands of tenure from `start` up to `end` days (b,).

    left: (b,) counts; months: (b,) customer-months seen; rate, low, high: (b,) a month, NaN, 0 and infinity where
    nobody was seen.
    """

    start: Numbers
    end: Numbers
    left: Days
    months: Numbers
    rate: Numbers
    low: Numbers
    high: Numbers


def hazard_by_tenure(stays: Durations, edges: ArrayLike, level: float = 0.95) -> Hazard:
    """The hazard in bands of tenure whose edges are given in days, rising; what lies outside of them is left out.

    rate = left / customer-months, with F. Garwood's (1936, Biometrika 28, 437-442) exact interval of a Poisson count:
    it covers the band's mean hazard, weighted by the time seen in each part of it.
    """
    edge = np.asarray(edges, dtype=np.float64)
    if edge.ndim != 1 or len(edge) < 2 or (np.diff(edge) <= 0).any():
        raise ValueError("The edges of bands of tenure must rise, and there must be two at least.")
    inside = [_time_within(stays, low, high) for low, high in zip(edge[:-1], edge[1:], strict=True)]
    months = np.array(inside) / DAYS_PER_MONTH
    left = np.histogram(stays.exit[stays.left] - 1e-9, bins=edge)[0].astype(np.int64)
    low, high = poisson_interval(left, level)
    with np.errstate(divide="ignore", invalid="ignore"):
        rate, bottom, top = left / months, low / months, high / months
    seen = months > 0
    return Hazard(edge[:-1], edge[1:], left, months, rate, np.where(seen, bottom, 0), np.where(seen, top, np.inf))


def smooth_hazard(stays: Durations, at: ArrayLike, bandwidth: float, level: float = 0.95) -> Interval3:
    """The hazard a month at given tenures in days, smoothed over `bandwidth` days to both sides.

    Epanechnikov's kernel on the steps of Nelson and Aalen; near tenure 0 the kernel is cut and made whole again. J. P.
    Klein and M. L. Moeschberger (2003), Survival Analysis, section 6.2. Interval on the log scale; what it covers is
    the smoothed hazard, so a peak narrower than the bandwidth is lower in it than in life.
    """
    day, at_risk, left = _table(stays)
    where = np.asarray(at, dtype=np.float64)
    apart = (where[:, None] - day[None, :]) / bandwidth
    kernel = np.where(np.abs(apart) <= 1, 0.75 * (1 - apart**2), 0.0)
    cut = np.minimum(where / bandwidth, 1.0)
    kernel /= (0.5 + 0.75 * (cut - cut**3 / 3))[:, None] * bandwidth
    steps = left / at_risk
    rate = kernel @ steps * DAYS_PER_MONTH
    error = np.sqrt(kernel**2 @ (steps / at_risk)) * DAYS_PER_MONTH
    spread = np.exp(special.ndtri(0.5 + level / 2) * np.divide(error, rate, out=np.zeros_like(rate), where=rate > 0))
    return Interval3(rate, rate / spread, rate * spread)


@dataclass(frozen=True, eq=False)
class Interval3:
    """An estimate and the two ends of its interval, equally shaped."""

    estimate: Numbers
    low: Numbers
    high: Numbers


@dataclass(frozen=True, eq=False)
class LogRank:
    """groups: (g,) codes; left: (g,) defections seen; expected: (g,) if all groups had one hazard; statistic with
    `freedom` degrees of freedom; p: probability of at least as much where groups do not differ."""

    groups: Days
    left: Numbers
    expected: Numbers
    statistic: float
    freedom: int
    p: float


def log_rank(stays: Durations, group: ArrayLike) -> LogRank:
    """Whether groups leave at different rates, over all tenures: the log-rank test.

    N. Mantel (1966), Cancer Chemotherapy Reports 50, 163-170; variance: Klein and Moeschberger (2003), section 7.3.
    `group`: (n,) whole numbers. Raises ValueError for fewer than two groups.
    """
    groups, of = np.unique(np.asarray(group), return_inverse=True)
    if len(groups) < 2 or len(of) != len(stays):
        raise ValueError("A comparison needs at least two groups, and the group of every row.")
    day, at_risk, left = _table(stays)
    tables = [_counts(stays.only(of == g), day) for g in range(len(groups))]
    n, d = (np.array([table[which] for table in tables], dtype=np.float64) for which in (0, 1))
    share = n / at_risk
    expected = (share * left).sum(axis=1)
    spread = left * (at_risk - left) / np.maximum(at_risk - 1, 1)
    variance = np.diag((share * spread).sum(axis=1)) - (share * spread) @ share.T
    apart = (d.sum(axis=1) - expected)[:-1]
    statistic = float(apart @ np.linalg.pinv(variance[:-1, :-1]) @ apart)
    freedom = len(groups) - 1
    p = float(special.chdtrc(freedom, statistic))
    return LogRank(groups.astype(np.int64), d.sum(axis=1), expected, statistic, freedom, p)


def poisson_interval(count: ArrayLike, level: float = 0.95) -> Interval:
    """Garwood's exact interval of a Poisson mean for whole counts, shaped as they are."""
    k, tail = np.asarray(count, dtype=np.float64), (1 - level) / 2
    low = np.where(k > 0, special.gammaincinv(np.maximum(k, 0.5), tail), 0.0)
    high: Numbers = special.gammaincinv(k + 1, 1 - tail).astype(np.float64)
    return Interval(low.astype(np.float64), high)


def _table(stays: Durations) -> tuple[Days, Days, Days]:
    """The days on which somebody left, how many were in view just before, and how many left."""
    day = np.unique(stays.exit[stays.left])
    at_risk, left = _counts(stays, day)
    return day, at_risk, left


def _counts(stays: Durations, day: Days) -> tuple[Days, Days]:
    """On each day: who had come into view before it and had not gone before it; and how many left on it.

    Who entered and left on one day was seen for no time, and counts as seen from just before.
    """
    entry = np.sort(np.minimum(stays.entry, stays.exit - stays.left))
    gone = np.sort(stays.exit)
    at_risk = np.searchsorted(entry, day, side="left") - np.searchsorted(gone, day, side="left")
    exits = np.sort(stays.exit[stays.left])
    left = np.searchsorted(exits, day, side="right") - np.searchsorted(exits, day, side="left")
    return at_risk.astype(np.int64), left.astype(np.int64)


def _time_within(stays: Durations, low: float, high: float) -> float:
    return float((np.clip(stays.exit, low, high) - np.clip(stays.entry, low, high)).sum())
