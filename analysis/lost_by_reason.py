"""The value lost with defectors by the reason they left: what they would have brought had they stayed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from analysis.shares.estimating import Shares, shares_of
from analysis.shares.reviewed import Reviewed

Numbers = NDArray[np.float64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Amount:
    """An amount of money, in the currency of the values, and its interval."""

    estimate: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class LostByReason:
    """Value lost by each of k reasons, (k,) in the currency of the values that were given.

    `total`: lost with all defectors, whatever the reason. `estimate`, `low`, `high`: lost with those who gave a reason.
    Who gave several counts under each, so these add up to more than `total`. `influenceable`: lost with those who gave
    at least one reason that the business can influence; `not_influenceable`: with those who gave reasons, and none that
    it can; the rest gave none. `shares`: of value rather than of heads, with the method and how many more answers to
    review. What spending is held against is made of these by `analysis.lost_from_intervals`.
    """

    total: float
    estimate: Numbers
    low: Numbers
    high: Numbers
    influenceable: Amount
    not_influenceable: Amount
    shares: Shares


def lost_value(
    reviewed: Reviewed,
    value: ArrayLike,
    influenceable: ArrayLike,
    *,
    total: float | None = None,
    level: float = 0.95,
) -> LostByReason:
    """L_k = sum over defectors of weight x p(reason k) x remaining value, corrected by the audit as shares are.

    `reviewed`: the answers, weighted for non-response (`analysis.reviewed_answers`). `value` (n,): what each would have
    brought had they stayed, at least 0. `influenceable` (k,) yes or no. `total`: the value lost with all defectors,
    answered or not, where it is known (it is not estimated then); else the weighted sum over those who answered.

    L_k = total x the share of value, estimated by `estimate_shares` with weight x value for weight. Few customers who
    are worth much make an interval wide: `shares.effective_reviewed` says how few. Values are taken as given; how sure
    a remaining value is, is not in the interval. Raises ValueError, in words, for values that cannot be.
    """
    can = np.asarray(influenceable)
    k = reviewed.truth.shape[1]
    if can.shape != (k,) or not np.isin(can, (0, 1)).all():
        raise ValueError("Of each reason it must be known whether it can be influenced: yes or no.")
    lost = reviewed.weighted(value)
    whole = lost.total if total is None else float(total)
    if not (np.isfinite(whole) and whole >= 0):
        raise ValueError("The value lost must be an amount of at least 0.")
    apart = shares_of(lost, level)
    able, unable = _amounts(whole, shares_of(_two_kinds(lost, can.astype(np.bool_)), level))
    return LostByReason(whole, whole * apart.estimate, whole * apart.low, whole * apart.high, able, unable, apart)


def _two_kinds(lost: Reviewed, can: Flags) -> Reviewed:
    """Two reasons made of all: any that can be influenced, and others only.

    The model's probability of either takes reasons as independent; the audit corrects that with the rest.
    """
    truth = lost.truth.astype(np.bool_)
    able, other = truth[:, can].any(axis=1), truth[:, ~can].any(axis=1)
    return Reviewed(
        _either(lost.probabilities, can),
        lost.at,
        _either(lost.said, can),
        np.column_stack([able, other & ~able]).astype(np.float64),
        lost.inclusion,
        lost.weights,
    )


def _either(probabilities: NDArray[np.floating], can: Flags) -> Numbers:
    none_able = np.prod(1.0 - probabilities[:, can], axis=1)
    none_other = np.prod(1.0 - probabilities[:, ~can], axis=1)
    return np.column_stack([1 - none_able, none_able * (1 - none_other)]).astype(np.float64)


def _amounts(whole: float, shares: Shares) -> tuple[Amount, Amount]:
    columns = (shares.estimate, shares.low, shares.high)
    able, unable = zip(*((whole * column).tolist() for column in columns), strict=True)
    return Amount(*able), Amount(*unable)
