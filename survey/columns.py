"""Columns of numbers on their way into a table, in the words of either driver.

SQLite takes rows, each with the same statement, at once; PostgreSQL takes each column as one value (`arrays.py`):
a value a cell, made and read as text, would take longer there than storing it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import CursorResult

from survey.arrays import Numbers
from survey.extensions import db
from survey.many import on_postgresql


@dataclass(frozen=True)
class Given:
    """Columns in a statement: by their names what stands for a value of each, the FROM for all of them, and what the
    driver is given."""

    cell: dict[str, str]
    rows: str
    values: tuple[Any, ...] | list[tuple[Any, ...]]

    def run(self, statement: str) -> CursorResult[Any]:
        """Run a statement in the words of the driver, in this transaction."""
        return db.session.connection().exec_driver_sql(statement, self.values)

    def insert(self, table: str, cells: Mapping[str, str]) -> None:
        """Make a row of each of theirs, of these expressions."""
        made = ", ".join(cells.values())
        # SQLite keeps a journal of its own for a SELECT, in case it breaks off halfway, and none for one row of VALUES.
        source = f"SELECT {made} {self.rows}" if self.rows else f"VALUES ({made})"  # noqa: S608  # our own names
        self.run(f"INSERT INTO {table} ({', '.join(cells)}) {source}")  # noqa: S608  # our own names


def given(columns: Mapping[str, Numbers]) -> Given:
    """Equally long columns, of int64 or float64, ready to be stored."""
    if on_postgresql():
        kinds = ("float8" if column.dtype.kind == "f" else "bigint" for column in columns.values())
        arrays = ", ".join(f"%s::{kind}[]" for kind in kinds)
        rows = f"FROM unnest({arrays}) AS given({', '.join(columns)})"
        return Given({name: f"given.{name}" for name in columns}, rows, tuple(columns.values()))
    values = list(zip(*(column.tolist() for column in columns.values()), strict=True))
    return Given({name: f"?{place}" for place, name in enumerate(columns, 1)}, "", values)


def as_day(number: str) -> str:
    """Days since 1970-01-01 as a date."""
    return f"date '1970-01-01' + ({number})::int" if on_postgresql() else f"date(2440587.5 + {number})"


def as_amount(cents: str) -> str:
    """Cents as an amount."""
    return f"{cents}::numeric / 100" if on_postgresql() else f"{cents} / 100.0"


def as_moment(at: datetime) -> str:
    """A moment in UTC, as either engine keeps it."""
    return f"timestamptz '{at}'" if on_postgresql() else f"'{at.replace(tzinfo=None)}'"
