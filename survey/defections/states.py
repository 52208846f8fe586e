"""Where every customer stands, and since when: told with detection, batch by batch, and stored where it changed.

A state depends on the data, the rules and the day alone, but for one thing: whom a rule labelled once stays gone, from
the day that was stored, until that rule lets go. So whoever is on the list of who left is never called drifting.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
from sqlalchemy import case, delete, func, select

from survey import columns
from survey.analyst import STILL_GONE, Flags, Ints, day_number, detecting
from survey.clock import today
from survey.defections.days import column, day_in, days_of, plain_rows_of, rows_of
from survey.defections.histories import Range
from survey.defections.models import STATES, CustomerState, Defection
from survey.defections.returns import Standing
from survey.extensions import db
from survey.jobs.models import Job
from survey.many import among, on_postgresql

#: numbers of the states in columns: their places in STATES
NUMBER = {name: number for number, name in enumerate(STATES)}
_NAMES = " ".join(f"WHEN {number} THEN '{name}'" for number, name in enumerate(STATES))
_STORE = f"""
    INSERT INTO customer_state (customer_id, state, since_on)
    SELECT {{customer}}, CASE {{number}} {_NAMES} END, {{day}} {{rows}} WHERE true
    ON CONFLICT (customer_id) DO UPDATE SET state = excluded.state, since_on = excluded.since_on"""  # noqa: S608  # our own names
#: makes every day of a calendar a number of 23 bits
_SHIFT = 3_000_000
#: for SQLite, a list of numbers as one value (see `_packed`): a statement a row would take twice as long
_PACKED = {
    "customer": "value >> 26",
    "number": "value >> 23 & 7",
    "day": f"date(2440587.5 + (value & 8388607) - {_SHIFT})",
    "rows": "FROM json_each(?)",
}
#: the newest departures, by which is judged how long a departure takes to be known
RECENT = 20_000
#: of so many departures all are known after `days_until_known`
KNOWN_SHARE = 0.95


@dataclass(frozen=True, eq=False)
class Stands:
    """Where customers stand: (n,) int64 each, sorted by customer. state: a place in `STATES`; since: a day number."""

    customer: Ints
    state: Ints
    since: Ints

    def __len__(self) -> int:
        return len(self.customer)

    def at(self, rows: Flags | Ints) -> Stands:
        """Some of the rows, or all in another order."""
        return Stands(self.customer[rows], self.state[rows], self.since[rows])

    @classmethod
    def together(cls, parts: list[Stands]) -> Stands:
        """Those of several rules, of which each has customers of its own."""
        none = np.zeros(0, dtype=np.int64)
        names = ("customer", "state", "since")
        whole = cls(*(np.concatenate([none, *(getattr(part, name) for part in parts)]) for name in names))
        return whole.at(np.argsort(whole.customer, kind="stable"))


@dataclass(frozen=True, eq=False)
class Moves:
    """What of a batch is to be stored: who stands elsewhere than the table says, and who stands nowhere any more."""

    now: Stands
    nowhere: Ints

    def __len__(self) -> int:
        return len(self.now) + len(self.nowhere)


def stands(found: detecting.States, from_day: int | None = None) -> Stands:
    """What a rule says; `from_day`: the first day on which it holds, before which it calls nobody gone."""
    state, since = found.state.astype(np.int64), found.since_day
    if from_day is not None:
        since = np.where(state == NUMBER["defected"], np.maximum(since, from_day), since)
    return Stands(found.customer, state, since)


def moves(said: list[Stands], standing: Standing, customers: Range, as_of: date) -> Moves:
    """What rules say of a batch, held against what is stored. Reads only: one query."""
    now = _still_gone(Stands.together(said), standing, day_number(as_of))
    before = _stored(customers)
    place = np.searchsorted(before.customer, now.customer)
    there = np.append(before.customer, -1)[place] == now.customer
    place = np.where(there, place, 0)
    same = there.copy()
    if len(before):
        same &= (before.state[place] == now.state) & (before.since[place] == now.since)
    return Moves(now.at(~same), before.customer[~np.isin(before.customer, now.customer)])


def keep(moved: Moves) -> None:
    """Store what changed, all rows at once. Flushes."""
    if len(moved.nowhere):
        going = delete(CustomerState).where(among(CustomerState.customer_id, moved.nowhere.tolist()))
        db.session.execute(going.execution_options(synchronize_session=False))
    if not len(moved.now):
        return
    if on_postgresql():
        now = moved.now
        given = columns.given({"customer": now.customer, "number": now.state, "since": now.since})
        cell, day = given.cell, columns.as_day(given.cell["since"])
        given.run(_STORE.format(customer=cell["customer"], number=cell["number"], day=day, rows=given.rows))
    else:
        db.session.connection().exec_driver_sql(_STORE.format(**_PACKED), (_packed(moved.now),))


def as_of() -> date | None:
    """Up to which day it was last told where customers stand; None before that. A command leaves no job, so nothing
    says of it but the newest day on which anybody's state began."""
    newest: date | None = db.session.scalar(select(func.max(CustomerState.since_on)))
    if newest is None:
        return None
    ran = select(Job.outcome).where(Job.kind == "detect", Job.state == "done").order_by(Job.ended_at.desc())
    outcome = db.session.scalar(ran.limit(1)) or {}
    told = date.fromisoformat(outcome["as_of"]) if outcome.get("as_of") else newest
    return max(newest, told)


def known_until(day: date | None = None) -> date | None:
    """The last day of which, as of a day (today unless another is given), those who stopped coming are known.

    A rule waits before it says that somebody left: by a lapse of 450 days, today's leavers are known in 450 days. So
    the last days before `day` show too few of those who stopped. How long it takes is read off the newest departures:
    19 of 20 were known by then. None where nobody has left yet.
    """
    seen = day or today()
    query = (
        select(Defection.last_visit_on, Defection.defected_on)
        .where(Defection.defected_on <= seen)
        .order_by(Defection.defected_on.desc(), Defection.id.desc())
    )
    rows = rows_of(query.limit(RECENT))
    if not rows:
        return None
    last, left = (days_of([row[place] for row in rows], STILL_GONE) for place in (0, 1))
    return seen - timedelta(days=int(np.quantile(left - last, KNOWN_SHARE, method="higher")))


def _still_gone(now: Stands, standing: Standing, day: int) -> Stands:
    """Whom a rule labelled, and who has not come back, left on that day, whatever another rule says now."""
    row, has_one = standing.place_of(now.customer)
    if not has_one.any():
        return now
    gone = has_one & (standing.returned_day[row] == STILL_GONE) & (standing.defected_day[row] <= day)
    state = np.where(gone, NUMBER["defected"], now.state)
    return Stands(now.customer, state, np.where(gone, standing.defected_day[row], now.since))


def _stored(customers: Range) -> Stands:
    """Numbers from the database itself: a date object and a word a row would take most of the time of a night in which
    little changed."""
    query = (
        select(CustomerState.customer_id, case(NUMBER, value=CustomerState.state), day_in(CustomerState.since_on))
        .where(customers.among(CustomerState.customer_id))
        .order_by(CustomerState.customer_id)
    )
    rows = plain_rows_of(query)
    return Stands(column(rows, 0), column(rows, 1), column(rows, 2))


def _packed(now: Stands) -> str:
    """A whole number a customer: key, place in `STATES` (3 bits), day (23 bits)."""
    return json.dumps((now.customer << 26 | now.state << 23 | now.since + _SHIFT).tolist())
