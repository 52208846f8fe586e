"""Columns of numbers reach the database as what they are, on both engines."""

from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from survey import columns
from survey.extensions import db

WHOLE = st.integers(-(2**63), 2**63 - 1)
REAL = st.floats(allow_nan=False, allow_infinity=False)


@pytest.mark.usefixtures("context")
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(WHOLE, REAL), min_size=1, max_size=20))
def test_numbers_come_back_as_they_went_in(rows):
    db.session.execute(text("CREATE TEMPORARY TABLE IF NOT EXISTS numbers (whole BIGINT, real DOUBLE PRECISION)"))
    db.session.execute(text("DELETE FROM numbers"))
    whole, real = np.array([row[0] for row in rows]), np.array([row[1] for row in rows])
    put = columns.given({"whole": whole, "real": real})
    put.insert("numbers", put.cell)
    assert sorted(map(tuple, db.session.execute(text("SELECT whole, real FROM numbers")))) == sorted(rows)
    db.session.rollback()


@pytest.mark.usefixtures("context")
def test_days_amounts_and_moments_are_those_of_the_calendar():
    db.session.execute(text("CREATE TEMPORARY TABLE made (day DATE, amount NUMERIC(12, 2), moment TIMESTAMP)"))
    put = columns.given({"day": np.array([-1, 0, 20783]), "cents": np.array([-5, 0, 123456789])})
    moment = datetime(2026, 11, 26, 7, 0, tzinfo=UTC)
    put.insert(
        "made",
        {
            "day": columns.as_day(put.cell["day"]),
            "amount": columns.as_amount(put.cell["cents"]),
            "moment": columns.as_moment(moment),
        },
    )
    rows = [
        (str(day), float(amount)) for day, amount, _ in db.session.execute(text("SELECT * FROM made ORDER BY amount"))
    ]
    assert rows == [("1969-12-31", -0.05), ("1970-01-01", 0.0), ("2026-11-26", 1234567.89)]
    stored = db.session.scalar(text("SELECT max(moment) FROM made"))
    assert str(stored) == "2026-11-26 07:00:00"
    db.session.rollback()


@pytest.mark.postgresql
@pytest.mark.usefixtures("context")
def test_an_array_of_none_is_an_empty_array():
    put = columns.given({"whole": np.array([], dtype=np.int64)})
    assert put.run(f"SELECT count(*) {put.rows}").scalar() == 0
