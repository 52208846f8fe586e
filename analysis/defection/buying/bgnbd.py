"""BG/NBD: after every repeat purchase a customer may leave for good."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.special import betaln, digamma, expit

from analysis.defection.buying.leaving import dropout_starts, expected_while_alive, log_odds_gone, purchasing
from analysis.defection.buying.model import PurchaseModel
from analysis.defection.buying.purchases import Numbers, Purchases


class BGNBD(PurchaseModel):
    """Purchases at a rate Gamma(r, alpha) over customers; after each repeat purchase the customer leaves with a
    probability that is Beta(a, b) over customers.

    P. S. Fader, B. G. S. Hardie & K. L. Lee (2005), "Counting Your Customers" the Easy Way, Marketing Science 24,
    275-284. Its weakness, which the paper names: nobody can leave before a first repeat purchase, so who came once
    has a probability of being alive of 1 for ever.
    """

    names = ("r", "alpha", "a", "b")

    def probability_alive(self, frequency: Numbers, recency: Numbers, age: Numbers) -> Numbers:  # type: ignore[override]
        """NEVER RANK CUSTOMERS BY THIS: one-time buyers get 1, however long ago they came, so that the order is worse
        than chance (area under the curve .32 on CDNOW). Rank by `expected_purchases`, or use MBG/NBD or Pareto/NBD.

            1 / (1 + a / (b + x - 1) ((alpha + T) / (alpha + tx))^(r + x))        for x > 0, (n,)

        P. S. Fader, B. G. S. Hardie & K. L. Lee (2008), "Computing P(alive) Using the BG/NBD Model".
        """
        return super().probability_alive(frequency, recency, age)

    def _likelihood(self, values: Numbers, bought: Purchases) -> tuple[Numbers, Numbers]:
        """Equation 6 of the paper: A1 A2 (A3 + A4 where x > 0)."""
        r, alpha, a, b = values
        x = bought.frequency
        repeat = x > 0
        before = np.where(repeat, b + x - 1, 1.0)
        odds = np.where(repeat, log_odds_gone(values, bought, before), -np.inf)
        rows, by_r, by_alpha = purchasing(r, alpha, bought, odds)
        gone = expit(odds)
        rows = rows + betaln(a, b + x) - betaln(a, b)
        both = digamma(a + b) - digamma(a + b + x)
        by_b = both + digamma(b + x) - digamma(b) - gone / before
        return rows, np.stack([by_r, by_alpha, both + gone / a, by_b])

    def _starts(self, bought: Purchases, counts: Numbers) -> Sequence[Sequence[float]]:
        return dropout_starts(bought, counts)

    def _expected(self, values: list[float], horizon: Numbers, bought: Purchases) -> Numbers:
        """Equation 10 of the paper."""
        still = expected_while_alive(values, values[3] + bought.frequency, horizon, bought)
        return np.asarray(self._alive(values, bought) * still)

    def _alive(self, values: list[float], bought: Purchases) -> Numbers:
        x = bought.frequency
        odds = log_odds_gone(np.asarray(values), bought, np.where(x > 0, values[3] + x - 1, 1.0))
        return np.asarray(np.where(x > 0, expit(-odds), 1.0))
