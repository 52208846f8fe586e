"""How Alembic reaches the database: through the application's engine, under its rules for writers."""

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


def run_migrations() -> None:
    with current_app.writing(), db.engine.connect() as connection:
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
