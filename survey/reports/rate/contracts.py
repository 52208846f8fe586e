"""Whom a contract holds, apart from who wants to stay; and how many contracts that came to their end were renewed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

import numpy as np

from survey import analyst
from survey.analyst import Flags, Ints, Share, contracting
from survey.analyst.contracting import NEVER, CameUp
from survey.analyst.rating import STILL_THERE, Lives
from survey.analyst.valued import Signed
from survey.reports.rate.lives import UNKNOWN, People
from survey.reports.rate.trend import Scope

#: whose contract ends within so many days leaves soon, if only the contract holds them
SOON_DAYS = 90
#: a renewal is decided so many days after the last day
DECIDED_DAYS = 32
YEAR_DAYS = 365


@dataclass(frozen=True)
class Contracts:
    """Customers of today. held: a contract runs and they have not come for `days` days, or never; coming: a contract
    runs and they come; free: they come without one. held_share: of those with a contract. ending: held by a contract
    that ends within `soon` days. year, before: contracts that came up for renewal in the last year for which that is
    decided, and in the year before it."""

    held: int
    coming: int
    free: int
    days: int
    held_share: Share
    ending: int
    soon: int
    year: CameUp
    before: CameUp


def contracts_of(everybody: People, came: People, lives: Lives, scope: Scope, signed: Signed) -> Contracts | None:
    """Whom a contract holds, of these people; None where none of them has had one."""
    signed = signed.at(np.isin(signed.customer, everybody.customer))
    if not len(signed.customer):
        return None
    day = lives.as_of_day
    runs, until = _running(everybody.customer, signed, day)
    silent_days = max(scope.rule_days // 2, 30)
    coming = (everybody.last_visit != UNKNOWN) & (everybody.last_visit > day - silent_days)
    there = np.zeros(len(came.customer), dtype=np.bool_)
    there[lives.person[lives.ended == STILL_THERE]] = True
    is_there = np.isin(everybody.customer, came.customer[there])
    held, active = int((runs & ~coming).sum()), int((runs & coming).sum())
    share = analyst.share_intervals([held], [held + active])[0]
    ending = int((runs & ~coming & (until <= day + SOON_DAYS)).sum())
    decided = scope.as_of - timedelta(days=DECIDED_DAYS)
    begin, year = timedelta(days=YEAR_DAYS - 1), timedelta(days=YEAR_DAYS)
    periods = {"year": (decided - begin, decided), "before": (decided - begin - year, decided - year)}
    came_up = contracting.came_up(signed, scope.as_of, periods)
    free = int((is_there & ~runs).sum())
    return Contracts(held, active, free, silent_days, share, ending, SOON_DAYS, came_up["year"], came_up["before"])


def _running(customers: Ints, signed: Signed, day: int) -> tuple[Flags, Ints]:
    """(c,) whether a contract of the customer runs on a day, and its last day, of several the last one's."""
    runs = (signed.start <= day) & (signed.until >= day) & (signed.cancelled > day)
    until = np.full(len(customers), -1, dtype=np.int64)
    np.maximum.at(until, np.searchsorted(customers, signed.customer[runs]), signed.until[runs])
    return until >= 0, np.where(until >= 0, until, NEVER)
