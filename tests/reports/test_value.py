"""What customers are worth: the job, the stored figures, the cards and the terms."""

import re
from collections.abc import Callable
from datetime import date, timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select

from survey.accounts.models import AuditEntry
from survey.customers.models import Customer
from survey.database import writing
from survey.defections import terms
from survey.defections.models import CustomerValue, Defection, ValueTerms
from survey.extensions import db
from survey.jobs.models import Job
from survey.jobs.tasks import value as task
from tests import stories
from tests.reports.rate_shop import Life, add

SignIn = Callable[..., FlaskClient]
MONTH = timedelta(days=30)
READERS = ["administrator", "manager", "analyst"]


@pytest.fixture
def shop(app: Flask) -> dict[str, int]:
    """Two branches, some of whose customers left in the past year; everybody valued. Gives the keys of the branches."""
    last = date.today() - timedelta(days=1)
    visits = tuple(last - n * MONTH for n in range(36, -1, -2))
    people = []
    for branch in ("Breda", "Utrecht"):
        people += [Life(visits, branch=branch)] * 20
        for n in range(6):
            gone = tuple(day for day in visits if day <= last - (6 + n) * MONTH)
            people.append(Life(gone, ((gone[-1], gone[-1] + 4 * MONTH, None),), branch=branch))
    with app.app_context(), writing():
        add(*people)
        task.run()
        return {name: stories.branch(name).id for name in ("Breda", "Utrecht")}


def token_of(page: str) -> str:
    return re.findall(r'name="csrf_token" [^>]*value="([^"]+)"', page)[0]


def test_everybody_who_is_there_has_a_value_within_its_interval(app: Flask, shop: dict[str, int]) -> None:
    with app.app_context():
        rows = list(db.session.scalars(select(CustomerValue)))
        assert len(rows) == 40
        assert all(0 < row.low <= row.value <= row.high for row in rows)
        assert all(0 < row.remaining_years <= terms.HORIZON for row in rows)


def test_a_departure_is_valued_with_an_interval(app: Flask, shop: dict[str, int]) -> None:
    with app.app_context():
        gone = list(db.session.scalars(select(Defection)))
        assert len(gone) == 12
        assert all(each.value_low and each.value_low < each.lost_value < (each.value_high or 0) for each in gone)
        assert {each.value_method for each in gone} == {"own_history"}


def test_twice_changes_nothing(app: Flask, shop: dict[str, int]) -> None:
    with app.app_context(), writing():
        assert task.run()["changed"] == 0
        assert db.session.scalar(select(func.count()).select_from(CustomerValue)) == 40


def test_nobody_to_value(app: Flask) -> None:
    with app.app_context(), writing():
        assert task.run() == {"customers": 0, "departures": 0, "changed": 0}


def test_what_the_business_says_of_a_customer_goes_first(app: Flask, shop: dict[str, int]) -> None:
    with app.app_context(), writing():
        who = db.session.scalars(select(Customer).join(CustomerValue).limit(1)).one()
        who.yearly_value = 5000
        db.session.commit()
        task.run()
        row = db.session.get_one(CustomerValue, who.id)
        assert (float(row.yearly_margin), row.method) == (5000.0, "given_value")


def test_a_margin_takes_its_part_of_every_value(app: Flask, shop: dict[str, int]) -> None:
    with app.app_context(), writing():
        before = float(db.session.scalar(select(func.sum(CustomerValue.value))) or 0)
        terms.say({"": 0.25}, terms.DISCOUNT, terms.HORIZON, None)
        db.session.commit()
        task.run()
        after = float(db.session.scalar(select(func.sum(CustomerValue.value))) or 0)
        assert after == pytest.approx(before / 4, rel=1e-3)


def test_terms_said_again_are_no_change(app: Flask) -> None:
    with app.app_context(), writing():
        assert terms.say({"": 0.3, "gold": 0.5, "new": None}, 0.1, 10, None)
        assert not terms.say({"": 0.3, "gold": 0.5, "new": None}, 0.1, 10, None)
        assert terms.say({"": 0.3, "gold": None, "new": None}, 0.1, 10, None)
        held = terms.standing()
        assert held.margins == {"": 0.3, "gold": 0.3, "new": 0.3}


@pytest.mark.parametrize(
    ("margin", "discount", "years"), [(0.0, 0.1, 10), (1.5, 0.1, 10), (0.5, 1.0, 10), (0.5, 0.1, 0)]
)
def test_impossible_terms(app: Flask, margin: float, discount: float, years: float) -> None:
    with app.app_context(), writing(), pytest.raises(ValueError, match="margin|discount"):
        terms.say({"": margin}, discount, years, None)


@pytest.mark.usefixtures("shop")
@pytest.mark.parametrize("role", READERS)
def test_readers_see_cards_and_totals(sign_in: SignIn, role: str) -> None:
    page = sign_in(role).get("/value").text
    assert re.search(r"A customer here is worth about €[\d,]+ to us", page)
    assert "One rude moment can cost that" in page
    assert "These figures are turnover, not profit" in page
    assert "Breda" in page
    assert "Utrecht" in page


@pytest.mark.usefixtures("shop")
def test_everybody_who_works_there_sees_the_cards_only(sign_in: SignIn) -> None:
    page = sign_in("interviewer").get("/value").text
    assert "One rude moment can cost that" in page
    assert "Breda" not in page
    assert "/value/terms" not in page


def test_who_is_tied_to_a_branch_sees_its_total_only(sign_in: SignIn, shop: dict[str, int]) -> None:
    there = sign_in("manager", branches=(shop["Breda"],))
    page = there.get("/value").text
    assert "Breda" in page
    assert "Utrecht" not in page
    assert there.get("/value/terms").status_code == 403


def test_before_anything_is_valued(sign_in: SignIn, app: Flask) -> None:
    client = sign_in("analyst")
    page = client.get("/value").text
    assert "Nothing is valued yet" in page
    asked = client.post("/value/work", data={"csrf_token": token_of(page)})
    assert asked.status_code == 303
    with app.app_context():
        assert db.session.scalar(select(Job.kind).where(Job.kind == "value")) == "value"


def test_changed_terms_ask_for_new_values_and_are_written_down(
    sign_in: SignIn, app: Flask, shop: dict[str, int]
) -> None:
    client = sign_in("manager")
    form = {"margin": "40", "discount": "8", "horizon": "5", "csrf_token": token_of(client.get("/value/terms").text)}
    for _ in range(2):
        assert client.post("/value/terms", data=form).status_code == 303
    with app.app_context():
        held = terms.standing()
        assert (held.margins[""], held.discount, held.horizon_years) == (0.4, 0.08, 5.0)
        assert db.session.scalar(select(func.count()).select_from(ValueTerms).where(ValueTerms.segment == "")) == 1
        said = select(func.count()).where(AuditEntry.action == "terms of value changed")
        assert db.session.scalar(said.select_from(AuditEntry)) == 1
        assert db.session.scalar(select(func.count()).select_from(Job).where(Job.kind == "value")) == 1


def test_wrong_terms_keep_what_was_typed(sign_in: SignIn, shop: dict[str, int]) -> None:
    client = sign_in("administrator")
    form = {"margin": "140", "discount": "8", "horizon": "5", "csrf_token": token_of(client.get("/value/terms").text)}
    answer = client.post("/value/terms", data=form)
    assert answer.status_code == 422
    assert 'value="140"' in answer.text


@pytest.mark.parametrize("method", ["get", "post"])
def test_terms_are_not_for_interviewers(sign_in: SignIn, method: str) -> None:
    assert getattr(sign_in("interviewer"), method)("/value/terms").status_code in (400, 403)
