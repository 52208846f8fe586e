"""The rules of the two engines: who may write, when, and what is done when two writers meet.

SQLite takes one writer at a time, and its own busy handler lets the slowest wait longest. So every writing
transaction passes one gate (a thread lock and a file lock) and starts with BEGIN IMMEDIATE; every other
transaction is read-only by construction. PostgreSQL runs writers side by side and asks the loser of a
conflict to start again: `committed` and the request do so, whole.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, TypeVar

from sqlalchemy import BigInteger, DateTime, Dialect, Engine, Integer, MetaData, Numeric, event
from sqlalchemy.dialects import registry
from sqlalchemy.engine import Connection
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import DeclarativeBase
from sqlalchemy.types import TypeDecorator, TypeEngine

from survey.arrays import take_arrays

T = TypeVar("T")

#: Serialisation failure and deadlock: the whole transaction may be tried again.
RETRIED_STATES = ("40001", "40P01")
TRIES = 5

_writing: ContextVar[bool] = ContextVar("writing", default=False)


@contextmanager
def writing() -> Iterator[None]:
    """Transactions that begin inside may write."""
    token = _writing.set(True)
    try:
        yield
    finally:
        _writing.reset(token)


@contextmanager
def reading() -> Iterator[None]:
    """Transactions that begin inside only read: for the long thinking of a job, outside the write gate."""
    token = _writing.set(False)
    try:
        yield
    finally:
        _writing.reset(token)


def is_writing() -> bool:
    return _writing.get()


def should_retry(error: BaseException) -> bool:
    """Whether PostgreSQL asked for the whole transaction to be run again."""
    return isinstance(error, DBAPIError) and getattr(error.orig, "sqlstate", None) in RETRIED_STATES


def committed(session: Any, work: Callable[[], T]) -> T:
    """Run `work` and commit it as one writing transaction; run all of it again when the engine asks for that."""
    with writing():
        for attempt in range(1, TRIES + 1):
            try:
                result = work()
                session.commit()
                return result
            except DBAPIError as error:
                session.rollback()
                if attempt == TRIES or not should_retry(error):
                    raise
            except BaseException:
                session.rollback()
                raise
    raise AssertionError("the last attempt returns or raises")


registry.register("sqlite.gated", "survey.write_gate", "GatedSQLite")


def engine_url(database_url: str, gate_seconds: float) -> str:
    """The URL handed to SQLAlchemy for the URL a person wrote in the settings."""
    if not database_url.startswith("sqlite:///"):
        return database_url
    return f"{database_url.replace('sqlite:', 'sqlite+gated:', 1)}?gate_seconds={gate_seconds}"


def engine_options(database_url: str) -> dict[str, Any]:
    """Pool sizes are for a process with eight threads. The connection that was used last is used next: it has the pages
    that the next transaction asks for."""
    is_sqlite = database_url.startswith("sqlite")
    return {"pool_size": 10, "max_overflow": 10, "pool_use_lifo": True, "pool_pre_ping": not is_sqlite}


def apply_engine_rules(engine: Engine) -> None:
    """On PostgreSQL a transaction that begins outside `writing` is READ ONLY, as on SQLite; and it takes arrays."""
    if engine.dialect.name != "postgresql":
        return

    @event.listens_for(engine, "connect")
    def connect(connection: Any, _record: Any) -> None:
        take_arrays(connection)

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        raw: Any = connection.connection.dbapi_connection
        if raw.read_only is is_writing() or raw.read_only is None:
            raw.read_only = not is_writing()


def empty_log(engine: Engine) -> None:
    """Move SQLite's write-ahead log into the database file and empty it, so that nothing deleted stays in it."""
    if engine.dialect.name != "sqlite":
        return
    connection = engine.raw_connection()
    try:
        connection.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)").close()
    finally:
        connection.close()


class Base(DeclarativeBase):
    """Mother of every table; constraints are named by rule so that a migration can drop them."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


#: Keys of tables that may hold more than two thousand million rows.
BigId = BigInteger().with_variant(Integer, "sqlite")


class UtcDateTime(TypeDecorator[datetime]):
    """A moment: aware in Python, UTC in the table (SQLite forgets the zone, so it is put back)."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"{value!r} has no time zone; moments are stored in UTC")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Money(TypeDecorator[Decimal]):
    """An amount in the organisation's currency: NUMERIC(12, 2), a Decimal of two places in Python.

    SQLite keeps numbers as 64-bit floats; cents survive that, and sums of them, up to 10^13.
    """

    impl = Numeric(12, 2)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return dialect.type_descriptor(Numeric(12, 2, asdecimal=False) if dialect.name == "sqlite" else Numeric(12, 2))

    def process_bind_param(self, value: Any, dialect: Dialect) -> Any:
        return float(value) if value is not None and dialect.name == "sqlite" else value

    def process_result_value(self, value: Any, dialect: Dialect) -> Decimal | None:
        return None if value is None else Decimal(value).quantize(Decimal("0.01"))
