"""Two worths as one, where some customers are valued by their visits and others by their contracts."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analysis.defection.histories import Days
from analysis.value.spending import Spending
from analysis.value.staying import Years
from analysis.value.worth import Worth, chosen

Numbers = NDArray[np.float64]


def joined(first: Worth, second: Worth, order: Days) -> Worth:
    """The rows of both as one worth, in the `order` (n,) given: places among the rows of the first, then the second.

    What the rows of each have in common stays so: groups and people of the second are numbered after those of the
    first, since the rates of leaving and those of renewing are learnt from different things. Both must have been made
    by the same settings.
    """
    values: dict[str, Any] = {name: np.concatenate([getattr(first, name), getattr(second, name)]) for name in _ROWS}
    spending = _spending(first.spending, second.spending)
    made = replace(first, **values, spending=spending, staying=_years(first.staying, second.staying))
    return chosen(made, order)


_ROWS = ("value", "low", "high", "margin", "years")


def _spending(first: Spending, second: Spending) -> Spending:
    columns = {f.name: np.concatenate([getattr(first, f.name), getattr(second, f.name)]) for f in fields(Spending)}
    columns["group"] = np.concatenate([first.group, second.group + len(first.mean_variance)])
    return Spending(**columns)


def _years(first: Years, second: Years) -> Years:
    width = max(first.slope.shape[1], second.slope.shape[1])
    slope = np.concatenate([_widened(each.slope, width) for each in (first, second)])
    influence = np.concatenate([_widened(each.influence, width) for each in (first, second)])
    variance = np.concatenate([_widened(_widened(each.variance, width, 1), width) for each in (first, second)])
    groups = len(first.variance)
    return Years(
        np.concatenate([first.years, second.years]),
        np.concatenate([first.group, second.group + groups]),
        slope,
        variance,
        influence,
        np.concatenate([first.person_group, second.person_group + groups]),
    )


def _widened(values: Numbers, width: int, axis: int = -1) -> Numbers:
    """With columns of nothing up to that width: parameters that the rows do not move with."""
    missing = [(0, 0)] * values.ndim
    missing[axis] = (0, width - values.shape[axis])
    return np.pad(values, missing)
