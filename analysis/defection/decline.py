"""Decline: still coming, but less than a share of what was usual. Half is the classic share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np

from analysis.defection.histories import NEVER, Days, Flags, Histories
from analysis.defection.judging import STEPS, Rule, View, eased_share
from analysis.defection.spans import Spans, joined

MAX_WINDOW = 3650
_BLOCK = 200_000  # rows


@dataclass(frozen=True)
class Decline(Rule):
    """Gone when the level of the last `window_days` is below `share` times the own earlier level per day.

    measure: 'frequency' counts visit days, 'spend' sums amounts (in whole cents).
    On day D the window is the days D - window_days + 1 .. D, and earlier is the first visit .. D -
    window_days. A customer is judged only when earlier spans at least `earlier_days` days and holds at least
    `earlier_visits` visits; before that the rule does not hold. Who is gone is back with the first visit on a day on
    which it does not hold: the mere passing of time, which lowers the earlier level, brings nobody back.

    level: 'average' is the average of all earlier days, a slow decline included, which so drags down what it is
    held against. 'highest' is the highest at which that average has stood since the customer was first judged: it
    leaves out the decline, and time does not lower it. A little luck counts as usual with it, so it calls more
    regulars gone who are not, the more so the fewer visits they make in `earlier_days`.

    A visit after the last one never makes a customer gone who would not have been, with one exception: the visit
    that completes `earlier_visits` (or with 'spend' lifts the earlier level above nothing) makes a customer judged
    who was not. The reason: while the visit lies in the window it adds to the recent level alone, and afterwards
    the window is empty with or without it. Refunds, amounts below nothing, take spend away and so may make someone
    gone. A visit put in between earlier ones may too: it raises what was usual.
    """

    measure: Literal["frequency", "spend"]
    window_days: int
    share: float = 0.5
    earlier_days: int = 180
    earlier_visits: int = 4
    level: Literal["average", "highest"] = "average"

    def __post_init__(self) -> None:
        if self.measure not in ("frequency", "spend"):
            raise ValueError("The measure of a decline must be frequency or spend.")
        if self.level not in ("average", "highest"):
            raise ValueError("The earlier level of a decline must be average or highest.")
        if not 1 <= self.window_days <= MAX_WINDOW:
            raise ValueError(f"The window must lie between 1 and {MAX_WINDOW} days.")
        if not 1 / STEPS <= self.share <= 1:
            raise ValueError("The share must lie above 0 and be at most 1.")
        if not 1 <= self.earlier_days <= MAX_WINDOW:
            raise ValueError(f"The days of earlier history must lie between 1 and {MAX_WINDOW}.")
        if not 1 <= self.earlier_visits <= 1000:
            raise ValueError("The visits of earlier history must lie between 1 and 1000.")

    def spans(self, view: View, ease: float) -> Spans:
        """Eased, it fires that part of the way down from all to `share`: at a half, below .75 instead of .5."""
        return joined([declines(block, self, view.day, ease) for block in view.histories.blocks(_BLOCK)])


class _Stretches(NamedTuple):
    """Stretches of days on which no sum changes: (s,) each, sorted by customer and day."""

    group: Days
    start: Days
    end: Days
    recent: Days
    earlier: Days
    #: whether there was a visit on the first day
    visited: Flags


def declines(histories: Histories, rule: Decline, as_of_day: int, ease: float = 1.0) -> Spans:
    """Every time at which customers were gone. `histories` hold nothing after `as_of_day`.

    1. The sums change only on the day of a visit and `window_days` later: between those days they stand
       still, and only the span of the earlier history grows.
    2. A growing span lowers the earlier average per day, so within a stretch the rule may stop to hold but
       never start: it holds from the start of the stretch to a day found by one division. The highest
       average stands still too, so with it the rule holds to the end of the stretch or not at all.
    3. Who is gone comes back by visiting: with the first visit on a day on which the rule does not hold.
    """
    at = _stretches(histories, rule, as_of_day)
    start, end = _held(histories, rule, at, eased_share(rule.share, ease))
    holds = start <= end
    fine = at.visited & (at.start <= at.end) & ~(holds & (start == at.start))
    back_group, back_day = at.group[fine], at.start[fine]
    group, start = at.group[holds], start[holds]
    # The visit that ends each stretch that holds; with the same visit ends the same episode.
    back = np.searchsorted(histories.key(back_group, back_day), histories.key(group, start))
    head = (np.diff(group, prepend=-1) != 0) | (np.diff(back, prepend=-1) != 0)
    group, start, back = group[head], start[head], back[head]
    ended = np.append(back_group, -1)[back] == group
    returned = np.where(ended, np.append(back_day, NEVER)[back], NEVER)
    return Spans(histories.customer[histories.first[group]], start, returned)


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
    # Of a visit and a leaving on one day the visit stands first, and the other carries the stretch.
    visited = order < len(worth)
    visited[1:] |= visited[:-1] & same[:-1] & (day[1:] == day[:-1])
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


def _held(histories: Histories, rule: Decline, at: _Stretches, parts: int) -> tuple[Days, Days]:
    """First and last day of each stretch on which the rule held; last before first where it never did.

    It holds when recent / window < share * earlier / span, so while span < share * window * earlier / recent.
    """
    judged_from = _judged_from(histories, rule)
    start = np.maximum(at.start, judged_from[at.group])
    earlier, span_at_highest = at.earlier, None
    if rule.level == "highest":
        earlier, span_at_highest = _highest(histories, rule, at, judged_from)
    limit = parts * rule.window_days * earlier
    # Earlier spending that nets to nothing has no half; a recent level of nothing is below any share.
    span = np.where(at.recent > 0, (limit - 1) // np.maximum(at.recent * STEPS, 1), NEVER)
    if span_at_highest is not None:
        return start, np.where((limit > 0) & (span_at_highest <= span), at.end, at.start - 1)
    first_day = histories.day[histories.first][at.group]
    end = np.minimum(at.end, first_day + rule.window_days - 1 + span)
    return start, np.where(limit > 0, end, at.start - 1)


def _highest(histories: Histories, rule: Decline, at: _Stretches, judged_from: Days) -> tuple[Days, Days]:
    """(s,) sum and (s,) span in days of the highest earlier average up to each stretch.

    An average only falls between visits, so its heights are the days on which a visit enters the earlier history,
    and the first day of being judged; visits that entered before that day have no say of their own.
    """
    total = _running(histories.group, _worth(histories, rule))
    entered = histories.day + rule.window_days
    judged = judged_from[histories.group]
    span = np.maximum(entered, judged) - rule.window_days - histories.day[histories.first][histories.group] + 1
    last_before = (entered <= judged) & (np.minimum(histories.next_day + rule.window_days, NEVER) > judged)
    counts = (entered > judged) | last_before
    total, span = _running_best(histories.group, np.where(counts, total, 0), np.where(counts, span, 1))
    row = histories.row_at(at.group, at.start - rule.window_days)
    return np.where(row >= 0, total[row], 0), span[row]


def _running_best(group: Days, total: Days, span: Days) -> tuple[Days, Days]:
    """The highest total / span so far within each group, as a pair; fractions are compared exactly. Each pass
    looks twice as far back as the one before."""
    step = 1
    while step < len(group) and (group[step:] == group[:-step]).any():
        better = (group[step:] == group[:-step]) & (total[:-step] * span[step:] > total[step:] * span[:-step])
        total = np.concatenate([total[:step], np.where(better, total[:-step], total[step:])])
        span = np.concatenate([span[:step], np.where(better, span[:-step], span[step:])])
        step *= 2
    return total, span


def _judged_from(histories: Histories, rule: Decline) -> Days:
    """(c,) the first day on which enough earlier history lies before the window."""
    row = histories.first + rule.earlier_visits - 1
    enough = row <= histories.last
    reached = histories.day[np.where(enough, row, histories.first)]
    long_enough = histories.day[histories.first] + rule.earlier_days - 1
    return np.where(enough, np.maximum(reached, long_enough) + rule.window_days, NEVER)
