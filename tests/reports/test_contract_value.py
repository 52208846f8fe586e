"""Contracts in the value of customers, in what was lost with who left, and on the pages that tell of them."""

import re
from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from survey.customers import contracts
from survey.customers.models import Customer
from survey.customers.terms import Told
from survey.database import writing
from survey.defections.models import CustomerValue, Defection
from survey.extensions import db
from survey.jobs.tasks import figures, value
from survey.reports.rate.figures import stored
from tests import stories
from tests.reports.rate_shop import Life, add

SignIn = Callable[..., FlaskClient]
TODAY = date.today()
YEAR = timedelta(days=365)
#: terms behind each of the gym's members, and how many had as many and did not renew
MEMBERS, LEFT_AFTER = 80, {1: 16, 2: 8}


def terms(first: date, count: int) -> list[tuple[date, date]]:
    return [(first + n * YEAR, first + (n + 1) * YEAR - timedelta(days=1)) for n in range(count)]


def sign(customer_id: int, days: list[tuple[date, date]]) -> None:
    contracts.keep([Told(customer_id, *each, None, Decimal(400), is_only=False) for each in days], TODAY)


def member(branch: str, visited: tuple[date, ...] = (), **gone: date) -> Life:
    more = (("segment", "gym"),)
    if not gone:
        return Life(visited, branch=branch, more=more)
    return Life(visited, ((gone["last"], gone["on"], None),), branch=branch, more=more)


def open_gym() -> dict[str, list[int]]:
    """Members who renew every year since three and a half years, who did not renew, and walk-in customers."""
    begun = TODAY - timedelta(days=3 * 365 + 180)
    came = (begun, TODAY - timedelta(days=600))
    staying = add(*[member("Breda", came if n % 2 else ()) for n in range(MEMBERS)])
    for key in staying:
        sign(key, terms(begun, 4))
    ended = []
    for count, how_many in LEFT_AFTER.items():
        over = begun + count * YEAR
        gone = add(*[member("Breda", (begun,), last=begun, on=over)] * how_many)
        for key in gone:
            sign(key, terms(begun, count))
        ended += gone
    visits = tuple(TODAY - timedelta(days=n) for n in range(1, 1000, 60))
    walk_in = [Life(visits, branch="Utrecht")] * 40
    walk_in += [Life(visits[8:], ((visits[8], visits[8] + timedelta(days=120), None),), branch="Utrecht")] * 12
    return {"staying": staying, "ended": ended, "walk_in": add(*walk_in)}


@pytest.fixture
def gym(app: Flask) -> dict[str, list[int]]:
    with app.app_context(), writing():
        keys = open_gym()
        value.run()
        figures.run()
        return keys


def values_of(keys: list[int]) -> list[CustomerValue]:
    return list(db.session.scalars(select(CustomerValue).where(CustomerValue.customer_id.in_(keys))))


def test_who_has_a_contract_is_valued_by_it_whether_they_come_or_not(app: Flask, gym: dict[str, list[int]]) -> None:
    with app.app_context():
        rows = values_of(gym["staying"])
        assert len(rows) == MEMBERS
        assert {row.method for row in rows} == {"contract"}
        assert {row.yearly_margin for row in rows} == {Decimal(400)}
        assert all(row.low < row.value < row.high for row in rows)
        # Half a year is left; then 4 of 5 renew.
        assert {round(row.remaining_years, 3) for row in rows} == {round(rows[0].remaining_years, 3)}
        assert 2 < rows[0].remaining_years < 7


def test_who_has_none_is_valued_by_visits(app: Flask, gym: dict[str, list[int]]) -> None:
    with app.app_context():
        assert {row.method for row in values_of(gym["walk_in"])} == {"own_history"}


def test_a_contract_that_was_not_renewed_is_lost_from_its_last_day(app: Flask, gym: dict[str, list[int]]) -> None:
    with app.app_context():
        gone = list(db.session.scalars(select(Defection).where(Defection.customer_id.in_(gym["ended"]))))
        assert {each.value_method for each in gone} == {"contract"}
        by_customer = {each.customer_id: float(each.lost_value) for each in gone}
        early, late = by_customer[gym["ended"][0]], by_customer[gym["ended"][-1]]
        # Who renewed once is likelier to have renewed again than who never did.
        assert 400 < early < late < 4_000


def test_twice_changes_nothing(app: Flask, gym: dict[str, list[int]]) -> None:
    with app.app_context(), writing():
        assert value.run()["changed"] == 0


def test_who_left_by_the_definition_is_no_customer_though_the_contract_runs(
    app: Flask, gym: dict[str, list[int]]
) -> None:
    with app.app_context(), writing():
        who = db.session.get_one(Customer, gym["staying"][0])
        stories.defection(who, TODAY - timedelta(days=10), last_visit_on=TODAY - timedelta(days=600))
        db.session.commit()
        value.run()
        assert values_of([who.id]) == []
        lost = db.session.scalars(select(Defection).where(Defection.customer_id == who.id)).one()
        assert lost.value_method == "contract"
        assert lost.lost_value > 0


def test_too_few_renewals_are_said_and_visits_are_counted(app: Flask, sign_in: SignIn) -> None:
    with app.app_context(), writing():
        last = TODAY - timedelta(days=1)
        visits = tuple(last - timedelta(days=30 * n) for n in range(36))
        keys = add(*[Life(visits, more=(("segment", "gym"),))] * 12)
        for key in keys:
            sign(key, terms(TODAY - timedelta(days=500), 2))
        value.run()
        assert {row.method for row in values_of(keys)} == {"own_history"}
    page = sign_in("analyst").get("/value").text
    assert "too few have come to a renewal to value by them" in page
    assert "more contracts that were not renewed are needed" in page


def test_the_page_says_which_segment_is_contractual_and_why(sign_in: SignIn, gym: dict[str, list[int]]) -> None:
    page = sign_in("manager").get("/value").text
    assert f"gym is valued by contracts, not by visits: {MEMBERS} of {MEMBERS} customers" in page
    assert "first renewal" in page
    row = re.search(r"first renewal.*?</tr>", page, re.DOTALL)
    assert row is not None
    assert "104" in row[0]  # all who came to it
    assert "88" in row[0]  # of whom so many renewed
    assert "Contracts and how often" not in sign_in("interviewer").get("/value").text


def test_the_rate_tells_whom_a_contract_holds_and_how_many_renew(
    app: Flask, sign_in: SignIn, gym: dict[str, list[int]]
) -> None:
    with app.app_context():
        found = stored("").contracts
        assert (found.held, found.coming, found.ending) == (MEMBERS, 0, 0)
        assert found.year.faced == MEMBERS
        assert found.year.renewed == MEMBERS
        assert found.before.faced == MEMBERS + LEFT_AFTER[2]
        assert found.before.renewed == MEMBERS
    page = sign_in("manager").get("/rate").text
    assert f"{MEMBERS} of the {MEMBERS} customers with a running contract" in page
    assert f"Of the {MEMBERS} contracts that came to their last day in a year, {MEMBERS} were renewed" in page


def test_a_business_of_contracts_alone_is_valued(app: Flask, sign_in: SignIn) -> None:
    with app.app_context(), writing():
        begun = TODAY - timedelta(days=3 * 365 + 180)
        keys = [stories.customer(segment="gym", joined_on=None).id for _ in range(60)]
        for n, key in enumerate(keys):
            sign(key, terms(begun, 4 if n < 45 else 1))
        db.session.commit()
        done = value.run()
        assert (done["customers"], done["departures"]) == (45, 0)
    assert sign_in("manager").get("/value").status_code == 200
