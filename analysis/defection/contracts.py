"""Contracts: gone when one ended and was not renewed, or when it was cancelled."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from analysis.defection.histories import NEVER, Days
from analysis.defection.judging import Rule, View
from analysis.defection.known import Contracts
from analysis.defection.spans import Spans, gaps_between, held_by

MAX_DAYS = 3650


@dataclass(frozen=True)
class ContractEnded(Rule):
    """Gone from the first day that is more than `grace_days` after the last day of the contract, unless another
    one, or the same one made longer, then runs; back on the day from which one does.

    Customers who never had a contract are not judged; visits play no part, so adding one changes nothing. Eased,
    it fires `warn_days` before the last day where no renewal is known yet: a contract does not drift, it nears its
    end, so every ease below 1 is the same.
    """

    grace_days: int = 0
    warn_days: int = 30

    def __post_init__(self) -> None:
        if not 0 <= self.grace_days <= MAX_DAYS:
            raise ValueError(f"The days of grace must lie between 0 and {MAX_DAYS}.")
        _check_warning(self.warn_days)

    @property
    def needs(self) -> frozenset[str]:
        return frozenset({"contracts"})

    def spans(self, view: View, ease: float) -> Spans:
        contracts = _contracts(view)
        gone = _uncovered(contracts, self.grace_days)
        return gone if ease >= 1 else held_by([gone, _nearing_the_end(contracts, self.warn_days)], 1)


@dataclass(frozen=True)
class Cancelled(Rule):
    """Gone from the day on which the contract was cancelled, whenever it ends; back with the first day of a contract
    that was not.

    A cancellation is known from its own day on. Customers who never had a contract are not judged, and a visit
    after the cancellation, to use up what was paid, brings nobody back: adding visits changes nothing. Eased, it
    also fires in the last `warn_days` of a contract of which no renewal is known; where that day passes without a
    cancellation, nothing more is said.
    """

    warn_days: int = 30

    def __post_init__(self) -> None:
        _check_warning(self.warn_days)

    @property
    def needs(self) -> frozenset[str]:
        return frozenset({"contracts"})

    def spans(self, view: View, ease: float) -> Spans:
        contracts = _contracts(view)
        gone = gaps_between(contracts.customer, contracts.running_from, contracts.cancelled)
        if ease >= 1:
            return gone
        running = Spans(contracts.customer, contracts.running_from, _day_after(contracts))
        nearing = held_by([_nearing_the_end(contracts, self.warn_days), held_by([running], 1)], 2)
        return held_by([gone, nearing], 1)


def _check_warning(warn_days: int) -> None:
    if not 0 <= warn_days <= MAX_DAYS:
        raise ValueError(f"The days of warning must lie between 0 and {MAX_DAYS}.")


def _contracts(view: View) -> Contracts:
    if view.known.contracts is None:
        raise ValueError("The rule looks at contracts, and none were given.")
    return view.known.contracts


def _uncovered(contracts: Contracts, grace_days: int) -> Spans:
    """The days on which no contract runs or ended within the days of grace."""
    end = np.minimum(_day_after(contracts) + grace_days, NEVER)
    return gaps_between(contracts.customer, contracts.running_from, end)


def _nearing_the_end(contracts: Contracts, warn_days: int) -> Spans:
    """The days from `warn_days` before the end of a contract to the day on which the next became known."""
    end = np.where(contracts.until == NEVER, NEVER, contracts.until + 1 - warn_days)
    return gaps_between(contracts.customer, contracts.known_from, np.maximum(end, contracts.start))


def _day_after(contracts: Contracts) -> Days:
    end = np.maximum(contracts.until + 1, contracts.running_from)
    return np.where(contracts.until == NEVER, NEVER, end)
