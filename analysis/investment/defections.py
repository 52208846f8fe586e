"""Defections by month, reason and branch, and the same as a table that a comparison reads."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

Numbers = NDArray[np.float64]
Whole = NDArray[np.int64]
Flags = NDArray[np.bool_]

OTHERS, TARGETED = 0, 1


@dataclass(frozen=True, slots=True, eq=False)
class Defections:
    """n rows, each a month, reason and branch. ValueError where the parts do not fit together.

    `month`: whole months since 1970-01, complete months only (one whose defections are not all known yet looks like a
    fall). `reason`: its code. `branch`: its id. `count`: who left for it, which may be a weighted sum of probabilities;
    all read by one version of the classifier and one list of reasons. `at_risk`: customers who could have left in that
    month and branch, the same for every reason. `variance`: what estimating the count adds to its variance, in counts
    squared (0 where people counted). A reason without a row where its branch and month have one was given by nobody;
    a branch without any row in a month was not open in it.
    """

    month: ArrayLike
    reason: ArrayLike
    branch: ArrayLike
    count: ArrayLike
    at_risk: ArrayLike
    variance: ArrayLike | None = None

    def __post_init__(self) -> None:
        columns = [self.month, self.reason, self.branch, self.count, self.at_risk]
        columns += [] if self.variance is None else [self.variance]
        if len({np.shape(column) for column in columns}) != 1 or np.ndim(self.month) != 1 or not np.size(self.month):
            raise ValueError("Defections need rows with a month, reason, branch, count and customers at risk each.")
        numbers = np.array([self.count, self.at_risk, *columns[5:]], dtype=np.float64)
        if not np.isfinite(numbers).all() or (numbers < 0).any() or (numbers[1] <= 0).any():
            raise ValueError("Counts must be at least 0 and customers at risk more than 0.")

    @property
    def branches(self) -> tuple[int, ...]:
        return tuple(np.unique(np.asarray(self.branch, dtype=np.int64)).tolist())

    @property
    def reasons(self) -> tuple[str, ...]:
        return tuple(np.unique(np.asarray(self.reason)).tolist())

    @property
    def months(self) -> tuple[int, int]:
        """The first and the last."""
        month = np.asarray(self.month, dtype=np.int64)
        return int(month.min()), int(month.max())

    def table(self, targeted: Collection[str], others: Collection[str]) -> Table:
        """Sums of the targeted reasons and of the others, for every month from the first to the last and branch."""
        first, last = self.months
        names, kind = np.unique(np.asarray(self.reason), return_inverse=True)
        of_name = np.array([TARGETED if name in targeted else OTHERS if name in others else -1 for name in names])
        branches, at = np.unique(np.asarray(self.branch, dtype=np.int64), return_inverse=True)
        month = np.asarray(self.month, dtype=np.int64) - first
        shape = (last - first + 1, len(branches))
        at_risk = np.zeros(shape)
        np.maximum.at(at_risk, (month, at), np.asarray(self.at_risk, dtype=np.float64))
        group, counted = of_name[kind], (of_name >= 0)[kind]
        where = np.ravel_multi_index((month[counted], at[counted], group[counted]), (*shape, 2))

        def summed(column: ArrayLike) -> Numbers:
            weights = np.asarray(column, dtype=np.float64)[counted]
            flat = np.bincount(where, weights, minlength=shape[0] * shape[1] * 2)
            return flat.astype(np.float64).reshape(*shape, 2)

        counts = summed(self.count)
        variance = np.zeros_like(counts) if self.variance is None else summed(self.variance)
        return Table(np.arange(first, last + 1), branches.astype(np.int64), counts, variance, at_risk)


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """t months and b branches. `counts`, `variance` (t, b, 2): other reasons, targeted reasons; `at_risk` (t, b), 0
    where the branch was not open."""

    months: Whole
    branches: Whole
    counts: Numbers
    variance: Numbers
    at_risk: Numbers

    def only(self, months: Flags, branches: Flags) -> Table:
        """The same without the months and branches that are not marked."""
        at = np.ix_(months, branches)
        return Table(self.months[months], self.branches[branches], self.counts[at], self.variance[at], self.at_risk[at])

    def all_reasons(self) -> Table:
        """The same with every reason counted as targeted: what tests the total."""
        counts, variance = (np.zeros_like(self.counts) for _ in range(2))
        counts[..., TARGETED], variance[..., TARGETED] = self.counts.sum(axis=2), self.variance.sum(axis=2)
        return Table(self.months, self.branches, counts, variance, self.at_risk)
