"""The share of a reason by what people found alone: honest whatever the model is worth, and wide."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from analysis.shares.intervals import wilson
from analysis.shares.reviewed import Found, Numbers, Reviewed


def labels_only(reviewed: Reviewed, level: float) -> Found:
    """(k,) each: the weighted share among reviewed answers, and Wilson's interval on an
    effective number of answers.

    That is the smaller of Kish's size, which takes it that weights have nothing to do with the reason, and
    p (1 - p) / variance, linearised (E. L. Korn and B. I. Graubard 1998, Survey Methodology 24, 193-201).
    """
    truth = reviewed.truth
    p = np.clip(reviewed.hajek(truth), 0, 1)  # past an edge by rounding only
    size = np.minimum(reviewed.effective, _linearised(truth, p, reviewed.expanded))
    found = wilson(p * size, size, level)
    return Found(p, found.low, found.high)


def _linearised(truth: Numbers, p: Numbers, expanded: Numbers) -> NDArray[np.float64]:
    m = len(expanded)
    spread = (expanded**2 @ (truth - p) ** 2) / expanded.sum() ** 2 * (m / max(m - 1, 1))
    alike = p * (1 - p)
    return np.asarray(np.divide(alike, spread, out=np.full(len(p), np.inf), where=spread > 0))
