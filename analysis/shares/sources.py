"""What customers ticked, what they wrote and what people found in it: three things, held side by side."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from analysis.agreement import Agreement, cohen_kappa
from analysis.shares.estimating import Shares, shares_of
from analysis.shares.intervals import wilson
from analysis.shares.reviewed import Numbers, Reviewed, effective_size


@dataclass(frozen=True, slots=True)
class Ticked:
    """The share of answers in which each of k reasons was ticked, all (k,): weighted, with Wilson's interval on the
    effective number of answers. Ticks are known of every answer, so no model and no audit is in this."""

    estimate: Numbers
    low: Numbers
    high: Numbers


@dataclass(frozen=True, slots=True)
class Sources:
    """Ticks and words compared for k reasons.

    `ticked` and `written`: two shares that are never merged. `agreement`: of tick and human label, reason by reason,
    beyond chance (kappa); None where it is undefined. `table` (k, 4): of the reviewed answers, in how many the reason
    was both ticked and found by people, only ticked, only found, neither. `written_where_ticked`: for each ticked
    reason, the shares of all k reasons in the words of those who ticked it ("price" ticked, unanswered complaints
    written); None where nobody ticked it.
    """

    ticked: Ticked
    written: Shares
    agreement: tuple[Agreement | None, ...]
    table: NDArray[np.int64]
    written_where_ticked: tuple[Shares | None, ...]


def compare_sources(reviewed: Reviewed, ticked: ArrayLike, level: float = 0.95) -> Sources:
    """Hold what was ticked, (n, k) yes or no, against what was written in the same n answers.

    Raises ValueError where the ticks do not fit the answers.
    """
    ticks = np.asarray(ticked)
    if ticks.shape != reviewed.probabilities.shape or not np.isin(ticks, (0, 1)).all():
        raise ValueError("Of each answer and each reason it must be known whether it was ticked: yes or no.")
    ticks = ticks.astype(np.bool_)
    found, own = reviewed.truth.astype(np.bool_), ticks[reviewed.at]
    table = np.stack([(own & found), (own & ~found), (~own & found), (~own & ~found)], axis=-1).sum(axis=0)
    return Sources(
        _ticked(reviewed, ticks, level),
        shares_of(reviewed, level),
        tuple(cohen_kappa(own[:, k], found[:, k], level=level) for k in range(ticks.shape[1])),
        table.astype(np.int64),
        tuple(shares_of(reviewed.among(those), level) if (reviewed.weights @ those) > 0 else None for those in ticks.T),
    )


def _ticked(reviewed: Reviewed, ticks: NDArray[np.bool_], level: float) -> Ticked:
    size = effective_size(reviewed.weights)
    share = reviewed.weights @ ticks / reviewed.total if size else np.full(ticks.shape[1], np.nan)
    interval = wilson(np.clip(np.nan_to_num(share), 0, 1) * size, size, level)
    return Ticked(np.asarray(share), interval.low, interval.high)
