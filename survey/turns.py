"""Long work in batches, each in a transaction of its own, beside people who want to write meanwhile."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar

from survey.extensions import db
from survey.write_gate import held_for, let_others_in

T = TypeVar("T")

#: seconds that a batch should take: whoever wants to write waits for one batch
SECONDS = 0.1
#: the same where each batch writes pages all over large indexes, so that small ones write most of them many times
SECONDS_OF_WIDE_WORK = 0.2
#: how many times as large as it began a batch may become; it may become half as large: below that, beginning and
#: ending transactions would take most of the time of a busy machine
GROWS = 10
#: KB of SQLite's pages that a long job keeps; the 2,000 of other connections are less than one batch changes. With this
#: much, the indexes of a million customers that every batch comes back to are not read anew each time.
KEPT_PAGES = 98_304


class Turns:
    """Batches of one kind of work, as large as can be done in about so many seconds here and now.

    What a batch costs depends on the disk, on the size of the tables and on what else the machine does, so it is
    measured. Nobody is kept out for long, and nothing is lost by pausing while nobody wants in.
    """

    def __init__(self, commit: Callable[[Callable[[], Any]], Any], size: int, seconds: float = SECONDS) -> None:
        self.size = size
        self._seconds = seconds
        self._commit = commit
        self._smallest, self._largest = max(1, size // 2), size * GROWS

    def take(self, work: Callable[[int], T], left: int | None = None) -> T:
        """Commit one batch, told how many to do; then let others in. left: how many there are to do, where that is
        known: a batch that was not full is no reason for a larger one."""
        began = time.monotonic()
        result: T = self._commit(partial(work, self.size))
        took = time.monotonic() - began
        self._fit(held_for(db.engine, took), 2 if left is None or left >= self.size else 1)
        let_others_in(db.engine, took)
        return result

    def _fit(self, seconds: float, most: float) -> None:
        fitting = self.size * min(max(self._seconds / max(seconds, 1e-6), 0.5), most)
        self.size = min(max(round(fitting), self._smallest), self._largest)


def make_room() -> None:
    """Give the connection of this transaction room for a long job."""
    if db.engine.dialect.name == "sqlite":
        db.session.connection().exec_driver_sql(f"PRAGMA cache_size=-{KEPT_PAGES}")
