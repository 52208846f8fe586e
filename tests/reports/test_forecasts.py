"""Which model foretells who comes back: the job, what it stores beside every value, and the page that says why."""

import random
from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import insert, select

from survey.customers import histories
from survey.customers.models import Customer, Transaction
from survey.database import writing
from survey.defections import facts, forecasts
from survey.defections.models import BuyingModel, CustomerValue
from survey.extensions import db
from survey.jobs.tasks import value as task
from tests import stories
from tests.reports.rate_shop import Life, add

SignIn = Callable[..., FlaskClient]
LAST = date.today() - timedelta(days=1)
PEOPLE = 250
MODELS = {"NBD", "BGNBD", "MBGNBD", "ParetoNBD"}


def life(seed: int) -> list[date]:
    """When somebody came, at a pace of his own in the past two years; a third left at some moment."""
    draw = random.Random(seed)
    first, pace = draw.randrange(200, 720), draw.choice([15, 30, 60])
    end = draw.randrange(first) if draw.random() < 0.35 else 0
    ago, days = first, []
    while ago >= end:
        days.append(LAST - timedelta(days=ago))
        ago -= max(1, round(draw.expovariate(1 / pace)))
    return days


def add_many(people: int) -> None:
    """Store so many lives, as an import does. Commits."""
    names = [{"external_id": f"P{n}", "name": "", "language": "nl", "segment": "private"} for n in range(people)]
    db.session.execute(insert(Customer), names)
    keys = list(db.session.scalars(select(Customer.id).order_by(Customer.id)))
    visits = [(key, on) for n, key in enumerate(keys) for on in life(n)]
    rows = [
        {"customer_id": key, "occurred_on": on, "amount": Decimal(100), "identity": number.to_bytes(16, "big")}
        for number, (key, on) in enumerate(visits)
    ]
    db.session.execute(insert(Transaction), rows)
    histories.mark(keys)
    db.session.commit()
    while histories.refresh_some():
        db.session.commit()
    db.session.commit()


@pytest.fixture
def people(app: Flask) -> None:
    """A shop of two years."""
    with app.app_context(), writing():
        add_many(PEOPLE)


@pytest.fixture
def small_shop(app: Flask) -> None:
    """Ten customers of two years: too few for any model."""
    with app.app_context(), writing():
        add_many(10)
        assert task.run()["foretold"] == 0


def rows() -> list[BuyingModel]:
    return list(db.session.scalars(select(BuyingModel).order_by(BuyingModel.id)))


def told() -> list[tuple[int, float | None, float | None]]:
    columns = (CustomerValue.customer_id, CustomerValue.expected_visits, CustomerValue.risk)
    rows = db.session.execute(select(*columns).order_by(columns[2], columns[0]))
    return [(key, visits, risk) for key, visits, risk in rows]


def is_compared() -> None:
    """Models stand beside recency with their figures, one of them is used, and definitions can ask it."""
    of_all = {row.name: row for row in rows() if not row.cohort}
    assert set(of_all) == MODELS | {"recency", "own_pace", "risk"}
    chosen = next(row for row in of_all.values() if row.chosen)
    trial = of_all["recency"].figures["trial"]
    assert chosen.name == trial["counted_by"]
    assert (trial["customers"], trial["step"], trial["rounds"]) == (PEOPLE, 1, 3)
    assert all(0.5 < of_all[name].figures["auc"] <= 1 for name in (*MODELS, "recency", "risk"))
    assert of_all["recency"].figures["mae"] is None
    assert chosen.figures["mae"] < of_all["own_pace"].figures["mae"]
    assert facts.has_model(date.today())
    assert chosen.parameters["model"] == chosen.name
    assert chosen.parameters["unit_days"] == 7.0


def is_foretold() -> None:
    """Everybody has visits to expect and a risk, and the two agree on who is leaving."""
    values = told()
    assert all(visits is not None and visits >= 0 for _, visits, _ in values)
    assert all(risk is not None and 0 < risk < 1 for _, _, risk in values)
    safe, leaving = (sum(visits or 0 for _, visits, _ in part) for part in (values[:30], values[-30:]))
    assert safe > 3 * leaving


@pytest.mark.usefixtures("people")
def test_models_are_compared_everybody_is_foretold_and_the_page_says_why(app: Flask, sign_in: SignIn) -> None:
    with app.app_context(), writing():
        assert task.run()["foretold"] == PEOPLE
        is_compared()
        is_foretold()
        before, models = told(), [(row.name, row.figures) for row in rows()]
        task.run()
        assert told() == before
        assert [(row.name, row.figures) for row in rows()] == models
    for role in ("administrator", "manager", "analyst"):
        client = sign_in(role)
        assert "/value/models" in client.get("/value").text
        page = client.get("/value/models").text
        assert "To foretell who will come back we use the model" in page
        assert "Of two customers, one who came back and one who did not" in page
        assert "The plain rule “who was here longest ago”" in page
        assert "How right the risk was in its rehearsal" in page
        assert "<svg" in page


@pytest.mark.usefixtures("people")
def test_a_large_business_is_compared_on_a_sample_and_foretold_whole(
    app: Flask, sign_in: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(forecasts, "COMPARED", PEOPLE // 2)
    monkeypatch.setattr(forecasts, "LEARNT", PEOPLE - 1)
    monkeypatch.setattr(forecasts, "BATCH", 40)
    with app.app_context(), writing():
        assert task.run()["foretold"] == PEOPLE
        assert all(visits is not None for _, visits, _ in told())
        assert next(row.customers for row in rows() if row.name == "recency") <= PEOPLE // 2
    assert "on one in 2 of them" in sign_in("manager").get("/value/models").text


@pytest.mark.usefixtures("small_shop")
def test_the_models_of_two_days_are_kept(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    with app.app_context(), writing():
        for ahead in (1, 2):
            monkeypatch.setattr(task, "today", lambda ahead=ahead: date.today() + timedelta(days=ahead))
            task.run()
        days = list(db.session.scalars(select(BuyingModel.as_of).distinct().order_by(BuyingModel.as_of)))
        assert days == [date.today() + timedelta(days=ahead) for ahead in (1, 2)]


@pytest.mark.usefixtures("small_shop")
def test_too_thin_is_said_and_nothing_is_made_up(app: Flask, sign_in: SignIn) -> None:
    with app.app_context():
        assert not any(row.chosen for row in rows())
        assert not facts.has_model(date.today())
        assert {(visits, risk) for _, visits, risk in told()} == {(None, None)}
    page = sign_in("analyst").get("/value/models").text
    assert "There is too little history yet to foretell who will come back" in page
    assert "There are 10 customers with visits" in page
    assert "it could not be fitted to this history" in page


def test_a_history_of_weeks_is_too_short(app: Flask, sign_in: SignIn) -> None:
    with app.app_context(), writing():
        weekly = [LAST - timedelta(weeks=n) for n in range(8, -1, -1)]
        add(*(Life(weekly[n % 3 :]) for n in range(40)))
        task.run()
    page = sign_in("analyst").get("/value/models").text
    assert "The history is too short" in page
    assert "<svg role" not in page


def test_before_anything_is_compared(sign_in: SignIn) -> None:
    assert "Nothing is compared yet" in sign_in("analyst").get("/value/models").text


def test_not_for_interviewers_nor_for_who_sees_some_branches(app: Flask, sign_in: SignIn, client: FlaskClient) -> None:
    with app.app_context(), writing():
        branch = stories.branch("Breda").id
        db.session.commit()
    assert sign_in("interviewer").get("/value/models").status_code == 403
    assert sign_in("manager", branches=(branch,)).get("/value/models").status_code == 403
    assert client.get("/value/models").status_code in (302, 401)
