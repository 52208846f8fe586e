from collections.abc import Mapping
from datetime import date

import pytest
from flask import Flask

from survey.accounts.models import User
from survey.reports.lens import Choices, Lens, UnclearAddress, lens_from
from survey.reports.period import Period

TODAY = date(2026, 11, 22)
OFFERED = Choices(branches=[(3, "Breda")], segments=["lease"])
LAST_QUARTER = Period(date(2026, 7, 1), date(2026, 9, 30))


@pytest.fixture(autouse=True)
def _language(app: Flask, context: None) -> None:
    """Refusals are said in a language."""


def read(**given: str) -> Lens:
    lists: Mapping[str, list[str]] = {key.rstrip("_"): [value] for key, value in given.items()}
    return lens_from(lists, User(email="x"), OFFERED, TODAY)


@pytest.mark.sqlite
def test_without_an_address_it_is_last_quarter_of_everything() -> None:
    lens = read()
    assert (lens.period, lens.period_name, lens.branch_id, lens.segment) == (LAST_QUARTER, "last-quarter", None, None)


@pytest.mark.sqlite
def test_dates_go_before_a_name_unless_they_are_that_period() -> None:
    same = read(period="last-quarter", from_="2026-07-01", to="2026-09-30")
    assert same.period_name == "last-quarter"
    other = read(period="last-quarter", from_="2026-07-01", to="2026-09-29")
    assert (other.period_name, other.period) == ("custom", Period(date(2026, 7, 1), date(2026, 9, 29)))


@pytest.mark.sqlite
@pytest.mark.parametrize(
    "given",
    [
        {},
        {"period": "this-quarter", "branch": "3"},
        {"from_": "2025-01-01", "to": "2025-01-31", "segment": "lease"},
    ],
)
def test_an_address_made_of_a_lens_gives_the_lens_again(given: dict[str, str]) -> None:
    lens = read(**given)
    again = read(**{f"{key}_" if key == "from" else key: value for key, value in lens.address().items()})
    assert (again.period, again.period_name, again.branch_id, again.segment) == (
        lens.period,
        lens.period_name,
        lens.branch_id,
        lens.segment,
    )


@pytest.mark.sqlite
@pytest.mark.parametrize("given", [{"branch": "4"}, {"branch": "03"}, {"segment": "Lease"}, {"to": "2026-01-01"}])
def test_what_is_not_offered_is_refused(given: dict[str, str]) -> None:
    with pytest.raises(UnclearAddress):
        read(**given)


@pytest.mark.sqlite
def test_a_period_may_end_but_not_begin_in_the_future() -> None:
    assert read(**{"from": "2026-11-22", "to": "2027-01-01"}).period.last == date(2027, 1, 1)
    with pytest.raises(UnclearAddress, match="not begun"):
        read(**{"from": "2026-11-23", "to": "2027-01-01"})
