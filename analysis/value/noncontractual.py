"""The lifetime value of customers without a contract, and of a regular of each segment, from their histories."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from analysis.defection.histories import Days, Histories
from analysis.defection.spells import Spells
from analysis.sums import summed
from analysis.value.first import DAYS_PER_YEAR
from analysis.value.hazards import Hazards, Timed, hazards
from analysis.value.settings import ValueSettings
from analysis.value.spending import Stays, observe, spending
from analysis.value.staying import years_to_come
from analysis.value.thin import Thin, thin_groups
from analysis.value.worth import Worth, totals, worth_of

Numbers = NDArray[np.float64]

#: years into a stay at which the rate of leaving may change: the start is when most leave
TENURE_BANDS = (0.0, 0.25, 1.0)


@dataclass(frozen=True, eq=False)
class SegmentValue:
    """What a customer who is there is worth, by segment; every column (g,).

    customers: how many are there; mean, low, high: the mean value of exactly these, in money; median: of the values;
    yearly_margin, years: means. thin: per segment what is missing; where that is not empty the figures
    should not be shown as known.
    """

    customers: Days
    mean: Numbers
    low: Numbers
    high: Numbers
    median: Numbers
    yearly_margin: Numbers
    years: Numbers
    thin: tuple[tuple[Thin, ...], ...]


def leaving_rates(spells: Spells, segment: ArrayLike, bands: ArrayLike = TENURE_BANDS) -> Hazards:
    """Defections a year by segment (c,) of each person and band of the tenure of a spell."""
    stay = (spells.until - spells.began) / DAYS_PER_YEAR
    return hazards(Timed(spells.person, np.zeros_like(stay), stay, spells.is_over), segment, bands)


def customer_values(
    histories: Histories, spells: Spells, segment: ArrayLike, settings: ValueSettings, level: float = 0.95
) -> tuple[Days, Worth]:
    """(n,) the customers who are there at the end of the spells' last day, and what each is worth from then on:
    margin at the own pace times the discounted years that customers of the segment with that tenure still stay.
    segment: (c,) of each person, 0..g-1.
    """
    there = ~spells.is_over
    person, of = spells.person[there], np.asarray(segment, dtype=np.int64)
    tenure = (spells.as_of_day + 1 - spells.began[there]) / DAYS_PER_YEAR
    years = years_to_come(leaving_rates(spells, of), tenure, of[person], settings)
    day = np.full(len(person), spells.as_of_day)
    stays = Stays(spells.customer[there], spells.began[there], day, np.zeros(len(person), dtype=np.bool_))
    seen = observe(histories, stays)
    return spells.customer[there], worth_of(spending(seen, of[person]), years, settings, level)


def segment_values(worth: Worth, rates: Hazards, seen_years: float, level: float = 0.95) -> SegmentValue:
    """The card of each segment, from `customer_values` and the rates of leaving; `seen_years`: length of the data."""
    of, size = worth.staying.group, len(rates.events)
    rows = np.bincount(of, minlength=size)
    total = totals(worth, of, size, level)
    some = np.maximum(rows, 1)
    mean, low, high = (each / some for each in (total.estimate, total.low, total.high))
    margin, years = (summed(of, each, size) / some for each in (worth.margin, worth.years))
    median = _medians(worth.value, of, size)
    return SegmentValue(rows, mean, low, high, median, margin, years, thin_groups(rates, seen_years))


def _medians(values: Numbers, of: Days, size: int) -> Numbers:
    order = np.lexsort((values, of))
    ends = np.cumsum(np.bincount(of, minlength=size))
    starts = np.concatenate([[0], ends[:-1]])
    middle = [(starts + ends - 1) // 2, (starts + ends) // 2]
    inside = np.minimum(np.stack(middle), max(len(values) - 1, 0))
    found = values[order][inside].mean(axis=0) if len(values) else np.zeros(size)
    return np.where(ends > starts, found, 0.0)
