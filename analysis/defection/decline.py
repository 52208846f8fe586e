"""Decline: still coming, but less than a share of what was usual. Half is the classic share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np

from analysis.defection.episodes import STILL_GONE, Episodes, episodes_of
from analysis.defection.histories import NEVER, Days, Flags, Histories

MAX_WINDOW = 3650
_STEPS = 10_000  # shares are held as whole ten-thousandths, so that every comparison is exact


@dataclass(frozen=True)
class Decline:
    """Gone when the level of the last `window_days` is below `share` times the own earlier level per day.

    measure: 'frequency' counts visit days, 'spend' sums amounts (in whole cents).
    On day D the window is the days D - window_days + 1 .. D, and earlier is the first visit .. D -
    window_days. A customer is judged only when earlier spans at least `earlier_days` days and holds at least
    `earlier_visits` visits; before that the rule does not hold. Who is gone is back with the first visit on a day on
    which it does not hold: the mere passing of time, which lowers the earlier level, brings nobody back.
    """

    measure: Literal["frequency", "spend"]
    window_days: int
    share: float = 0.5
    earlier_days: int = 180
    earlier_visits: int = 4

    def __post_init__(self) -> None:
        if self.measure not in ("frequency", "spend"):
            raise ValueError("The measure of a decline must be frequency or spend.")
        if not 1 <= self.window_days <= MAX_WINDOW:
            raise ValueError(f"The window must lie between 1 and {MAX_WINDOW} days.")
        if not 1 / _STEPS <= self.share <= 1:
            raise ValueError("The share must lie above 0 and be at most 1.")
        if not 1 <= self.earlier_days <= MAX_WINDOW:
            raise ValueError(f"The days of earlier history must lie between 1 and {MAX_WINDOW}.")
        if not 1 <= self.earlier_visits <= 1000:
            raise ValueError("The visits of earlier history must lie between 1 and 1000.")

    @property
    def needs_interval(self) -> bool:
        """Whether the rule must be told the population's usual interval."""
        return False


class _Stretches(NamedTuple):
    """Stretches of days on which no sum changes: (s,) each, sorted by customer and day."""

    group: Days
    start: Days
    end: Days
    recent: Days
    earlier: Days
    #: whether there was a visit on the first day
    visited: Flags


def declines(histories: Histories, rule: Decline, as_of_day: int) -> Episodes:
    """Every time at which customers were gone. `histories` hold nothing after `as_of_day`.

    1. The sums change only on the day of a visit and `window_days` later: between those days they stand
       still, and only the span of the earlier history grows.
    2. A growing span lowers the earlier level per day, so within a stretch the rule may stop to hold but
       never start: it holds from the start of the stretch to a day found by one division.
    3. Who is gone comes back by visiting: with the first visit on a day on which the rule does not hold.
    """
    at = _stretches(histories, rule, as_of_day)
    start, end = _held(histories, rule, at)
    holds = start <= end
    fine = at.visited & (at.start <= at.end) & ~(holds & (start == at.start))
    back_group, back_day = at.group[fine], at.start[fine]
    group, start = at.group[holds], start[holds]
    # The visit that ends each stretch that holds; with the same visit ends the same episode.
    back = np.searchsorted(histories.key(back_group, back_day), histories.key(group, start))
    head = (np.diff(group, prepend=-1) != 0) | (np.diff(back, prepend=-1) != 0)
    group, start, back = group[head], start[head], back[head]
    ended = np.append(back_group, -1)[back] == group
    returned = np.where(ended, np.append(back_day, STILL_GONE)[back], STILL_GONE)
    return episodes_of(histories, group, start, returned)


def _stretches(histories: Histories, rule: Decline, as_of_day: int) -> _Stretches:
    worth = _worth(histories, rule)
    leaves = histories.day + rule.window_days
    group = np.concatenate([histories.group, histories.group])
    day = np.concatenate([histories.day, leaves])
    into = np.concatenate([worth, -worth])
    out_of = np.concatenate([np.zeros_like(worth), worth])
    order = np.argsort(histories.key(group, day), kind="stable")
    group, day = group[order], day[order]
    recent, earlier = _running(group, into[order]), _running(group, out_of[order])
    same = np.diff(group, append=-1) == 0
    following = np.append(day[1:], 0)[: len(day)]
    end = np.where(same, np.minimum(following - 1, as_of_day), as_of_day)
    visited = histories.day[histories.row_at(group, day)] == day
    return _Stretches(group, day, end, recent, earlier, visited)


def _worth(histories: Histories, rule: Decline) -> Days:
    if rule.measure == "frequency":
        return np.ones(len(histories.day), dtype=np.int64)
    return np.rint(histories.amount * 100).astype(np.int64)


def _running(group: Days, change: Days) -> Days:
    """Cumulative sums that start anew with each customer; whole numbers, so nothing is rounded."""
    total = np.cumsum(change)
    starts = np.flatnonzero(np.diff(group, prepend=-1))
    before = (total - change)[starts]
    return total - np.repeat(before, np.diff(np.append(starts, len(group))))


def _held(histories: Histories, rule: Decline, at: _Stretches) -> tuple[Days, Days]:
    """First and last day of each stretch on which the rule held; last before first where it never did.

    It holds when recent / window < share * earlier / span, so while span < share * window * earlier / recent.
    """
    parts = round(rule.share * _STEPS)
    limit = parts * rule.window_days * at.earlier
    # Earlier spending that nets to nothing has no half; a recent level of nothing is below any share.
    span = np.where(at.recent > 0, (limit - 1) // np.maximum(at.recent * _STEPS, 1), NEVER)
    first_day = histories.day[histories.first][at.group]
    end = np.minimum(at.end, first_day + rule.window_days - 1 + span)
    judged_from = _judged_from(histories, rule)[at.group]
    return np.maximum(at.start, judged_from), np.where(limit > 0, end, at.start - 1)


def _judged_from(histories: Histories, rule: Decline) -> Days:
    """(c,) the first day on which enough earlier history lies before the window."""
    row = histories.first + rule.earlier_visits - 1
    enough = row <= histories.last
    reached = histories.day[np.where(enough, row, histories.first)]
    long_enough = histories.day[histories.first] + rule.earlier_days - 1
    return np.where(enough, np.maximum(reached, long_enough) + rule.window_days, NEVER)
