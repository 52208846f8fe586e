"""What rules lean on besides visits, as columns: contracts, answers, purchases of a service, a fitted model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from analysis.defection.buying.storing import buying_model_from
from analysis.defection.histories import Histories
from analysis.defection.known import Answers as Answers
from analysis.defection.known import ByYear, FittedForecast, Forecast, Known
from analysis.defection.known import Contracts as Contracts
from survey.analyst import Ints, Visits


@dataclass(frozen=True, eq=False)
class Fitted:
    """A model of repeat buying as it was stored, and the days in its unit of time. own: the models of those who first
    came in a year, where years have models of their own."""

    parameters: Mapping[str, Any]
    unit_days: float = 7.0
    own: Mapping[int, Mapping[str, Any]] = field(default_factory=dict)

    def forecast(self) -> Forecast:
        """What it foretells."""
        pooled = FittedForecast(buying_model_from(self.parameters), self.unit_days)
        own = {year: FittedForecast(buying_model_from(each), self.unit_days) for year, each in self.own.items()}
        return ByYear(pooled, own) if own else pooled


@dataclass(frozen=True, eq=False)
class Facts:
    """What rules may lean on besides visits. A part that is None or absent is not known.

    services: the purchases of each service alone. service_intervals: the population's usual interval between them, in
    days. model: of repeat buying, as it was fitted and stored.
    """

    contracts: Contracts | None = None
    answers: Answers | None = None
    services: Mapping[str, Visits] = field(default_factory=dict)
    service_intervals: Mapping[str, float | None] = field(default_factory=dict)
    model: Fitted | None = None

    def only(self, customer_ids: Ints) -> Facts:
        """What is known of some of the customers."""
        contracts, answers = self.contracts, self.answers
        if contracts is not None:
            kept = np.isin(contracts.customer, customer_ids)
            columns = (contracts.customer, contracts.start, contracts.until, contracts.cancelled, contracts.known_from)
            contracts = Contracts(*(column[kept] for column in columns))
        if answers is not None:
            kept = np.isin(answers.customer, customer_ids)
            answers = Answers(answers.customer[kept], answers.day[kept], answers.share[kept])
        services = {name: visits.only(customer_ids) for name, visits in self.services.items()}
        return replace(self, contracts=contracts, answers=answers, services=services)

    def shared_with(self, customers: Facts) -> Facts:
        """What is known of some customers, with what holds for all batches alike: intervals and the model."""
        return replace(customers, service_intervals=self.service_intervals, model=self.model)

    @property
    def of_all(self) -> Facts:
        """Only what holds for all batches alike."""
        return self.shared_with(NOTHING)


NOTHING = Facts()


@dataclass(frozen=True)
class Asks:
    """What a rule must be told besides visits: of interval, contracts, answers, services, forecast; and of which
    services."""

    needs: frozenset[str]
    services: frozenset[str]


def known_from(facts: Facts) -> Known:
    """The same as `analysis` takes it."""
    return Known(
        contracts=facts.contracts,
        answers=facts.answers,
        services={name: histories_of(visits) for name, visits in facts.services.items()},
        service_intervals=facts.service_intervals,
        forecast=None if facts.model is None else facts.model.forecast(),
    )


def histories_of(visits: Visits) -> Histories:
    """Visits as `analysis` takes them, in money."""
    return Histories(visits.customer, visits.day, visits.cents / 100)
