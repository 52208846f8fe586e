from datetime import date, timedelta

import pytest

from survey.reports.period import Period, months_up_to, named


@pytest.mark.parametrize(
    ("name", "today", "first", "last"),
    [
        ("last-quarter", date(2026, 11, 22), date(2026, 7, 1), date(2026, 9, 30)),
        ("last-quarter", date(2026, 1, 1), date(2025, 10, 1), date(2025, 12, 31)),
        ("this-quarter", date(2026, 1, 1), date(2026, 1, 1), date(2026, 1, 1)),
        ("this-quarter", date(2026, 12, 31), date(2026, 10, 1), date(2026, 12, 31)),
        ("last-12-months", date(2026, 11, 22), date(2025, 11, 1), date(2026, 10, 31)),
        ("last-12-months", date(2024, 3, 31), date(2023, 3, 1), date(2024, 2, 29)),
    ],
)
def test_named_periods(name: str, today: date, first: date, last: date) -> None:
    assert named(name, today) == Period(first, last)


def test_a_name_that_stands_for_no_period() -> None:
    with pytest.raises(KeyError):
        named("custom", date(2026, 1, 1))


@pytest.mark.parametrize(
    ("period", "before"),
    [
        (Period(date(2026, 7, 1), date(2026, 9, 30)), Period(date(2026, 4, 1), date(2026, 6, 30))),
        (Period(date(2024, 2, 1), date(2024, 2, 29)), Period(date(2024, 1, 1), date(2024, 1, 31))),
        (Period(date(2026, 7, 1), date(2026, 7, 10)), Period(date(2026, 6, 21), date(2026, 6, 30))),
        (Period(date(2026, 1, 1), date(2026, 12, 31)), Period(date(2025, 1, 1), date(2025, 12, 31))),
    ],
)
def test_the_period_before_ends_the_day_before(period: Period, before: Period) -> None:
    assert period.before() == before
    assert before.last + timedelta(days=1) == period.first


def test_months_leave_out_one_that_is_not_over() -> None:
    months = months_up_to(date(2026, 3, 30), 3)
    assert [month.first for month in months] == [date(2025, 12, 1), date(2026, 1, 1), date(2026, 2, 1)]
    assert months_up_to(date(2026, 3, 31), 1) == [Period(date(2026, 3, 1), date(2026, 3, 31))]


def test_a_period_ends_after_it_begins() -> None:
    with pytest.raises(ValueError, match="ends on or after"):
        Period(date(2026, 1, 2), date(2026, 1, 1))
