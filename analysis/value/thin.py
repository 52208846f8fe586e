"""Where data are too thin for a figure: why, and how many more are needed."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

import numpy as np
from numpy.typing import ArrayLike

from analysis.defection.histories import Days
from analysis.value.hazards import Hazards

#: with fewer defections the interval of a rate is wider than from half to double the estimate
LEAST_EVENTS = 10
LEAST_CUSTOMERS = 30
#: of one season nobody can tell a year
LEAST_YEARS = 1.0


@dataclass(frozen=True, slots=True)
class Thin:
    """reason: 'customers', 'defections' or 'years' (how long customers were seen). have, needed: in that unit; more:
    needed less have. months: how long that takes at the pace seen so far, None where that is nothing or unknown."""

    reason: str
    have: float
    needed: float
    more: float
    months: int | None


def too_thin(customers: int, defections: float, years: float) -> tuple[Thin, ...]:
    """What is missing for a lifetime value of one group; nothing where there is enough. `years`: from the first day of
    the data to the last. Raises ValueError for figures below nothing."""
    if customers < 0 or defections < 0 or years < 0:
        raise ValueError("Customers, defections and years must be at least 0.")
    months = years * 12
    found = [
        _thin("customers", customers, LEAST_CUSTOMERS, customers / months if months else 0.0),
        _thin("defections", defections, LEAST_EVENTS, defections / months if months else 0.0),
        _thin("years", years, LEAST_YEARS, 1 / 12),
    ]
    return tuple(each for each in found if each is not None)


def thin_groups(rates: Hazards, years: float) -> tuple[tuple[Thin, ...], ...]:
    """For each group of rates (g,), what is missing."""
    customers: Days = np.bincount(rates.group, minlength=len(rates.events))
    defections = rates.events.sum(axis=1)
    return tuple(too_thin(int(n), float(d), years) for n, d in zip(customers, defections, strict=True))


def enough(thin: tuple[tuple[Thin, ...], ...], groups: ArrayLike) -> bool:
    """Whether all of the given groups have enough."""
    return not any(thin[group] for group in np.unique(np.asarray(groups, dtype=np.int64)).tolist())


def _thin(reason: str, have: float, needed: float, per_month: float) -> Thin | None:
    if have >= needed:
        return None
    return Thin(reason, have, needed, needed - have, ceil((needed - have) / per_month) if per_month > 0 else None)
