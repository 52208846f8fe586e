"""Visits summarised per customer: what detection reads, instead of every purchase anew.

Whoever brings purchases adds them to the histories in the same transaction; whoever changes purchases marks the
customers in it, and `refresh_some` takes marks away and makes the rows of those customers anew from their purchases. So
a history is right or its customer is marked, whatever is killed when.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from datetime import date, timedelta
from operator import itemgetter
from typing import Any

import numpy as np
from sqlalchemy import (
    ARRAY,
    BigInteger,
    ColumnElement,
    Integer,
    Select,
    cast,
    delete,
    func,
    insert,
    literal,
    select,
    true,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import InstrumentedAttribute

from survey import columns
from survey.collector import collector_paused
from survey.customers import newest
from survey.customers.models import CustomerHistory, ServiceHistory, StaleHistory, Transaction, WatchedService
from survey.customers.packing import Ints, Spent, rows_of, unpacked
from survey.extensions import db
from survey.many import among, listed, on_postgresql

#: customers whose histories are made anew in one transaction
BATCH = 5_000
_MARKS: Any = StaleHistory.__table__
_BOUGHT: Any = Transaction.__table__
_EPOCH = date(1970, 1, 1)
#: what julianday() of SQLite says of that day
_EPOCH_JULIAN = 2440587.5
#: for SQLite, in the words of the driver: a dictionary and a typed value a cell would take most of the time
_STORE = """INSERT INTO {table} ({keys}, first_on, last_on, visits, total_cents, packed)
    VALUES ({signs}, ?, ?, ?, ?, ?)
    ON CONFLICT ({keys}) DO UPDATE SET first_on = excluded.first_on, last_on = excluded.last_on,
        visits = excluded.visits, total_cents = excluded.total_cents, packed = excluded.packed"""
_STORE_ALL = _STORE.format(table="customer_history", keys="customer_id", signs="?")
_STORE_SERVICE = _STORE.format(table="service_history", keys="customer_id, service", signs="?, ?")


def bought_columns() -> tuple[ColumnElement[Any], ...]:
    """What `add` must be told of each purchase: whose it is, day since 1970-01-01, cents and service."""
    return _BOUGHT.c.customer_id, _day_number(_BOUGHT.c.occurred_on), _cents(_BOUGHT.c.amount), _BOUGHT.c.service


def add(bought: Sequence[Sequence[Any]]) -> None:
    """Purchases that are new, rows of `bought_columns`, go into the histories of their customers. In the transaction
    that brings them; flushes.

    The older purchases are not read for it, which is most of what making a history anew costs. Who bought a watched
    service is marked.
    """
    services = set(db.session.scalars(select(WatchedService.service)))
    mark(row[0] for row in bought if row[3] in services)
    if bought:
        with collector_paused():
            days = (_append if on_postgresql() else _put_in)(_spent(bought))
        if len(days):
            newest.reached(_EPOCH + timedelta(days=int(days.max())))


def _put_in(new: Spent) -> Ints:
    """For SQLite: read, and written with the new ones among them. Gives the days that are in."""
    _store(new.and_also(_stored(np.unique(new.customer).tolist())))
    return new.day


def _append(new: Spent) -> Ints:
    """For PostgreSQL: the one new visit of a customer goes behind the others where it is later; everybody else is
    marked. A row stays locked until we commit, so another writer adds to what we made of it, and `refresh_some` reads
    the purchases when ours are there. Gives the days that are in."""
    visits = new.by_day()
    who, number = np.unique(visits.customer, return_counts=True)
    one = np.isin(visits.customer, who[number == 1])
    names = ("customer", "day", "cents")
    given = columns.given({name: getattr(visits, name)[one] for name in names})
    customer, day, cents = (given.cell[name] for name in names)
    longer = given.run(
        f"""UPDATE customer_history SET visits = visits + 1, last_on = {columns.as_day(day)},
            total_cents = total_cents + {cents}, packed = packed || int4send({day}::int) || int8send({cents})
            {given.rows} WHERE customer_id = {customer} AND last_on < {columns.as_day(day)} RETURNING customer_id"""  # noqa: S608  # our own names
    )
    there = np.array([row[0] for row in longer], dtype=np.int64)
    mark(np.setdiff1d(who, there).tolist())
    return visits.day[np.isin(visits.customer, there)]


def mark(customer_ids: Iterable[int]) -> None:
    """Say that purchases of these customers changed. In the transaction that changes them; flushes."""
    keys = sorted(set(customer_ids))
    if keys:
        db.session.execute(_marking(keys))


def _marking(keys: list[int]) -> Any:
    """Leaves a mark that stands. On PostgreSQL it is held as if it were new, so that whoever is about to take it
    away waits until these purchases are there to be read; SQLite lets in one writer at a time."""
    if not on_postgresql():
        found = select(listed(keys)).where(true())
        return sqlite.insert(_MARKS).from_select(["customer_id"], found).on_conflict_do_nothing()
    made = postgresql.insert(_MARKS).from_select(["customer_id"], select(func.unnest(literal(keys, ARRAY(Integer)))))
    return made.on_conflict_do_update(index_elements=["customer_id"], set_={"customer_id": made.excluded.customer_id})


def refresh_some(size: int | None = None) -> int:
    """Make the histories of the next `size` customers who are marked anew, `BATCH` unless another is given; gives how
    many there were, 0 when nobody is left.

    1. The marks are taken away first: a purchase that comes in from then on waits for this transaction, and marks.
    2. The histories are held: who is adding to one is waited for, and who wants to from then on waits.
    3. What is summarised is read after that, so with every purchase whose mark was taken or that was added.
    Flushes; run until it gives 0, each time in a transaction of its own.
    """
    some = select(StaleHistory.customer_id).order_by(StaleHistory.customer_id).limit(size or BATCH)
    taking = delete(StaleHistory).where(StaleHistory.customer_id.in_(some)).returning(StaleHistory.customer_id)
    taken = list(db.session.scalars(taking.execution_options(synchronize_session=False)))
    if taken:
        services = list(db.session.scalars(select(WatchedService.service)))
        before = newest.held_newest_of(taken)
        (_make_there if on_postgresql() else _make_here)(taken, services)
        newest.changed(before, newest.newest_of(taken))
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


def _make_here(customer_ids: list[int], services: list[str]) -> None:
    """For SQLite, in columns: an aggregate of its own would be called for every single purchase."""
    theirs = among(Transaction.customer_id, customer_ids)
    with collector_paused():
        spent = _spent(_rows(bought_columns()[:3], theirs))
        _store(spent)
    without = np.setdiff1d(customer_ids, spent.customer).tolist()
    _remove(CustomerHistory, without)
    if services:
        _remove(ServiceHistory, customer_ids)
        of = defaultdict(list)
        for row in _rows(bought_columns(), theirs & Transaction.service.in_(services)):
            of[row[3]].append(row)
        for service, rows in of.items():
            _store(_spent(rows), service)


def _rows(
    columns: Sequence[ColumnElement[Any] | InstrumentedAttribute[Any]], which: ColumnElement[bool]
) -> Sequence[Any]:
    return db.session.connection().execute(select(*columns).where(which)).all()


def _spent(rows: Sequence[Sequence[Any]]) -> Spent:
    """Rows of `bought_columns` as columns."""
    return Spent(*(np.fromiter(map(itemgetter(place), rows), np.int64, len(rows)) for place in range(3)))


def _stored(customer_ids: list[int]) -> Spent:
    """What the histories of these customers say now."""
    columns = (CustomerHistory.customer_id, CustomerHistory.packed)
    rows = _rows(columns, among(CustomerHistory.customer_id, customer_ids))
    return unpacked([row[0] for row in rows], [row[1] for row in rows])


def _store(spent: Spent, service: str | None = None) -> None:
    """The histories of customers who spent this, of all purchases or of those of one service."""
    if not len(spent):
        return
    connection = db.session.connection()
    if service is None:
        connection.exec_driver_sql(_STORE_ALL, list(rows_of(spent)))
    else:
        connection.exec_driver_sql(_STORE_SERVICE, [(key, service, *rest) for key, *rest in rows_of(spent)])


def _remove(table: type[CustomerHistory | ServiceHistory], customer_ids: list[int]) -> None:
    if not customer_ids:
        return
    going = delete(table).where(among(table.customer_id, customer_ids))
    db.session.execute(going.execution_options(synchronize_session=False))


def _make_there(customer_ids: list[int], services: list[str]) -> None:
    """For PostgreSQL, which packs by itself."""
    theirs = among(Transaction.customer_id, customer_ids)
    made = _replacing(CustomerHistory, _summaries((Transaction.customer_id,), theirs))
    there = db.session.scalars(made.returning(CustomerHistory.customer_id)).all()
    _remove(CustomerHistory, list(set(customer_ids).difference(there)))
    if services:
        _remove(ServiceHistory, customer_ids)
        bought = theirs & Transaction.service.in_(services)
        db.session.execute(
            _replacing(ServiceHistory, _summaries((Transaction.customer_id, Transaction.service), bought))
        )


def _replacing(table: type[CustomerHistory | ServiceHistory], source: Select[Any]) -> Any:
    """Rows in the place of those that stand: most nights a history changes, and its row can stay where it is."""
    names = list(source.selected_columns.keys())
    made = postgresql.insert(table.__table__).from_select(names, source)  # type: ignore[arg-type]  # a Table, as of every class
    keys = [column.name for column in table.__table__.primary_key]
    changes = {name: made.excluded[name] for name in names if name not in keys}
    return made.on_conflict_do_update(index_elements=keys, set_=changes)


def _summaries(keys: tuple[InstrumentedAttribute[Any], ...], which: ColumnElement[bool]) -> Select[Any]:
    """A row for each value of the keys: what their purchases come to, with the purchases of one day as one visit."""
    by_day = (
        select(*keys, Transaction.occurred_on, cast(func.sum(_cents(Transaction.amount)), BigInteger).label("cents"))
        .where(which)
        .group_by(*keys, Transaction.occurred_on)
        .subquery()
    )
    on, spent = by_day.c.occurred_on, by_day.c.cents
    named = [by_day.c[key.key] for key in keys]
    visit = func.int4send(_day_number(on)).op("||")(func.int8send(spent))
    return select(
        *named,
        func.min(on).label("first_on"),
        func.max(on).label("last_on"),
        func.count().label("visits"),
        cast(func.sum(spent), BigInteger).label("total_cents"),
        func.string_agg(visit, postgresql.aggregate_order_by(literal(b""), on)).label("packed"),
    ).group_by(*named)


def _cents(amount: Any) -> ColumnElement[int]:
    return cast(func.round(func.coalesce(amount, 0) * 100), BigInteger)


def _day_number(on: Any) -> ColumnElement[int]:
    return cast(on - _EPOCH if on_postgresql() else func.julianday(on) - _EPOCH_JULIAN, Integer)
