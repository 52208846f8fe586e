"""Visits summarised per customer: what detection reads, instead of every purchase anew.

Whoever changes purchases marks the customers in the same transaction; `refresh_some` takes marks away and makes the
rows of those customers anew from their purchases. So a history is right or its customer is marked, whatever
is killed when.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Collection, Iterable
from datetime import date
from typing import Any

from sqlalchemy import (
    ARRAY,
    BigInteger,
    ColumnElement,
    Integer,
    LargeBinary,
    Select,
    any_,
    cast,
    delete,
    exists,
    func,
    insert,
    literal,
    select,
    true,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import InstrumentedAttribute

from survey.customers.models import CustomerHistory, ServiceHistory, StaleHistory, Transaction, WatchedService
from survey.extensions import db

#: customers whose histories are made anew in one transaction
BATCH = 5_000
_MARKS: Any = StaleHistory.__table__
_EPOCH = date(1970, 1, 1)
#: what julianday() of SQLite says of that day
_EPOCH_JULIAN = 2440587.5


def mark(customer_ids: Iterable[int]) -> None:
    """Say that purchases of these customers changed. In the transaction that changes them; flushes."""
    keys = sorted(set(customer_ids))
    if keys:
        db.session.execute(_marking(keys))


def _marking(keys: list[int]) -> Any:
    """Leaves a mark that stands. On PostgreSQL it is held as if it were new, so that whoever is about to take it
    away waits until these purchases are there to be read; SQLite lets in one writer at a time."""
    if not _on_postgresql():
        found = select(_listed(keys)).where(true())
        return sqlite.insert(_MARKS).from_select(["customer_id"], found).on_conflict_do_nothing()
    made = postgresql.insert(_MARKS).from_select(["customer_id"], select(func.unnest(literal(keys, ARRAY(Integer)))))
    return made.on_conflict_do_update(index_elements=["customer_id"], set_={"customer_id": made.excluded.customer_id})


def refresh_some(size: int | None = None) -> int:
    """Make the histories of the next `size` customers who are marked anew, `BATCH` unless another is given; gives how
    many there were, 0 when nobody is left.

    1. The marks are taken away first: a purchase that comes in from then on waits for this transaction, and marks.
    2. What is summarised is read after that, so with every purchase whose mark was taken.
    Flushes; run until it gives 0, each time in a transaction of its own.
    """
    some = select(StaleHistory.customer_id).order_by(StaleHistory.customer_id).limit(size or BATCH)
    taking = delete(StaleHistory).where(StaleHistory.customer_id.in_(some)).returning(StaleHistory.customer_id)
    taken = list(db.session.scalars(taking.execution_options(synchronize_session=False)))
    if taken:
        _make_anew(taken)
    return len(taken)


def watch(services: Collection[str]) -> None:
    """Keep histories of these services and no others; who bought one that is new is marked. Flushes."""
    standing = set(db.session.scalars(select(WatchedService.service)))
    new, gone = set(services) - standing, standing - set(services)
    for table in (WatchedService, ServiceHistory):
        if gone:
            db.session.execute(delete(table).where(table.service.in_(gone)))
    if new:
        db.session.execute(insert(WatchedService), [{"service": service} for service in sorted(new)])
        mark(db.session.scalars(select(Transaction.customer_id).where(Transaction.service.in_(new)).distinct()))


def _make_anew(customer_ids: list[int]) -> None:
    if not _on_postgresql():
        raw: Any = db.session.connection().connection.dbapi_connection
        raw.create_aggregate("packed_visits", 2, _PackedVisits)
    theirs = _among(Transaction.customer_id, customer_ids)
    sources: dict[type[CustomerHistory | ServiceHistory], Select[Any]]
    sources = {CustomerHistory: _summaries((Transaction.customer_id,), theirs)}
    services = db.session.scalars(select(WatchedService.service)).all()
    if services:
        bought = theirs & Transaction.service.in_(services)
        sources[ServiceHistory] = _summaries((Transaction.customer_id, Transaction.service), bought)
    for table, source in sources.items():
        gone = delete(table).where(_among(table.customer_id, customer_ids), ~_has_purchases(table))
        db.session.execute(gone.execution_options(synchronize_session=False))
        db.session.execute(_replacing(table, source))


def _has_purchases(table: type[CustomerHistory | ServiceHistory]) -> ColumnElement[bool]:
    theirs = Transaction.customer_id == table.customer_id
    if table is ServiceHistory:
        theirs &= Transaction.service == ServiceHistory.service
    return exists(select(literal(1)).where(theirs).correlate(table))


def _replacing(table: type[CustomerHistory | ServiceHistory], source: Select[Any]) -> Any:
    """Rows in the place of those that stand: most nights a history changes, and its row can stay where it is."""
    make: Any = postgresql.insert if _on_postgresql() else sqlite.insert
    names = list(source.selected_columns.keys())
    made = make(table.__table__).from_select(names, source)
    keys = [column.name for column in table.__table__.primary_key]
    changes = {name: made.excluded[name] for name in names if name not in keys}
    return made.on_conflict_do_update(index_elements=keys, set_=changes)


def _summaries(keys: tuple[InstrumentedAttribute[Any], ...], which: ColumnElement[bool]) -> Select[Any]:
    """A row for each value of the keys: what their purchases come to, with the purchases of one day as one visit."""
    cents = cast(func.round(func.coalesce(Transaction.amount, 0) * 100), BigInteger)
    by_day = (
        select(*keys, Transaction.occurred_on, cast(func.sum(cents), BigInteger).label("cents"))
        .where(which)
        .group_by(*keys, Transaction.occurred_on)
        .subquery()
    )
    on, spent = by_day.c.occurred_on, by_day.c.cents
    named = [by_day.c[key.key] for key in keys]
    return select(
        *named,
        func.min(on).label("first_on"),
        func.max(on).label("last_on"),
        func.count().label("visits"),
        cast(func.sum(spent), BigInteger).label("total_cents"),
        _packed(on, spent).label("packed"),
    ).group_by(*named)


def _packed(on: ColumnElement[date], cents: ColumnElement[int]) -> ColumnElement[bytes]:
    if _on_postgresql():
        visit = func.int4send(on - _EPOCH).op("||")(func.int8send(cents))
        return func.string_agg(visit, postgresql.aggregate_order_by(literal(b""), on))
    day = cast(func.julianday(on) - _EPOCH_JULIAN, Integer)
    return func.packed_visits(day, cents, type_=LargeBinary)


class _PackedVisits:
    """What PostgreSQL can do by itself, for SQLite: an aggregate of (day, cents)."""

    def __init__(self) -> None:
        self._values: list[int] = []

    def step(self, *visit: int) -> None:
        self._values += visit

    def finalize(self) -> bytes:
        days = self._values[::2]
        if days != sorted(days):  # never seen: SQLite hands over groups in their order, without promising it
            visits = sorted(zip(days, self._values[1::2], strict=True))
            self._values = [value for visit in visits for value in visit]
        return struct.pack(f">{'iq' * len(days)}", *self._values)


def _among(key: InstrumentedAttribute[int], customer_ids: list[int]) -> ColumnElement[bool]:
    """`key IN (...)` with all of them in one parameter: thousands of parameters take longer than what they ask for."""
    if _on_postgresql():
        return key == any_(literal(customer_ids, ARRAY(Integer)))
    return key.in_(select(_listed(customer_ids)))


def _listed(keys: list[int]) -> ColumnElement[int]:
    """Whole numbers as a column of SQLite, all in one parameter."""
    value: ColumnElement[int] = func.json_each(json.dumps(keys)).table_valued("value").c.value
    return value


def _on_postgresql() -> bool:
    return db.session.get_bind().dialect.name == "postgresql"
