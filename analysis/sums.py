"""Sums by group and ratios that may be of nothing."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

Numbers = NDArray[np.float64]


def summed(of: NDArray[np.int64], values: ArrayLike, size: int = 0) -> Numbers:
    """(g,) the sum of values (n,) in each group `of` (n,) 0..g-1; at least `size` groups."""
    return np.bincount(of, np.asarray(values, dtype=np.float64), size).astype(np.float64)


def ratio(above: ArrayLike, below: ArrayLike, empty: float = 0.0) -> Numbers:
    """above / below, and `empty` where below is not above 0."""
    top, bottom = np.broadcast_arrays(np.asarray(above, dtype=np.float64), np.asarray(below, dtype=np.float64))
    result = np.full(top.shape, empty, dtype=np.float64)
    np.divide(top, bottom, out=result, where=bottom > 0)
    return result
