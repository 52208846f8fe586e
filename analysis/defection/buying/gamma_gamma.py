"""Gamma-Gamma: what a customer spends on a visit, for who came a few times and for who came often."""

from __future__ import annotations

from typing import Self

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import digamma, gammaln

from analysis.defection.buying.errors import NotFitted, TooThin
from analysis.defection.buying.fitting import maximise
from analysis.defection.buying.model import FittedModel
from analysis.defection.buying.purchases import MIN_CUSTOMERS, Numbers, distinct, equally_long, not_whole


class GammaGamma(FittedModel):
    """The amount of a visit is Gamma(p, nu) around the customer's own mean, and nu is Gamma(q, v) over customers.
    It supposes that how much one spends does not hang together with how often one comes.

    P. S. Fader, B. G. S. Hardie & K. L. Lee (2005), RFM and CLV: Using Iso-Value Curves for Customer Base Analysis,
    J. of Marketing Research 42, 415-430; likelihood as in Fader & Hardie (2013), "The Gamma-Gamma Model of Monetary
    Value", equation 1a.

    frequency: (n,) over how many visits the mean was taken (the papers leave the first visit out); mean_amount: (n,)
    in units of money.
    """

    names = ("p", "q", "v")

    def fit(self, frequency: ArrayLike, mean_amount: ArrayLike) -> Self:
        """Fit by maximum likelihood to those with a frequency above 0. Raises ValueError where the columns are wrong or
        one of those spent nothing (leave such customers out), TooThin where fewer than 30 are left or all spent the
        same, NotFitted where no fit is to be trusted."""
        x, mean = _checked(np.atleast_1d(frequency), np.atleast_1d(mean_amount))
        x, mean = x[x > 0], mean[x > 0]
        if len(x) < MIN_CUSTOMERS:
            raise TooThin(f"{len(x)} customers came back; the model of spending needs at least {MIN_CUSTOMERS}.")
        if np.ptp(mean) == 0:
            raise TooThin(f"Everybody spent {mean[0]:g} a visit: use that amount, there is nothing to learn.")
        columns, counts = distinct((x, mean))
        level = float(mean.mean())
        starts = [(p, q, level * (q - 1) / p) for p, q in ((6.0, 4.0), (1.0, 2.0), (30.0, 3.0))]
        return self._learnt(maximise(lambda values: _likelihood(values, *columns), counts, starts), len(x))

    def expected_mean(self, frequency: ArrayLike, mean_amount: ArrayLike) -> Numbers:
        """What each customer may be expected to spend on a visit, (n,), in units of money. Equation 5 of the paper:

            p (v + x m) / (p x + q - 1)

        the own mean m drawn towards that of the population, p v / (q - 1), which is also the answer for who never came
        back (x = 0). Raises NotFitted where amounts are spread so wide that the population has no mean (q <= 1).
        """
        p, q, v = self._values()
        x, mean = _checked(frequency, mean_amount)
        below = p * x + q - 1
        if (below <= 0).any():
            raise NotFitted("Amounts differ so much that they have no mean. Look for errors in the largest amounts.")
        return np.asarray(p * (v + x * mean) / below)


def _likelihood(values: Numbers, x: Numbers, mean: Numbers) -> tuple[Numbers, Numbers]:
    p, q, v = values
    shape, total = p * x, v + mean * x
    rows = gammaln(shape + q) - gammaln(shape) - gammaln(q) + q * np.log(v / total)
    rows += shape * np.log(mean * x / total) - np.log(mean)
    both = digamma(shape + q)
    by_p = x * (both - digamma(shape) + np.log(mean * x / total))
    by_q = both - digamma(q) + np.log(v / total)
    return rows, np.stack([by_p, by_q, q / v - (shape + q) / total])


def _checked(frequency: ArrayLike, mean_amount: ArrayLike) -> tuple[Numbers, Numbers]:
    x, mean = equally_long(frequency=frequency, mean_amount=mean_amount)
    if not_whole(x):
        raise ValueError("A frequency counts visits: it must be a whole number.")
    if (mean[x > 0] <= 0).any():
        raise ValueError("Who came back must have spent something: leave out those with a mean amount of 0.")
    return x, mean
