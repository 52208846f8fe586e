"""Rates of leaving (or of coming back) by group and band of time, and how uncertain they are."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from analysis.defection.histories import Days
from analysis.sums import ratio, summed

Numbers = NDArray[np.float64]

#: a band with few events leans on the group's overall rate with the weight of this many events
_LEANING = 0.5


@dataclass(frozen=True, eq=False)
class Timed:
    """What was seen of people over time: rows that end in an event or not.

    person: (s,) 0..c-1; entry, exit: (s,) on the clock of the bands, entry <= exit; event: (s,) whether it happened at
    the exit. For renewals: entry and exit are the number of renewals faced before and after.
    """

    person: Days
    entry: Numbers
    exit: Numbers
    event: NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Hazards:
    """Events per unit of time (years, or renewals faced), constant within bands: a piecewise exponential life.

    edges: (k,) where each band begins, the first at 0, the last without end. events, exposure, rate: (g, k).
    influence: (c, k) how much each person moved the log of his group's rates: (events - rate * exposure) / events;
    group: (c,) the group of each person. variance: (g, k, k) of the log rates.

    rate = events / exposure is the maximum-likelihood rate (Kalbfleisch and Prentice 2002, section 3.3). A band leans
    on the rate of its group by half an event, so that no band is without one. What the uncertainty is about: the rate
    of the process that made these events, over people like these; people are independent, the repeated stays of one
    person are not (a sum of squares over people, as in D. A. Binder 1992, Biometrika 79, 139-147).
    """

    edges: Numbers
    events: Numbers
    exposure: Numbers
    rate: Numbers
    influence: Numbers
    group: Days
    variance: Numbers


def hazards(seen: Timed, group: ArrayLike, edges: ArrayLike = (0.0,)) -> Hazards:
    """Rates from what was seen. group: (c,) of each person, 0..g-1. A group of whom nothing was seen has everybody's
    rate. Raises ValueError for edges that do not rise from 0, a negative group, or where nobody was seen for any
    time."""
    edge, of = np.asarray(edges, dtype=np.float64), np.asarray(group, dtype=np.int64)
    if edge.ndim != 1 or len(edge) == 0 or edge[0] != 0 or (np.diff(edge) <= 0).any():
        raise ValueError("Bands must begin at 0 and rise.")
    if len(of) == 0 or of.min() < 0:
        raise ValueError("Rates need the group of every person.")
    per_person = _per_person(seen, edge, len(of))
    size = int(of.max()) + 1
    events, exposure = (_by_group(each, of, size) for each in per_person)
    if exposure.sum() <= 0:
        raise ValueError("Nobody was observed for any time.")
    total = _overall(events, exposure)
    weight = events + _LEANING
    rate = weight / (exposure + _LEANING / total[:, None])
    own, time = per_person
    influence = (own - rate[of] * time) / weight[of]
    return Hazards(edge, events, exposure, rate, influence, of, _variance(influence, of, weight))


def _per_person(seen: Timed, edges: Numbers, people: int) -> tuple[Numbers, Numbers]:
    """(c, k) events and time of each person in each band."""
    ends = np.append(edges[1:], np.inf)
    band = np.searchsorted(edges, seen.exit, side="left") - 1
    band = np.maximum(band, 0)
    events, time = (np.zeros((people, len(edges))) for _ in range(2))
    for k, (low, high) in enumerate(zip(edges, ends, strict=True)):
        inside = np.clip(seen.exit, low, high) - np.clip(seen.entry, low, high)
        time[:, k] = summed(seen.person, inside, people)
        events[:, k] = summed(seen.person, seen.event & (band == k), people)
    return events, time


def _overall(events: Numbers, exposure: Numbers) -> Numbers:
    """(g,) one rate for all bands; half an event where there was none."""
    count, time = events.sum(axis=1), exposure.sum(axis=1)
    everybody = max(float(count.sum()), _LEANING) / float(time.sum())
    return ratio(np.maximum(count, _LEANING), time, everybody)


def _by_group(values: Numbers, of: Days, size: int) -> Numbers:
    return np.stack([summed(of, column, size) for column in values.T], axis=1)


def _variance(influence: Numbers, of: Days, weight: Numbers) -> Numbers:
    """(g, k, k): squares of influence summed over people; on the diagonal never below that of a Poisson count."""
    size, bands = weight.shape
    variance = np.empty((size, bands, bands))
    for a in range(bands):
        for b in range(bands):
            variance[:, a, b] = summed(of, influence[:, a] * influence[:, b], size)
    # With few events the sum of squares is too often too small.
    diagonal = np.arange(bands)
    variance[:, diagonal, diagonal] = np.maximum(variance[:, diagonal, diagonal], 1 / weight)
    return variance
