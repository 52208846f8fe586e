"""Columns of rows and of days: between what the database gives and takes, and whole numbers in arrays."""

from collections.abc import Sequence
from datetime import date
from operator import itemgetter
from typing import Any

import numpy as np
from sqlalchemy import ColumnElement, Integer, cast, func
from sqlalchemy.orm import InstrumentedAttribute
from sqlalchemy.sql.selectable import TypedReturnsRows

from survey.analyst import EPOCH, Ints
from survey.extensions import db
from survey.many import plain_rows_of as plain_rows_of


def rows_of(query: TypedReturnsRows[*tuple[Any, ...]]) -> Sequence[Any]:
    """The rows of a query of columns, as the driver gives them: the session would look at each once more."""
    return db.session.connection().execute(query).all()


def day_in(on: ColumnElement[Any] | InstrumentedAttribute[Any]) -> ColumnElement[int]:
    """A date as days since 1970-01-01, worked out by the database; NULL where there is none."""
    if db.session.get_bind().dialect.name == "postgresql":
        return cast(on - EPOCH, Integer)
    return cast(func.julianday(on) - func.julianday(EPOCH.isoformat()), Integer)


def column(rows: Sequence[Any], place: int) -> Ints:
    """One column of the rows of a query."""
    return np.fromiter(map(itemgetter(place), rows), dtype=np.int64, count=len(rows))


def days_of(dates: Sequence[date | None], missing: int) -> Ints:
    """(n,) days since 1970-01-01; `missing` where there is no date."""
    days = np.array(dates, dtype="datetime64[D]")
    return np.where(np.isnat(days), missing, days.astype(np.int64))
