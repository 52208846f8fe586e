"""What every rule of defection is, and the view of a day by which it judges."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass

import numpy as np

from analysis.defection.histories import MAX_DAY, Days, Histories
from analysis.defection.known import Known, numbers_in
from analysis.defection.spans import Spans

STEPS = 10_000  # shares are held as whole ten-thousandths, so that every comparison is exact


@dataclass(frozen=True, eq=False)
class View:
    """All that was known at the end of a day, and nothing later."""

    day: int
    histories: Histories
    known: Known

    def customers(self, needs: frozenset[str]) -> Days:
        """(c,) whom a rule with those needs can judge, sorted: who ever came, and who has a contract or gave an
        answer where the rule looks at these."""
        ids = [self.histories.customer[self.histories.first]]
        if "contracts" in needs and self.known.contracts is not None:
            ids.append(self.known.contracts.customer)
        if "answers" in needs and self.known.answers is not None:
            ids.append(self.known.answers.customer)
        return ids[0] if len(ids) == 1 else np.unique(np.concatenate(ids))

    def first_signs(self, customer: Days) -> Days:
        """(n,) the first day on which each customer came, gave an answer, or had a contract or was known to get one."""
        first, contracts = self.histories.first, self.known.contracts
        signs_of, signs = self._signs()
        if contracts is not None:
            signs_of = np.concatenate([signs_of, contracts.customer])
            signs = np.concatenate([signs, contracts.known_from])
        signs_of = np.concatenate([signs_of, self.histories.customer[first]])
        signs = np.concatenate([signs, self.histories.day[first]])
        order = np.lexsort((signs, signs_of))
        return signs[order][np.searchsorted(signs_of[order], customer)]

    def last_signs(self, customer: Days, day: Days) -> Days:
        """(n,) each customer's last visit on or before each day. Of who had not come by then, the day on which the
        last contract before it began to run, as far as was told by then, or of the last answer; failing these too,
        the day itself."""
        histories = self.histories
        place, came = numbers_in(histories.customer[histories.first], customer)
        row = np.full(len(customer), -1, dtype=np.int64)
        row[came] = histories.row_at(place[came], day[came])
        last = day.copy()
        last[row >= 0] = histories.day[row[row >= 0]]
        without = row < 0
        last[without] = self._last_other_signs(customer[without], day[without])
        return last

    def _last_other_signs(self, customer: Days, day: Days) -> Days:
        wanted = np.unique(customer)
        signs_of, signs = self._signs()
        place, there = numbers_in(wanted, signs_of)
        keys = np.sort(place[there] * (4 * MAX_DAY) + signs[there])
        own = np.searchsorted(wanted, customer) * (4 * MAX_DAY)
        found = np.searchsorted(keys, own + day, side="right") - 1
        sign = np.append(keys, 0)[found] - own
        return np.where((found >= 0) & (np.abs(sign) <= MAX_DAY), sign, day)

    def _signs(self) -> tuple[Days, Days]:
        """Customer and day of what tells of customers besides visits."""
        none = np.zeros(0, dtype=np.int64)
        contracts, answers = self.known.contracts, self.known.answers
        signs = [] if contracts is None else [(contracts.customer, contracts.running_from)]
        signs += [] if answers is None else [(answers.customer, answers.day)]
        return np.concatenate([none, *(who for who, _ in signs)]), np.concatenate([none, *(day for _, day in signs)])


@dataclass(frozen=True)
class Rule(ABC):
    """A definition of defection. It says on which days a customer is gone, by what is known up to each day."""

    @property
    def needs(self) -> frozenset[str]:
        """What it must be told besides visits: of interval, contracts, answers, services, forecast."""
        return frozenset()

    @property
    def watched(self) -> frozenset[str]:
        """The services whose purchases it must be given apart."""
        return frozenset()

    @abstractmethod
    def spans(self, view: View, ease: float) -> Spans:
        """The stretches during which customers are gone; the caller leaves out what begins after the day.

        ease: 0 < ease <= 1, how far on the way to being gone somebody must be: 1 is the rule itself, a half fires
        half way. Who is gone at one ease is gone at every lower one.
        """


def in_parts(share: float) -> int:
    """A share in whole ten-thousandths."""
    return round(share * STEPS)


def eased_share(share: float, ease: float) -> int:
    """The share, in ten-thousandths, below which somebody is so far on the way from all to `share`."""
    return STEPS - in_parts(ease) * (STEPS - in_parts(share)) // STEPS


def eased_days(days: Days, ease: float) -> Days:
    """The days that make up that part of each number of days, rounded up, and at least one."""
    return np.maximum(-(-days * in_parts(ease) // STEPS), 1)
