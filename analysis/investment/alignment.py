"""Is the money where the causes are? Shares of spend and of lost value side by side.

Alignment, not optimality: a cheap remedy of a large reason rightly gets little money. What money earns is in `profit`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from analysis.investment.lost import Estimated, LostValue, interval
from analysis.investment.plan import Investment

Numbers = NDArray[np.float64]

#: A reason is called no cause where even the upper end of its part of the lost value lies below this.
NO_CAUSE_SHARE = 0.05


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the picture: from the share of spend on the left to the share of lost value on the right.

    `ratio`: share of spend over share of lost value; None where the reason costs nothing that can be influenced.
    """

    reason: str
    is_influenceable: bool
    spend: float
    spend_share: float
    value_share: Estimated
    ratio: float | None


@dataclass(frozen=True, slots=True)
class Alignment:
    """`mismatch`: half the sum of |share of spend - share of lost value|: the part of the spend that would have to move
    to other reasons for the two to agree; 0 agree, 1 apart. Its interval is that of the lost value. Rows come with the
    largest share of lost value first."""

    rows: tuple[Row, ...]
    mismatch: Estimated


@dataclass(frozen=True, slots=True)
class Aim:
    """What part of the lost value that can be influenced lies with the reasons of an investment."""

    value_share: Estimated
    is_influenceable: bool

    @property
    def is_cause(self) -> bool:
        """Not where the upper end of the share is below 5 %: hardly anyone of value leaves for it."""
        return self.is_influenceable and self.value_share.high >= NO_CAUSE_SHARE


def spread_spend(investments: Sequence[Investment], reasons: Sequence[str], years: float = 1.0) -> Numbers:
    """(k,) money by reason over `years`: one-off cost and running cost, in equal parts to the reasons of each.

    Equal parts, as parts by lost value would make any spend look better aimed than it is. ValueError where a targeted
    reason is not among `reasons`.
    """
    at = {reason: k for k, reason in enumerate(reasons)}
    spend = np.zeros(len(reasons))
    for investment in investments:
        if unknown := set(investment.reasons) - set(at):
            raise ValueError(f"{investment.name} targets {', '.join(sorted(unknown))}, which is not among the reasons.")
        part = (investment.one_off + investment.yearly * years) / len(investment.reasons)
        for reason in investment.reasons:
            spend[at[reason]] += part
    return spend


def align(spend: ArrayLike, lost: LostValue, level: float = 0.95) -> Alignment:
    """Spend by reason (k,), in money, beside the lost value of the same reasons.

    Spend on reasons that cannot be influenced counts as spend, and their lost value does not count: it is all
    mismatch. ValueError where nothing is spent or nothing that can be influenced is lost.
    """
    money = np.asarray(spend, dtype=np.float64)
    if money.shape != lost.yearly.shape or (money < 0).any() or not money.sum() > 0:
        raise ValueError("Spend by reason must be at least 0 for each, and more than 0 for one.")
    share, value, drawn = money / money.sum(), lost.shares, lost.share_draws
    if not value.sum() > 0:
        raise ValueError("No value is lost for a reason that can be influenced.")
    rows = [
        Row(
            reason,
            bool(lost.influenceable[k]),
            float(money[k]),
            float(share[k]),
            Estimated(float(value[k]), *interval(drawn[:, k], level)),
            float(share[k] / value[k]) if value[k] > 0 else None,
        )
        for k, reason in enumerate(lost.reasons)
    ]
    rows.sort(key=lambda row: (-row.value_share.value, -row.spend, row.reason))
    apart = np.abs(share - drawn).sum(axis=1) / 2
    return Alignment(tuple(rows), Estimated(float(np.abs(share - value).sum() / 2), *interval(apart, level)))


def aim(reasons: Sequence[str], lost: LostValue, level: float = 0.95) -> Aim:
    """What part of the influenceable lost value the reasons have together."""
    at = lost.at(reasons)
    share = Estimated(float(lost.shares[at].sum()), *interval(lost.share_draws[:, at].sum(axis=1), level))
    return Aim(share, bool(lost.influenceable[at].any()))
