"""The lives of customers as a row of spells: from the first visit, or a return, to the day of defection."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from analysis.defection.episodes import STILL_GONE, Episodes
from analysis.defection.histories import Days, Flags, Histories

STILL_THERE = -1


@dataclass(frozen=True, eq=False)
class Spells:
    """Spells sorted by customer, then by day; every column is (s,) int64.

    customer: as in the histories; person: the same as a number 0..c-1. began: the first day of the spell.
    ended: the day of defection, -1 while the customer is there. as_of_day: the last day that was seen.
    """

    customer: Days
    person: Days
    began: Days
    ended: Days
    as_of_day: int

    def __len__(self) -> int:
        return len(self.customer)

    @property
    def is_over(self) -> Flags:
        """(s,) whether the spell ended in a defection."""
        return np.not_equal(self.ended, STILL_THERE)

    @property
    def until(self) -> Days:
        """(s,) the day on which the spell ended, or the day after the last that was seen."""
        return np.where(self.is_over, self.ended, self.as_of_day + 1)

    @property
    def people(self) -> int:
        """How many customers there are."""
        return int(self.person.max()) + 1 if len(self) else 0


def spells_of(histories: Histories, episodes: Episodes, as_of_day: int) -> Spells:
    """The spells between the episodes that `detect` found in the same histories as of the same day.

    A customer with e episodes has one spell before each, and one more after a return from the last. Raises ValueError
    where an episode's customer has no history.
    """
    known = histories.until(as_of_day)
    people = known.customer[known.first]
    person = np.searchsorted(people, episodes.customer)
    if len(episodes) and (person.max() >= len(people) or (people[person] != episodes.customer).any()):
        raise ValueError("An episode belongs to a customer who has no history.")
    back = ~episodes.is_open
    began = np.concatenate([known.day[known.first], episodes.returned_day[back]])
    of = np.concatenate([np.arange(len(people)), person[back]])
    order = np.lexsort((began, of))
    of, began = of[order], began[order]
    return Spells(people[of], of.astype(np.int64), began, _ends(of, person, episodes), as_of_day)


def _ends(of: Days, person: Days, episodes: Episodes) -> Days:
    """The nth spell of a customer ends with the nth episode, if there is one."""
    ended = np.full(len(of), STILL_THERE, dtype=np.int64)
    first = np.searchsorted(of, person)
    ended[first + episodes.number - 1] = episodes.defected_day
    return ended


def gone_days(episodes: Episodes, as_of_day: int) -> Days:
    """(e,) for how many days each was gone, until the return or the end of `as_of_day`."""
    back = np.where(episodes.returned_day == STILL_GONE, as_of_day + 1, episodes.returned_day)
    return np.maximum(back - episodes.defected_day, 0)
