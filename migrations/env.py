"""How Alembic reaches the database: through the application's engine, under its rules for writers."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from alembic import context
from flask import current_app
from sqlalchemy.types import TypeDecorator

db = current_app.extensions["migrate"].db


def plain_type(kind: str, item: Any, _: Any) -> str | bool:
    """Write our own column types into a migration as what they are to the engine."""
    if kind == "type" and isinstance(item, TypeDecorator):
        return f"sa.{item.impl!r}"
    return False


@contextmanager
def tables_may_be_replaced(connection: Any) -> Iterator[None]:
    """SQLite changes a table by putting another in its place, which its foreign keys would take for deleting rows."""
    if connection.dialect.name != "sqlite":
        yield
        return
    raw = connection.connection.driver_connection
    raw.execute("PRAGMA foreign_keys=OFF")
    try:
        yield
    finally:
        raw.execute("PRAGMA foreign_keys=ON")
    if raw.execute("PRAGMA foreign_key_check").fetchone():
        raise RuntimeError("A migration left rows that point at nothing. Restore the backup made before it.")


def run_migrations() -> None:
    with current_app.writing(), db.engine.connect() as connection, tables_may_be_replaced(connection):
        context.configure(
            connection=connection,
            target_metadata=db.metadata,
            render_item=plain_type,
            render_as_batch=True,
            compare_type=True,
            transactional_ddl=True,
            transaction_per_migration=True,
        )
        with context.begin_transaction():
            context.run_migrations()


run_migrations()
