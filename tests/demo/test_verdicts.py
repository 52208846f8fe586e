"""The planted truth of the demo's investments, as a manager reads it on the pages of the demo."""

from datetime import date
from html import unescape

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from survey.demo import loading
from survey.demo.loading import Person, load
from survey.extensions import db
from survey.investments.models import Investment, Verdict


@pytest.mark.sqlite
def test_the_training_worked_and_the_renovation_cannot_pay_back(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """The demo itself but for its day and a fifth of its customers, looked at three times instead of twenty-four: every
    departure of its four years is seen, and whoever left in the year before a look is asked. Nights work out nothing
    but values and shares. The slow one."""
    monkeypatch.setattr(loading, "NIGHTLY", ("value", "shares"))
    app.config["WTF_CSRF_ENABLED"] = False
    welcome = load(app, customers=4000, looks=3, days_between=330, until=date(2025, 6, 30))
    client = _signed_in(app, next(person for person in welcome.people if person.role == "manager"))
    with app.app_context():
        training, renovation = db.session.scalars(select(Investment).order_by(Investment.id)).all()
        verdict = db.session.scalars(select(Verdict).where(Verdict.investment_id == training.id)).one()
        names, facts = (training.name, renovation.name), verdict.result["facts"]

    page = _read(client, f"/investments/{training.id}")
    assert "Worked. Keep it" in page
    assert "fewer customers left because of “Rude staff” than would have" in page
    # a planted fall of 90 %, seen through answers that are not always read right
    assert facts["effect_low"] < 0.3
    assert facts["effect_high"] < 0.9

    page = _read(client, f"/investments/{renovation.id}")
    assert "Cannot pay back. Spend no more on it" in page
    assert "Even if nobody left because of “Premises and atmosphere” any more" in page

    page = _read(client, "/investments")
    assert f"What to stop paying for, by these figures: “{names[1]}”." in page
    assert f"“{names[0]}”" not in page.partition("What to stop paying for")[2].partition(".")[0]


def _signed_in(app: Flask, person: Person) -> FlaskClient:
    client = app.test_client()
    done = client.post("/login", data={"email": person.email, "password": person.password})
    assert done.status_code in (302, 303)
    return client


def _read(client: FlaskClient, path: str) -> str:
    """The words of a page, without its tags."""
    response = client.get(f"{path}?lang=en")
    assert response.status_code == 200
    text = response.get_data(as_text=True)
    words = "".join(part.partition(">")[2] for part in text.split("<"))
    return unescape(" ".join(words.split()))
