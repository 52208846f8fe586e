"""Several tests at once: how many of those that are called an effect may be none."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray


def false_discoveries(p_values: ArrayLike) -> NDArray[np.float64]:
    """Adjusted p-values (n,), in the order given: of those at most q, a part of at most q is expected to be no effect.

    Y. Benjamini and Y. Hochberg (1995), JRSS B 57, 289-300. NaN (not tested) stays NaN and counts as no test. Raises
    ValueError outside 0 to 1.
    """
    p = np.asarray(p_values, dtype=np.float64)
    tested = ~np.isnan(p)
    if p.ndim != 1 or (p[tested] < 0).any() or (p[tested] > 1).any():
        raise ValueError("P-values lie between 0 and 1.")
    adjusted = np.full(len(p), np.nan)
    order = np.argsort(p[tested], kind="stable")
    stepped = p[tested][order] * len(order) / np.arange(1, len(order) + 1)
    back = np.empty(len(order))
    back[order] = np.minimum.accumulate(stepped[::-1])[::-1]
    adjusted[tested] = back
    return adjusted
