"""Thousands of keys in a question to the database, and thousands of rows out of it, without work on each of them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from sqlalchemy import ARRAY, ColumnElement, any_, func, literal, select
from sqlalchemy.orm import InstrumentedAttribute
from sqlalchemy.sql.selectable import TypedReturnsRows

from survey.extensions import db


def among(key: InstrumentedAttribute[int], keys: Sequence[int]) -> ColumnElement[bool]:
    """`key IN (...)` with all of them in one value: as many values would take longer than what they ask for."""
    if on_postgresql():
        return key == any_(literal(list(keys), ARRAY(key.type)))
    return key.in_(select(listed(keys)))


def listed(keys: Sequence[int]) -> ColumnElement[int]:
    """Whole numbers as a column of SQLite, all in one value."""
    value: ColumnElement[int] = func.json_each(json.dumps(list(keys))).table_valued("value").c.value
    return value


def plain_rows_of(query: TypedReturnsRows[*tuple[Any, ...]]) -> Sequence[Any]:
    """Rows as the driver gives them, without the work of types on every value, so for numbers, texts and bytes alone:
    whether something holds may come as 0 or 1."""
    result = db.session.connection().execute(query)
    cursor: Any = result.cursor
    rows: Sequence[Any] = cursor.fetchall()
    result.close()
    return rows


def on_postgresql() -> bool:
    return db.session.get_bind().dialect.name == "postgresql"
