"""The defection rate and what is held against what: columns of whole lives in, plain figures out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special

from analysis import funnels, rates
from analysis.defection.spells import Spells
from analysis.investment.many import false_discoveries
from analysis.shares import wilson
from survey.analyst import Flags, Ints, RateDifference, Share

Numbers = NDArray[np.float64]
#: first and last day of a period, both included, as days since 1970-01-01
Days = tuple[int, int]
STILL_THERE = -1
#: how much likelier, or less likely, those who did not answer may be to have had a reason that can be influenced (odds)
SILENT_ODDS = 2.0
#: a unit of which fewer departures are expected is neither drawn nor judged
LEAST_EXPECTED = funnels.LEAST_EXPECTED


@dataclass(frozen=True, eq=False)
class Lives:
    """Spells of being a customer, sorted by customer, then by day: equally long int64 columns (s,).

    person: 0..c-1. began: first visit, or return. ended: the first day on which the rule held, -1 while the customer is
    there. last_visit: the last day on which he came within the spell. as_of_day: the last day that was seen.
    """

    person: Ints
    began: Ints
    ended: Ints
    last_visit: Ints
    as_of_day: int

    def __len__(self) -> int:
        return len(self.person)

    def of(self, chosen: Flags) -> Lives:
        """The lives of some people; chosen: (c,) by person, who are numbered anew in the same order."""
        rows, number = chosen[self.person], np.cumsum(chosen) - 1
        columns = (self.began[rows], self.ended[rows], self.last_visit[rows])
        return Lives(number[self.person[rows]], *columns, self.as_of_day)

    @property
    def spells(self) -> Spells:
        return Spells(self.person, self.person, self.began, self.ended, self.as_of_day)

    @property
    def is_first(self) -> Flags:
        """(s,) whether it is the first spell of a person."""
        return np.not_equal(np.diff(self.person, prepend=-1), 0)

    def at_risk(self, day: int) -> Flags:
        """(s,) whether it began before that day, and had not ended by then."""
        stays = np.equal(self.ended, STILL_THERE) | np.greater_equal(self.ended, day)
        return np.less(self.began, day) & stays

    def ended_within(self, period: Days) -> Flags:
        """(s,) whether it ended in that period."""
        return np.greater_equal(self.ended, period[0]) & np.less_equal(self.ended, period[1])


@dataclass(frozen=True)
class Rated:
    """How many left of those at risk, and the rate; of nobody at risk the estimate is None."""

    left: int
    at_risk: int
    share: Share


def month_rates(lives: Lives, periods: Sequence[Days]) -> list[Rated]:
    """The rate of each period; one definition with `survey.reports.spells`."""
    if not len(lives):
        return [Rated(0, 0, Share(None, 0.0, 1.0)) for _ in periods]
    return _rated(rates.period_rates(lives.spells, _periods(periods)))


def mean_rate(lives: Lives, periods: Sequence[Days]) -> Rated:
    """The mean rate of periods that do not overlap, such as the twelve months of a year; customers are the units."""
    if not len(lives):
        return Rated(0, 0, Share(None, 0.0, 1.0))
    return _rated(rates.rolling_rate(lives.spells, _periods(periods)))[0]


def against_past(lives: Lives, now: Sequence[Days], past: Sequence[Days]) -> RateDifference | None:
    """The mean rate now minus that of the past; None where nobody was at risk in one of them."""
    try:
        found = rates.against_past(lives.spells, _periods(now), _periods(past))
    except ValueError:
        return None
    return RateDifference(found.estimate, found.low, found.high)


def how_known(periods: Sequence[Days], as_of_day: int, data_from: int, rule_days: int) -> list[str]:
    """whole, running or too_old, by period, where departures count on the first day on which the rule held."""
    return [each.value for each in rates.known(_periods(periods), as_of_day, data_from, rule_days)]


@dataclass(frozen=True)
class StoppedRow:
    """Who came for the last time in a period: `gone` for certain, `waiting` to be known; low, high: bounds of the share
    of those who were there, with the chance in them. known: whole, too_new or running."""

    gone: int
    waiting: int
    at_risk: int
    low: float
    high: float
    known: str


def stopped(lives: Lives, periods: Sequence[Days], rule_days: int) -> list[StoppedRow]:
    """The same departures dated back to the last visit."""
    found = rates.stopped(lives.spells, lives.last_visit, _periods(periods), rule_days)
    columns = zip(found.gone, found.waiting, found.at_risk, found.low, found.high, found.known, strict=True)
    return [StoppedRow(int(a), int(b), int(c), float(d), float(e), known.value) for a, b, c, d, e, known in columns]


def days_until_known(lives: Lives) -> int:
    """After how many days without a visit 19 of 20 of those who left were known to have left; 0 where nobody left."""
    over = lives.ended != STILL_THERE
    if not over.any():
        return 0
    waited = lives.ended[over] - lives.last_visit[over]
    return int(np.quantile(waited, 0.95, method="higher"))


@dataclass(frozen=True)
class Apart:
    """The part of a rate that somebody could have done something about, and the rest.

    share: of leavers, avoidable, as the answers say, with the chance in it. widened: the same with room for those who
    did not answer. widest: all that silence allows. avoidable, unavoidable: the rate times `widened`.
    """

    share: Share
    widened: Share
    widest: Share
    avoidable: Share
    unavoidable: Share


def avoidable_and_not(rate: Share, avoidable: int, unavoidable: int, leavers: int) -> Apart | None:
    """Part the rate by the reasons of those who answered: `avoidable` and `unavoidable` of `leavers`.

    Who did not answer is given the share of those who did; the interval lets their odds be half or twice as high
    (`SILENT_ODDS`), on top of chance. None where nobody answered or there is no rate.
    """
    answered = avoidable + unavoidable
    if not answered or rate.estimate is None:
        return None
    chance = wilson(avoidable, answered)
    share, low, high = avoidable / answered, float(chance.low), float(chance.high)
    told = min(1.0, answered / max(leavers, answered))
    widened = Share(
        share,
        told * low + (1 - told) * _odds_times(low, 1 / SILENT_ODDS),
        told * high + (1 - told) * _odds_times(high, SILENT_ODDS),
    )
    widest = Share(share, told * share, max(share, told * share + 1 - told))
    ends = ((rate.estimate, rate.low, rate.high), (share, widened.low, widened.high))
    parts = [Share(part.estimate, part.low, part.high) for part in rates.apart(*ends)]
    return Apart(Share(share, low, high), widened, widest, *parts)


def _odds_times(share: float, factor: float) -> float:
    return share * factor / (1 - share + share * factor)


@dataclass(frozen=True)
class FunnelRow:
    """A unit beside the others. rate: adjusted for whom it serves; shrunk: the same, pulled towards all by as much as
    chance explains. warning, action: the lines of 95 and 99.8 % at its size. outside: -1, 0 or 1. drawn: False where
    too few were expected to leave; needed: how many more customers until it is."""

    unit: int
    left: int
    at_risk: int
    expected: float
    rate: float
    warning: tuple[float, float]
    action: tuple[float, float]
    shrunk: Share
    drawn: bool
    needed: int
    outside: int


@dataclass(frozen=True)
class Funnel:
    """overall: the rate of all. dispersion: 1, or by how much units vary more than chance. lines: the funnel itself, a
    row for each size: (at risk, action low, warning low, warning high, action high)."""

    overall: float
    dispersion: float
    rows: list[FunnelRow]
    lines: list[tuple[float, float, float, float, float]]


def funnel(unit: Ints, stratum: Ints, left: Numbers, at_risk: Numbers) -> Funnel | None:
    """The funnel of counts by unit 0..u-1 and stratum; None where nobody was at risk."""
    if not at_risk.sum() > 0:
        return None
    found = funnels.funnel(funnels.Cells(unit, stratum, left, at_risk))
    rows = [_funnel_row(found, n) for n in range(len(found.left))]
    return Funnel(found.overall, found.dispersion, rows, _lines(found))


def _funnel_row(found: funnels.Funnel, n: int) -> FunnelRow:
    return FunnelRow(
        unit=n,
        left=int(found.left[n]),
        at_risk=int(found.at_risk[n]),
        expected=float(found.expected[n]),
        rate=float(found.rate[n]),
        warning=(float(found.warning_low[n]), float(found.warning_high[n])),
        action=(float(found.action_low[n]), float(found.action_high[n])),
        shrunk=Share(float(found.shrunk[n]), float(found.shrunk_low[n]), float(found.shrunk_high[n])),
        drawn=bool(found.drawn[n]),
        needed=int(found.needed[n]),
        outside=int(found.outside[n]),
    )


def _lines(found: funnels.Funnel) -> list[tuple[float, float, float, float, float]]:
    drawn = found.at_risk[found.drawn]
    if not len(drawn):
        return []
    smallest = LEAST_EXPECTED / max(found.overall, 1e-9)
    sizes = np.geomspace(max(1.0, min(smallest, drawn.min())), drawn.max() * 1.1, 40)
    low, high, lower, higher = funnels.lines(sizes, sizes * found.overall, found.overall, found.dispersion)
    columns = (sizes, lower, low, high, higher)
    return [(a, b, c, d, e) for a, b, c, d, e in zip(*(column.tolist() for column in columns), strict=True)]


@dataclass(frozen=True)
class Group:
    """A group against all others: its share with its interval, that of the others, and p after control of false
    discoveries over all groups (None: too few to judge)."""

    group: int
    count: int
    total: int
    share: Share
    others: float | None
    p: float | None


def groups_against_others(group: Ints, hit: Flags, least: int = 30) -> list[Group]:
    """The share of hits in each group 0..g-1, against all other groups together.

    p: of the two-sided test of two proportions (pooled variance), adjusted as Benjamini and Hochberg (1995) over the
    groups of at least `least`.
    """
    total = np.bincount(group)
    count = np.bincount(group, weights=hit).astype(np.int64)
    ends = wilson(count, total)
    other, all_hits = total.sum() - total, count.sum()
    rest = np.divide(all_hits - count, other, out=np.full(len(total), np.nan), where=other > 0)
    pooled = all_hits / max(total.sum(), 1)
    with np.errstate(divide="ignore", invalid="ignore"):
        spread = np.sqrt(pooled * (1 - pooled) * (1 / total + 1 / other))
        z = np.abs(count / total - rest) / spread
    p = np.where((total >= least) & (other >= least) & np.isfinite(z), 2 * special.ndtr(-z), np.nan)
    adjusted = false_discoveries(p)
    return [
        Group(
            n, int(count[n]), int(total[n]), Share(float(count[n] / total[n]), float(ends.low[n]), float(ends.high[n])),
            None if np.isnan(rest[n]) else float(rest[n]), None if np.isnan(adjusted[n]) else float(adjusted[n]),
        )
        for n in range(len(total)) if total[n]
    ]  # fmt: skip


@dataclass(frozen=True)
class Judged:
    """A month against the own past: the rate that was to be expected, the band in which a month like it lies 95 times
    in 100, and p (None: too few to judge)."""

    expected: float
    low: float
    high: float
    p: float | None


def month_against_past(left: Sequence[int], at_risk: Sequence[int]) -> Judged:
    """The last month against the months before it, oldest first.

    The past varies more than chance: its variance is that of a binomial times the mean of Pearson's residuals squared,
    never less than 1 (P. McCullagh and J. A. Nelder 1989, Generalized Linear Models, section 4.5); a new month adds the
    doubt about the past's own mean, and Student's deviate its doubt about the spread. Not judged: fewer than 6 months
    past, or fewer than 5 expected. Raises ValueError for an empty list.
    """
    if not left or len(left) != len(at_risk):
        raise ValueError("A month and its past must be given, each with those at risk.")
    count, total = np.array(left, dtype=np.float64), np.array(at_risk, dtype=np.float64)
    before, now = total[:-1] > 0, total[-1]
    gone, there = count[:-1][before], total[:-1][before]
    if len(there) < 6 or not now:
        return Judged(float("nan"), 0.0, 1.0, None)
    rate = gone.sum() / there.sum()
    chance = max(rate * (1 - rate), 1e-12)
    spread = max(1.0, float(((gone - there * rate) ** 2 / (there * chance)).sum() / (len(there) - 1)))
    error = np.sqrt(chance * spread * (1 / now + 1 / there.sum()))
    reach = float(special.stdtrit(len(there) - 1, 0.975)) * error
    t = abs(count[-1] / now - rate) / error
    p = 2 * float(special.stdtr(len(there) - 1, -t)) if now * rate >= LEAST_EXPECTED else None
    return Judged(float(rate), max(0.0, float(rate - reach)), min(1.0, float(rate + reach)), p)


def real_ones(p_values: Sequence[float | None], most_false: float = 0.05) -> list[bool]:
    """Which differences to call real when many are looked at: of those, at most a part `most_false` is false on
    average. None counts as not tested."""
    given = np.array([np.nan if p is None else p for p in p_values], dtype=np.float64)
    return [bool(p <= most_false) for p in false_discoveries(given)]


def _rated(found: rates.Rates) -> list[Rated]:
    columns = (np.atleast_1d(each) for each in (found.left, found.at_risk, found.estimate, found.low, found.high))
    return [
        Rated(int(left), int(total), Share(None if np.isnan(rate) else float(rate), float(low), float(high)))
        for left, total, rate, low, high in zip(*columns, strict=True)
    ]


def _periods(periods: Sequence[Days]) -> rates.Periods:
    days = np.array(periods, dtype=np.int64).reshape(-1, 2)
    return rates.Periods(days[:, 0], days[:, 1])
