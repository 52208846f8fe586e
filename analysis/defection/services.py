"""A dropped service: once bought, bought no more, though the customer may still come for others."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from analysis.defection.judging import Rule, View
from analysis.defection.lapse import Lapse, interval_of, lapses
from analysis.defection.spans import Spans


@dataclass(frozen=True)
class DroppedService(Rule):
    """A lapse on the purchases of one service alone, of customers who bought it at least `bought_times` times; back
    with its next purchase.

    `days`, `times_usual` and `prior_weight` are those of `Lapse`, counted in days on which the service was bought.
    So a purchase of the service after the last one never makes a customer gone who would not have been, with one
    exception: the one that completes `bought_times` makes a customer judged who was not. Purchases of other services
    change nothing.
    """

    service: str
    days: int | None = None
    times_usual: float | None = None
    prior_weight: float = 2.0
    bought_times: int = 1

    def __post_init__(self) -> None:
        if not self.service.strip():
            raise ValueError("A dropped service needs the name of the service.")
        if not 1 <= self.bought_times <= 1000:
            raise ValueError("The times that the service was bought before must lie between 1 and 1000.")
        self.lapse  # noqa: B018 - refuses what no lapse can be made of

    @property
    def lapse(self) -> Lapse:
        """The lapse that is looked for in the purchases of the service."""
        return Lapse(self.days, self.times_usual, self.prior_weight)

    @property
    def needs(self) -> frozenset[str]:
        return frozenset({"services"})

    @property
    def watched(self) -> frozenset[str]:
        return frozenset({self.service})

    def spans(self, view: View, ease: float) -> Spans:
        """Eased, it fires after that part of the days."""
        bought = view.known.services.get(self.service)
        if bought is None:
            raise ValueError(f"The rule looks at purchases of {self.service!r}, and none were given.")
        interval = view.known.service_intervals.get(self.service)
        if "interval" in self.lapse.needs and interval is None:
            interval = interval_of(bought)
        found = lapses(bought, self.lapse, interval, ease)
        place = np.searchsorted(bought.customer[bought.first], found.customer)
        times = bought.row_at(place, found.start) - bought.first[place] + 1
        return found.where(times >= self.bought_times)
