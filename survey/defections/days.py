"""Columns of rows and of days: between what the database gives and takes, and whole numbers in arrays."""

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any

import numpy as np
from sqlalchemy.sql.selectable import TypedReturnsRows

from survey.analyst import STILL_GONE, Ints
from survey.extensions import db


def rows_of(query: TypedReturnsRows[*tuple[Any, ...]]) -> Sequence[Any]:
    """The rows of a query of columns, as the driver gives them: the session would look at each once more."""
    return db.session.connection().execute(query).all()


def column(rows: Sequence[Any], place: int) -> Ints:
    """One column of the rows of a query."""
    return np.fromiter((row[place] for row in rows), dtype=np.int64, count=len(rows))


def days_of(dates: Sequence[date | None], missing: int) -> Ints:
    """(n,) days since 1970-01-01; `missing` where there is no date."""
    days = np.array(dates, dtype="datetime64[D]")
    return np.where(np.isnat(days), missing, days.astype(np.int64))


def written(days: Ints) -> Iterable[str | None]:
    """The days as both engines read them, 2026-11-25; None for `STILL_GONE`."""
    texts = days.astype("datetime64[D]").astype(str).tolist()
    return (None if gone else text for text, gone in zip(texts, (days == STILL_GONE).tolist(), strict=True))
