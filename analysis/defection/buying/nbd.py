"""NBD: customers come at rates of their own and never leave. The model that says how much leaving matters."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.special import digamma, gammaln

from analysis.defection.buying.model import PurchaseModel, typical_time
from analysis.defection.buying.purchases import Numbers, Purchases


class NBD(PurchaseModel):
    """Purchases come at random at a rate that is Gamma(r, alpha) over customers, for ever.

    A. S. C. Ehrenberg (1959), Applied Statistics 8, 26-41. Log-likelihood of the times of x purchases up to T:

        ln G(r + x) - ln G(r) + r ln alpha - (r + x) ln(alpha + T)

    which is that of Fader, Hardie & Lee (2005) without dropout, so that heights can be compared.
    """

    names = ("r", "alpha")

    def _likelihood(self, values: Numbers, bought: Purchases) -> tuple[Numbers, Numbers]:
        r, alpha = values
        x, until = bought.frequency, alpha + bought.age
        rows = gammaln(r + x) - gammaln(r) + r * np.log(alpha) - (r + x) * np.log(until)
        by_r = digamma(r + x) - digamma(r) + np.log(alpha) - np.log(until)
        return rows, np.stack([by_r, r / alpha - (r + x) / until])

    def _starts(self, bought: Purchases, counts: Numbers) -> Sequence[Sequence[float]]:
        time = typical_time(bought, counts)
        return [(r, r * time) for r in (0.5, 3.0)]

    def _expected(self, values: list[float], horizon: Numbers, bought: Purchases) -> Numbers:
        """(r + x) / (alpha + T) t: the posterior mean rate."""
        r, alpha = values
        return np.asarray((r + bought.frequency) / (alpha + bought.age) * horizon)

    def _alive(self, values: list[float], bought: Purchases) -> Numbers:
        """Always 1: in this model nobody leaves."""
        return np.ones(bought.frequency.shape)
