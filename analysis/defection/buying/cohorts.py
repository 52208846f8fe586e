"""A model per acquisition cohort, where it pays."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from analysis.defection.buying.errors import NotFitted, TooThin
from analysis.defection.buying.model import PurchaseModel
from analysis.defection.buying.purchases import Numbers, Purchases


@dataclass(frozen=True)
class ByCohort:
    """A model for each cohort that deserves one of its own, and one of all customers for the others.

    pays: whether models of their own explain the visits better than one of all, by more than their extra parameters
    cost. Where it does not pay, `own` is empty.
    """

    pooled: PurchaseModel
    own: dict[int, PurchaseModel]
    pays: bool

    def expected_purchases(self, horizon: float, bought: Purchases, cohort: ArrayLike) -> Numbers:
        """(n,) as of `PurchaseModel.expected_purchases`, from the model of each customer's cohort."""
        found = self.pooled.expected_purchases(horizon, bought.frequency, bought.recency, bought.age)
        members = np.asarray(cohort)
        for name, model in self.own.items():
            among = members == name
            found[among] = model.expected_purchases(horizon, *_of(bought, among))
        return found


def fit_by_cohort(kind: type[PurchaseModel], bought: Purchases, cohort: ArrayLike) -> ByCohort:
    """Fit a kind of model to all customers, and to each cohort. `cohort` (n,): a whole number each, such as the year of
    the first visit.

    Own models are kept where the sum of their log-likelihoods exceeds that of the pooled one by more than half the
    extra parameters times ln n: the criterion of G. Schwarz (1978), Annals of Statistics 6, 461-464. Cohorts too thin
    for a model of their own are judged and answered by the pooled one. Raises as `fit` does where all are too thin.
    """
    members = np.asarray(cohort, dtype=np.int64)
    if members.shape != bought.frequency.shape:
        raise ValueError("Every customer needs a cohort.")
    everyone = np.ones(len(members), dtype=np.bool_)
    pooled = kind().fit(*_of(bought, everyone))
    own, gain = {}, 0.0
    for name in np.unique(members):
        among = members == name
        try:
            model = kind().fit(*_of(bought, among))
        except (TooThin, NotFitted):
            continue
        own[int(name)] = model
        gain += model.log_likelihood_ - pooled.log_likelihood_of(*_of(bought, among))
    pays = len(own) > 1 and gain > len(own) * len(kind.names) / 2 * math.log(len(members))
    return ByCohort(pooled, own if pays else {}, pays)


def _of(bought: Purchases, among: NDArray[np.bool_]) -> tuple[Numbers, Numbers, Numbers]:
    return bought.frequency[among], bought.recency[among], bought.age[among]
