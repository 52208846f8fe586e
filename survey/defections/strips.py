"""Visit strips: one line a customer, a tick per visit, and where a rule fired. Places only; a macro draws them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

#: places that can be told apart on the widest strip
STEPS = 500


@dataclass(frozen=True)
class Stretch:
    """The days that a strip shows, both ends included."""

    first: date
    last: date

    def place(self, day: date) -> float:
        """Where a day lies, in percent from the left; what lies outside is at the edge."""
        days = max((self.last - self.first).days, 1)
        share = (day - self.first).days / days
        return round(min(max(share, 0.0), 1.0) * STEPS) * 100 / STEPS


@dataclass(frozen=True)
class Strip:
    """One customer, places in percent from the left.

    visits: the ticks. gone: from where to where the customer was gone, None where not within the stretch. fired,
    returned: whether its beginning lies within the stretch, and whether a return ends it.
    """

    visits: tuple[float, ...]
    gone: tuple[float, float] | None = None
    fired: bool = False
    returned: bool = False

    @property
    def width(self) -> float:
        return self.gone[1] - self.gone[0] if self.gone else 0.0


def strip(
    visits: Iterable[date], stretch: Stretch, gone_on: date | None = None, returned_on: date | None = None
) -> Strip:
    """The strip of a customer; visits outside the stretch are left out, visits that fall together are one tick."""
    ticks = {stretch.place(day) for day in visits if stretch.first <= day <= stretch.last}
    if gone_on is None or gone_on > stretch.last or (returned_on is not None and returned_on < stretch.first):
        return Strip(tuple(sorted(ticks)))
    came_back = returned_on is not None and returned_on <= stretch.last
    until = returned_on if returned_on is not None and came_back else stretch.last
    gone = (stretch.place(gone_on), stretch.place(until))
    return Strip(tuple(sorted(ticks)), gone, gone_on >= stretch.first, came_back)


def back_from(last: date, days: int) -> Stretch:
    """The last so many days up to and including one."""
    return Stretch(last - timedelta(days=days - 1), last)
