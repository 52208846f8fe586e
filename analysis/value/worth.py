"""Value per row and in total, with intervals that know what rows have in common."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from analysis.defection.histories import Days
from analysis.sums import ratio, summed
from analysis.value.settings import ValueSettings
from analysis.value.spending import Spending
from analysis.value.staying import Years

Numbers = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Worth:
    """Margin a year times discounted years, for n customers or defections.

    value, low, high: (n,) money; the interval covers the expected value of this customer, at his own pace and with the
    life of his group, not what he will really bring. margin: (n,) money a year; years: (n,). The rest is what totals
    need: the two parts that the value was made of.
    """

    value: Numbers
    low: Numbers
    high: Numbers
    margin: Numbers
    years: Numbers
    spending: Spending
    staying: Years
    settings: ValueSettings


@dataclass(frozen=True, eq=False)
class Totals:
    """rows: (b,) how many; estimate, low, high: (b,) money."""

    rows: Days
    estimate: Numbers
    low: Numbers
    high: Numbers


@dataclass(frozen=True, eq=False)
class Period:
    """Whose defections a total of a process is about. person: (n,) the customer of each row, 0..c-1 as in the rates.
    people: (b,) how many customers of each output group could have left in the period."""

    person: Days
    people: Days


def worth_of(spending: Spending, staying: Years, settings: ValueSettings, level: float = 0.95) -> Worth:
    """Put spending and years together, row by row. Intervals are log-normal: relative variances add up (C. W. Topp's
    rule for products; L. A. Goodman 1960, JASA 55, 708-713)."""
    margin = settings.margin * spending.yearly
    value = margin * staying.years
    relative = ratio(spending.variance, spending.yearly**2) + ratio(_own_years(staying), staying.years**2)
    spread = np.exp(special.ndtri(0.5 + level / 2) * np.sqrt(relative))
    return Worth(value, value / spread, value * spread, margin, staying.years, spending, staying, settings)


def chosen(worth: Worth, rows: ArrayLike) -> Worth:
    """Some rows of a worth, by mask or number; what was learnt from the others stays."""
    pick = np.asarray(rows)
    spent, staying = worth.spending, worth.staying
    spent = replace(
        spent,
        yearly=spent.yearly[pick],
        variance=spent.variance[pick],
        own=spent.own[pick],
        group=spent.group[pick],
        leaning=spent.leaning[pick],
    )
    staying = replace(staying, years=staying.years[pick], group=staying.group[pick], slope=staying.slope[pick])
    return replace(
        worth,
        value=worth.value[pick],
        low=worth.low[pick],
        high=worth.high[pick],
        margin=worth.margin[pick],
        years=worth.years[pick],
        spending=spent,
        staying=staying,
    )


def totals(worth: Worth, by: ArrayLike, groups: int = 0, level: float = 0.95) -> Totals:
    """Totals of these rows by group `by` (n,) 0..b-1; at least `groups` groups.

    What the interval covers: the sum over exactly these customers of margin a year, at the pace each of them had, times
    the years that the true rates of their groups give. It carries the uncertainty of each one's spending, of the mean
    that thin histories lean on, and of the rates, which err for all customers of a group together: that part does not
    get smaller with more customers.
    """
    of, size = _codes(by, worth, groups)
    variance = _spread_of_spending(worth, of, size) + _spread_of_rates(worth, of, size)
    estimate = summed(of, worth.value, size)
    return Totals(np.bincount(of, minlength=size), estimate, *_around(estimate, variance, np.full(size, np.inf), level))


def process_totals(worth: Worth, by: ArrayLike, period: Period, level: float = 0.95) -> Totals:
    """The same totals as an estimate of what such a period costs: rows are the defections of one period, `by` their
    output groups 0..b-1, as many as `period.people` is long.

    What the interval covers: the expected total of the period for as many customers of this kind. So the number who
    left, who of them left, and what they spend are uncertain too, and not independently of the rates: a year with many
    defections makes lives look short. Each customer's whole influence is added up first, on the count and on the rates,
    then squared and summed over customers (Binder 1992), with the degrees of freedom that the squares are worth (F. E.
    Satterthwaite 1946): few large customers make wide intervals. A group without a defection has the upper end that the
    count allows: as many as could have stayed unseen, each worth what the others' defections are on average.
    """
    of, size = _codes(by, worth, len(period.people))
    if size > len(period.people) or len(period.person) != len(of):
        raise ValueError("A total needs the customer of every row and the number of customers of every group.")
    estimate, rows = summed(of, worth.value, size), np.bincount(of, minlength=size)
    variance, freedom, skewness = _spread_of_process(worth, of, period, estimate)
    variance = np.maximum(variance, _spread_of_spending(worth, of, size))
    low, high = _around(estimate, variance, freedom, level)
    # More skewed than a plain count of defections, for which the log-normal is enough: the upper end moves out (after
    # N. J. Johnson 1978, JASA 73, 536-544; by one half, as simulated businesses with heavy-tailed spend showed).
    excess = np.maximum(skewness - ratio(np.sqrt(variance), estimate), 0.0)
    high = np.exp(np.log(np.maximum(high, 1e-300)) + np.log(ratio(high, estimate, 1.0)) * excess / 2)
    unseen = -np.log(0.5 - level / 2) * (float(worth.value.mean()) if len(of) else 0.0)
    return Totals(rows, estimate, low, np.where(rows > 0, high, unseen))


def _codes(by: ArrayLike, worth: Worth, groups: int) -> tuple[Days, int]:
    of = np.asarray(by, dtype=np.int64)
    if of.shape != worth.value.shape or (len(of) and of.min() < 0):
        raise ValueError("Totals need a group of every row, 0 and up.")
    return of, max(int(of.max()) + 1 if len(of) else 0, groups)


def _own_years(staying: Years) -> Numbers:
    """(n,) the variance of each row's years."""
    variance = np.einsum("np,npq,nq->n", staying.slope, staying.variance[staying.group], staying.slope)
    return np.asarray(variance, dtype=np.float64)


def _moves(worth: Worth, of: Days, size: int) -> Numbers:
    """(b, g, p) how much each total moves with each parameter of each group."""
    groups, parameters = worth.staying.variance.shape[:2]
    cell = of * groups + worth.staying.group
    weighted = (worth.margin[:, None] * worth.staying.slope).T
    return np.array([summed(cell, column, size * groups) for column in weighted]).T.reshape(size, groups, parameters)


def _spread_of_rates(worth: Worth, of: Days, size: int) -> Numbers:
    moves = _moves(worth, of, size)
    return np.asarray(np.einsum("bgp,gpq,bgq->b", moves, worth.staying.variance, moves))


def _spread_of_spending(worth: Worth, of: Days, size: int) -> Numbers:
    """Each customer's own error, and that of the segment's mean as far as rows lean on it."""
    spending, unit = worth.spending, worth.settings.margin * worth.years
    alone = summed(of, unit**2 * spending.variance, size)
    groups = len(spending.mean_variance)
    cell = of * groups + spending.group
    for part in range(spending.leaning.shape[1]):
        together = summed(cell, unit * spending.leaning[:, part], size * groups).reshape(size, groups)
        alone = alone + together**2 @ spending.mean_variance[:, part]
    return alone


def _spread_of_process(worth: Worth, of: Days, period: Period, estimate: Numbers) -> tuple[Numbers, Numbers, Numbers]:
    """Variance, degrees of freedom and skewness of each total, from the sum of squared influences.

    (own + through the rates)^2 is opened up, so that nothing of the size customers x groups is made.
    """
    size, staying = len(estimate), worth.staying
    moves = _moves(worth, of, size)
    pair, at = np.unique(of * (int(period.person.max(initial=0)) + 1) + period.person, return_inverse=True)
    own = summed(at, worth.value, len(pair))
    group, person = np.divmod(pair, int(period.person.max(initial=0)) + 1)
    through = (staying.influence[person] * moves[group, staying.person_group[person]]).sum(axis=1)
    squares = summed(group, own**2 + 2 * own * through, size)
    rates = np.einsum("bgp,gpq,bgq->b", moves, _raw_variance(staying), moves)
    centre = estimate**2 / np.maximum(period.people, 1)
    whole = own + through
    second, third, fourth = (summed(group, whole**power, size) for power in (2, 3, 4))
    freedom = np.maximum(2 * ratio(second**2, fourth), 1.0)
    return squares + rates - centre, freedom, ratio(third, second**1.5)


def _raw_variance(staying: Years) -> Numbers:
    """(g, p, p) sums of products of influence, leaving and coming back together, so that sums can cancel."""
    parameters = staying.influence.shape[1]
    variance = np.empty_like(staying.variance)
    for a in range(parameters):
        for b in range(parameters):
            products = staying.influence[:, a] * staying.influence[:, b]
            variance[:, a, b] = summed(staying.person_group, products, len(variance))
    return variance


def _around(estimate: Numbers, variance: Numbers, freedom: Numbers, level: float) -> tuple[Numbers, Numbers]:
    """Log-normal, with Student's deviate where the variance itself is uncertain: never below nothing."""
    deviate = np.where(
        np.isinf(freedom), special.ndtri(0.5 + level / 2), special.stdtrit(np.minimum(freedom, 1e6), 0.5 + level / 2)
    )
    spread = np.exp(deviate * np.sqrt(ratio(np.maximum(variance, 0.0), estimate**2)))
    return estimate / spread, estimate * spread
