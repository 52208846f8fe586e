"""MBG/NBD: as BG/NBD, but a customer may leave after the very first purchase too."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.special import betaln, digamma, expit

from analysis.defection.buying.leaving import dropout_starts, expected_while_alive, log_odds_gone, purchasing
from analysis.defection.buying.model import PurchaseModel
from analysis.defection.buying.purchases import Numbers, Purchases


class MBGNBD(PurchaseModel):
    """Purchases at a rate Gamma(r, alpha) over customers; after each purchase, the first included, the customer leaves
    with a probability that is Beta(a, b) over customers.

    E. P. Batislam, M. Denizel & A. Filiztekin (2007), Empirical validation and comparison of models for customer base
    analysis, Int. J. of Research in Marketing 24, 201-209; formulas as in D. Hoppe & U. Wagner (2007), Customer base
    analysis: the case for a central variant of the Betageometric/NBD model, Marketing JRM 3, 75-90:

        L = G(r + x) / G(r) alpha^r [ B(a, b + x + 1) / B(a, b) (alpha + T)^-(r + x)
                                      + B(a + 1, b + x) / B(a, b) (alpha + tx)^-(r + x) ]
        P(alive) = 1 / (1 + a / (b + x) ((alpha + T) / (alpha + tx))^(r + x))
    """

    names = ("r", "alpha", "a", "b")

    def _likelihood(self, values: Numbers, bought: Purchases) -> tuple[Numbers, Numbers]:
        r, alpha, a, b = values
        x = bought.frequency
        odds = log_odds_gone(values, bought, b + x)
        rows, by_r, by_alpha = purchasing(r, alpha, bought, odds)
        gone = expit(odds)
        rows = rows + betaln(a, b + x + 1) - betaln(a, b)
        both = digamma(a + b) - digamma(a + b + x + 1)
        by_b = both + digamma(b + x + 1) - digamma(b) - gone / (b + x)
        return rows, np.stack([by_r, by_alpha, both + gone / a, by_b])

    def _starts(self, bought: Purchases, counts: Numbers) -> Sequence[Sequence[float]]:
        return dropout_starts(bought, counts)

    def _expected(self, values: list[float], horizon: Numbers, bought: Purchases) -> Numbers:
        """P(alive) times the purchases of BG/NBD from b + x + 1: one more time of staying was seen."""
        still = expected_while_alive(values, values[3] + bought.frequency + 1, horizon, bought)
        return np.asarray(self._alive(values, bought) * still)

    def _alive(self, values: list[float], bought: Purchases) -> Numbers:
        odds = log_odds_gone(np.asarray(values), bought, values[3] + bought.frequency)
        return np.asarray(expit(-odds))
