"""What detection gives: the times at which customers were gone."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from analysis.defection.histories import NEVER, Days, Flags
from analysis.defection.judging import View
from analysis.defection.spans import Spans

STILL_GONE = -1


@dataclass(frozen=True, eq=False)
class Episodes:
    """Times at which customers were gone, sorted by customer, then by day; every column is (e,) int64.

    customer: as in the histories. number: 1, 2, ... by order within the customer.
    last_visit_day: the last visit on or before the day of defection. Of a customer who had not come by then, the
    day on which the last contract known by then began, or of the last answer about how often they come.
    defected_day: the first day on which the rule held; it depends on nothing later than itself, so it is not
    the day on which somebody looked.
    returned_day: the day of the visit, renewal or answer with which the rule no longer held, -1 while there was
    none.
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


def episodes_of(spans: Spans, view: View) -> Episodes:
    """The stretches of being gone that began by the day of the view, numbered, each with its last visit."""
    known = spans.until(view.day)
    starts = np.flatnonzero(np.diff(known.customer, prepend=-1))
    counts = np.diff(np.append(starts, len(known)))
    number = np.arange(len(known), dtype=np.int64) - np.repeat(starts, counts) + 1
    returned = np.where(known.end == NEVER, STILL_GONE, known.end)
    last = view.last_signs(known.customer, known.start)
    return Episodes(known.customer, number, last, known.start, returned)
