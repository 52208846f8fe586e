"""What detection gives: the times at which customers were gone."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from analysis.defection.histories import Days, Flags, Histories

STILL_GONE = -1


@dataclass(frozen=True, eq=False)
class Episodes:
    """Times at which customers were gone, sorted by customer, then by day; every column is (e,) int64.

    customer: as in the histories. number: 1, 2, ... by order within the customer.
    last_visit_day: the last visit on or before the day of defection.
    defected_day: the first day on which the rule held; it depends on nothing later than itself, so it is not
    the day on which somebody looked.
    returned_day: the day of the visit with which the rule no longer held, -1 while there was none.
    """

    customer: Days
    number: Days
    last_visit_day: Days
    defected_day: Days
    returned_day: Days

    def __len__(self) -> int:
        return len(self.customer)

    @property
    def is_open(self) -> Flags:
        """(e,) whether the customer is still gone."""
        return np.equal(self.returned_day, STILL_GONE)


def episodes_of(histories: Histories, group: Days, defected: Days, returned: Days) -> Episodes:
    """Episodes from customer numbers and days, sorted already; fills in the last visit and the number."""
    row = histories.row_at(group, defected)
    starts = np.flatnonzero(np.diff(group, prepend=-1))
    counts = np.diff(np.append(starts, len(group)))
    number = np.arange(len(group), dtype=np.int64) - np.repeat(starts, counts) + 1
    customer = histories.customer[histories.first[group]]
    return Episodes(customer, number, histories.day[row], defected, returned)
