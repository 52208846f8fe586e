"""A made-up business of any size, straight into the tables: customers who come at their own pace and stop for good.

The same seed gives the same purchases on both engines. They come in as imports bring them: lot by lot, each in the
order of its customers, with the indexes in place, and known by what looks like digests. Indexes that are made
afterwards would have full pages, which the next night splits one by one.
"""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import create_engine
from sqlalchemy.engine import Engine

from survey.customers.purchases import LOT

SEED = 20_261_125
#: three years that end on this day
FIRST, LAST = date(2023, 7, 1), date(2026, 6, 30)
DAYS = (LAST - FIRST).days + 1
PURCHASES_EACH = 10
SEGMENTS = 20

Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Purchases:
    """(n,) each, by day: customer (1..c), day since `FIRST`, amount in cents."""

    customer: Ints
    day: Ints
    cents: Ints

    def __len__(self) -> int:
        return len(self.customer)


def purchases(customers: int, seed: int = SEED) -> Purchases:
    """About ten purchases a customer: a pace from a gamma distribution, a first day, a last day."""
    rng = np.random.default_rng(seed)
    began = rng.integers(0, DAYS, customers)
    stays = np.minimum(rng.exponential(700, customers).astype(np.int64) + 1, DAYS - began)
    pace = rng.gamma(0.9, 1.0, customers)
    expected = pace * stays
    expected *= (PURCHASES_EACH - 1) * customers / expected.sum()
    count = 1 + rng.poisson(expected)
    customer = np.repeat(np.arange(1, customers + 1), count)
    first = np.zeros(len(customer), dtype=bool)
    first[np.concatenate([[0], np.cumsum(count)[:-1]])] = True
    within = (rng.random(len(customer)) * np.repeat(stays, count)).astype(np.int64)
    day = np.repeat(began, count) + np.where(first, 0, within)
    cents = np.rint(rng.lognormal(8.0, 0.7, len(customer))).astype(np.int64)
    order = np.argsort(day, kind="stable")
    return Purchases(customer[order], day[order], cents[order])


def fill(url: str, customers: int) -> int:
    """Put the customers and their purchases in; gives the number of purchases. The database is migrated and empty."""
    bought = purchases(customers)
    engine = create_engine(url)
    load = _into_sqlite if engine.dialect.name == "sqlite" else _into_postgresql
    load(engine, customers, bought)
    engine.dispose()
    return len(bought)


def _customer_rows(customers: int) -> Iterator[tuple[Any, ...]]:
    for key in range(1, customers + 1):
        yield key, f"K{key:07}", f"k{key}@example.org", f"s{key % SEGMENTS}"


def _purchase_rows(bought: Purchases) -> Iterator[list[tuple[Any, ...]]]:
    """Lots of rows: key, customer, day, amount and identity."""
    start, rng = np.datetime64(FIRST), np.random.default_rng(SEED)
    for at in range(0, len(bought), LOT):
        some = at + np.argsort(bought.customer[at : at + LOT], kind="stable")
        on = (start + bought.day[some]).astype(str).tolist()
        digests = rng.bytes(16 * len(some))
        identity = [digests[place : place + 16] for place in range(0, len(digests), 16)]
        keys = range(at + 1, at + 1 + len(some))
        amount = (bought.cents[some] / 100).tolist()
        yield list(zip(keys, bought.customer[some].tolist(), on, amount, identity, strict=True))


def _into_sqlite(engine: Engine, customers: int, bought: Purchases) -> None:
    with closing(engine.raw_connection()) as raw:
        run = raw.cursor()
        for rule in ("journal_mode=OFF", "synchronous=OFF", "foreign_keys=OFF", "cache_size=-200000"):
            run.execute(f"PRAGMA {rule}")
        run.executemany(
            "INSERT INTO customer (id, external_id, email, segment, language, acquired_via, do_not_contact)"
            " VALUES (?, ?, ?, ?, 'nl', '', 0)",
            _customer_rows(customers),
        )
        for rows in _purchase_rows(bought):
            run.executemany(
                'INSERT INTO "transaction" (id, customer_id, occurred_on, amount, service, identity, ordinal)'
                " VALUES (?, ?, ?, ?, '', ?, 0)",
                rows,
            )
        raw.commit()
        run.execute("ANALYZE")
        run.execute("PRAGMA journal_mode=WAL")


def _into_postgresql(engine: Engine, customers: int, bought: Purchases) -> None:
    with closing(engine.raw_connection()) as raw:
        run = raw.cursor()
        with run.copy(  # type: ignore[attr-defined]  # psycopg's cursor
            "COPY customer (id, external_id, email, segment, language, acquired_via, do_not_contact) FROM STDIN"
        ) as copy:
            copy.write("".join(f"{k}\t{e}\t{m}\t{s}\tnl\t\tf\n" for k, e, m, s in _customer_rows(customers)))
        with run.copy(  # type: ignore[attr-defined]
            'COPY "transaction" (id, customer_id, occurred_on, amount, service, identity, ordinal) FROM STDIN'
        ) as copy:
            for rows in _purchase_rows(bought):
                copy.write("".join(f"{k}\t{c}\t{on}\t{a:.2f}\t\t\\\\x{i.hex()}\t0\n" for k, c, on, a, i in rows))
        for table in ("customer", "transaction"):
            run.execute(f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), max(id)) FROM \"{table}\"")  # noqa: S608
        raw.commit()
        raw.dbapi_connection.autocommit = True  # type: ignore[union-attr]
        run.execute("VACUUM ANALYZE customer")
        run.execute('VACUUM ANALYZE "transaction"')
