"""sBG: how long customers with a contract stay, renewal after renewal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Self

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import betaln, digamma, hyp2f1

from analysis.defection.buying.errors import TooThin
from analysis.defection.buying.fitting import maximise
from analysis.defection.buying.model import FittedModel
from analysis.defection.buying.purchases import MIN_CUSTOMERS, Numbers, equally_long

_STARTS = ((1.0, 1.0), (0.5, 3.0), (3.0, 20.0))


class ShiftedBetaGeometric(FittedModel):
    """At each renewal a customer leaves with a probability that is his own, and Beta(alpha, beta) over customers.
    Retention then rises with tenure though nobody becomes more loyal: the disloyal have gone.

    P. S. Fader & B. G. S. Hardie (2007), How to Project Customer Retention, J. of Interactive Marketing 21, 76-90.
    """

    names = ("alpha", "beta")

    def fit(self, customers_by_period: Sequence[float] | Sequence[Sequence[float]] | Numbers) -> Self:
        """Fit by maximum likelihood to how many customers there still were at the start and after each renewal, such as
        [1000, 869, 743]: of one cohort, or a list of such lists, of cohorts that may have seen fewer renewals.

        Raises ValueError where a number of customers rises or is below 0, TooThin where there are fewer than 30
        customers or two renewals or nobody left, NotFitted where no fit is to be trusted.
        """
        nested = len(customers_by_period) > 0 and np.ndim(customers_by_period[0]) == 1
        cohorts = [_checked(cohort) for cohort in (customers_by_period if nested else [customers_by_period])]
        started = sum(cohort[0] for cohort in cohorts)
        _enough(cohorts, started)
        lost = np.concatenate([-np.diff(cohort) for cohort in cohorts])
        period = np.concatenate([np.arange(1, len(cohort), dtype=np.float64) for cohort in cohorts])
        staying = np.array([cohort[-1] for cohort in cohorts])
        renewals = np.array([len(cohort) - 1.0 for cohort in cohorts])
        stayed = np.concatenate([period - 1, renewals])
        left = np.repeat([1.0, 0.0], [len(period), len(renewals)])
        top = maximise(lambda values: _likelihood(values, left, stayed), np.concatenate([lost, staying]), _STARTS)
        return self._learnt(top, round(started))

    def survival(self, renewals: ArrayLike) -> Numbers:
        """The share of customers who are still there after so many renewals: B(alpha, beta + t) / B(alpha, beta)."""
        alpha, beta = self._values()
        (t,) = equally_long(renewals=renewals)
        return np.asarray(np.exp(betaln(alpha, beta + t) - betaln(alpha, beta)))

    def retention(self, renewal: ArrayLike) -> Numbers:
        """The share of those still there who renew at that renewal, from 1: (beta + t - 1) / (alpha + beta + t - 1)."""
        alpha, beta = self._values()
        (t,) = equally_long(renewal=renewal)
        if (t < 1).any():
            raise ValueError("Renewals are counted from 1.")
        return np.asarray((beta + t - 1) / (alpha + beta + t - 1))

    def expected_residual(self, renewals: ArrayLike, discount: float) -> Numbers:
        """How many renewals a customer who has renewed so many times is still worth, just before the next renewal,
        which counts in full; later ones are discounted by `discount` a period (.1: ten per cent).

        With n = renewals + 1: (beta + n - 1) / (alpha + beta + n - 1) 2F1(1, beta + n; alpha + beta + n; 1 / (1 + d)).
        P. S. Fader & B. G. S. Hardie (2010), Customer-Base Valuation in a Contractual Setting, Marketing Science 29,
        85-93, equation 6. ValueError where the discount is below 0, or is 0 and the sum has no end (alpha <= 1).
        """
        alpha, beta = self._values()
        (n,) = equally_long(renewals=renewals)
        if not (np.isfinite(discount) and discount >= 0):
            raise ValueError("The discount must be a number of at least 0.")
        if discount == 0 and alpha <= 1:
            raise ValueError("Without a discount the renewals that some customers still make have no end: give one.")
        first = (beta + n) / (alpha + beta + n)
        return np.asarray(first * hyp2f1(1.0, beta + n + 1, alpha + beta + n + 1, 1 / (1 + discount)))


def _likelihood(values: Numbers, left: Numbers, stayed: Numbers) -> tuple[Numbers, Numbers]:
    """Equations 5 and 6 of the 2007 paper: of having renewed `stayed` times, and then left or not."""
    alpha, beta = values
    rows = betaln(alpha + left, beta + stayed) - betaln(alpha, beta)
    both = digamma(alpha + beta) - digamma(alpha + beta + left + stayed)
    by_alpha = digamma(alpha + left) - digamma(alpha) + both
    return rows, np.stack([by_alpha, digamma(beta + stayed) - digamma(beta) + both])


def _checked(cohort: ArrayLike) -> Numbers:
    (customers,) = equally_long(customers=np.atleast_1d(cohort))
    if not len(customers):
        raise ValueError("A cohort needs at least the number of customers that it began with.")
    if (np.diff(customers) > 0).any():
        raise ValueError("Customers cannot grow in number from one renewal to the next: give those still there.")
    return customers


def _enough(cohorts: list[Numbers], started: float) -> None:
    if started < MIN_CUSTOMERS:
        raise TooThin(f"The cohort began with {started:g} customers; a model needs at least {MIN_CUSTOMERS}.")
    if max(len(cohort) for cohort in cohorts) < 3:
        raise TooThin("One renewal cannot tell how retention changes; a model needs at least two.")
    if all(cohort[0] == cohort[-1] for cohort in cohorts):
        raise TooThin("Nobody left yet: how long customers stay cannot be learnt. Wait for a renewal that some refuse.")
