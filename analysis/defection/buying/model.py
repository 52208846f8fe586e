"""What all models of purchases share: fitting, asking, and being stored as plain numbers."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import ClassVar, Self

import numpy as np
from numpy.typing import ArrayLike

from analysis.defection.buying.errors import NotFitted, TooThin
from analysis.defection.buying.fitting import Maximum, maximise
from analysis.defection.buying.purchases import Numbers, Purchases, distinct, enough, equally_long


class FittedModel:
    """A model with parameters.

    params_: dict of the parameters in the order of the paper; log_likelihood_: of all customers together;
    customers_: how many it was fitted on; at_limit_: parameters that ran to the largest or smallest value allowed
    (about e^12): the data show no difference between customers there; what is predicted stays right; held_: the data
    do not tell the parameters apart, so they were held near usual ones: what is predicted stays right here too.
    """

    names: ClassVar[tuple[str, ...]]

    params_: dict[str, float]
    log_likelihood_: float
    customers_: int
    at_limit_: tuple[str, ...]
    held_: bool

    def as_dict(self) -> dict[str, object]:
        """The fitted model as plain numbers and words, ready for JSON; `buying_model_from` makes the model of them."""
        self._values()
        return {
            "model": type(self).__name__,
            "params": dict(self.params_),
            "log_likelihood": self.log_likelihood_,
            "customers": self.customers_,
            "at_limit": list(self.at_limit_),
            "held": self.held_,
        }

    def restore(self, params: Mapping[str, float], log_likelihood: float, customers: int = 0) -> Self:
        """Take over parameters that were fitted before. ValueError where they are not this model's or not above 0."""
        if set(params) != set(self.names):
            raise ValueError(f"{type(self).__name__} has the parameters {', '.join(self.names)}.")
        values = np.array([params[name] for name in self.names], dtype=np.float64)
        if not (np.isfinite(values) & (values > 0)).all():
            raise ValueError(f"The parameters of {type(self).__name__} must be numbers above 0.")
        return self._learnt(Maximum(values, float(log_likelihood), ()), customers)

    def _learnt(self, top: Maximum, customers: int) -> Self:
        self.params_ = {name: float(value) for name, value in zip(self.names, top.parameters, strict=True)}
        self.log_likelihood_ = top.log_likelihood
        self.customers_ = customers
        self.at_limit_ = tuple(self.names[place] for place in top.at_limit)
        self.held_ = top.held
        return self

    def _values(self) -> list[float]:
        """The parameters in order. NotFitted where there are none."""
        if not hasattr(self, "params_"):
            raise NotFitted(f"This {type(self).__name__} knows nothing yet: call fit first.")
        return [self.params_[name] for name in self.names]


class PurchaseModel(FittedModel, ABC):
    """A model of when customers buy, fitted on frequency, recency and age (see `Purchases`)."""

    def fit(self, frequency: ArrayLike, recency: ArrayLike, age: ArrayLike) -> Self:
        """Fit by maximum likelihood to n customers, (n,) each. Times in any one unit, the parameters in the same.

        Raises ValueError where the columns are wrong, TooThin where there is too little to learn from (fewer than 30
        customers, fewer than 5 who came back), NotFitted where no fit is to be trusted.
        """
        seen = Purchases.of(np.atleast_1d(frequency), np.atleast_1d(recency), np.atleast_1d(age))
        enough(seen.frequency)
        if not seen.age.any():
            raise TooThin("No time has passed since the first visits: how often customers come cannot be learnt.")
        columns, counts = distinct((seen.frequency, seen.recency, seen.age))
        bought = Purchases(*columns)
        top = maximise(lambda values: self._likelihood(values, bought), counts, self._starts(bought, counts))
        return self._learnt(top, seen.frequency.size)

    def expected_purchases(
        self, horizon: ArrayLike, frequency: ArrayLike, recency: ArrayLike, age: ArrayLike
    ) -> Numbers:
        """How many visits each customer may be expected to make within `horizon` from now, (n,), in the unit of time
        that the model was fitted in; single numbers are taken for all. This is what customers are ranked by."""
        values = self._values()
        t = equally_long(horizon=horizon, age=age)[0]  # tells of a wrong horizon in words
        bought = Purchases.of(frequency, recency, age)
        return self._expected(values, t, bought)

    def expected_of_new(self, horizon: ArrayLike) -> Numbers:
        """How many repeat visits a customer makes in the first `horizon` after a first visit, (n,) or one."""
        return self.expected_purchases(horizon, 0, 0, 0)

    def probability_alive(self, frequency: ArrayLike, recency: ArrayLike, age: ArrayLike) -> Numbers:
        """The probability that each customer has not left for good, (n,)."""
        return self._alive(self._values(), Purchases.of(frequency, recency, age))

    def log_likelihood_of(self, frequency: ArrayLike, recency: ArrayLike, age: ArrayLike) -> float:
        """How well the model explains these customers, who need not be those that it was fitted on: the log-likelihood
        of all together."""
        seen = Purchases.of(np.atleast_1d(frequency), np.atleast_1d(recency), np.atleast_1d(age))
        return float(self._likelihood(np.array(self._values()), seen)[0].sum())

    @abstractmethod
    def _likelihood(self, values: Numbers, bought: Purchases) -> tuple[Numbers, Numbers]:
        """Log-likelihood of each history (m,), and its derivatives (k, m)."""

    @abstractmethod
    def _starts(self, bought: Purchases, counts: Numbers) -> Sequence[Sequence[float]]:
        """Guesses of the parameters to climb from."""

    @abstractmethod
    def _expected(self, values: list[float], horizon: Numbers, bought: Purchases) -> Numbers: ...

    @abstractmethod
    def _alive(self, values: list[float], bought: Purchases) -> Numbers: ...


def typical_time(bought: Purchases, counts: Numbers) -> float:
    """The mean time from one visit to the next, if nobody ever left: sets the scale of the starts."""
    return float(counts @ bought.age) / max(float(counts @ bought.frequency), 1.0)
