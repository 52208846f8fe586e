"""The first page of who reads figures: three sentences, all reasons, what changed, three voices."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from survey.clock import now
from survey.database import writing
from survey.extensions import db
from survey.investments.models import Investment, InvestmentReason
from tests.reports.garage import Answer, Left, Person, add, branch_id, reason_id

SignIn = Callable[..., FlaskClient]
QUARTER = "/?period=custom&from=2026-07-01&to=2026-09-30"
AUGUST = date(2026, 8, 10)


def left(branch: str = "Utrecht", **more: Any) -> Person:
    return Person(left=(replace(Left(AUGUST, Decimal("100.00")), **more),), branch=branch)


@pytest.fixture
def garage(app: Flask) -> None:
    """Most leave for rude staff; all the money goes to the premises."""
    with app.app_context(), writing():
        rude = [left(answer=Answer("rude_staff", words=f"Afgesnauwd aan balie {n}.")) for n in range(30)]
        add(*rude, *[left("Breda", answer=Answer("price", words="Te duur.")) for _ in range(10)], *[left()] * 20)
        db.session.add(
            Investment(
                name="Wachtruimte", amount=Decimal(50_000), starts_on=AUGUST, effect_low=0.1, effect_high=0.2,
                created_at=now(), reasons=[InvestmentReason(reason_id=reason_id("premises"))],
            )
        )  # fmt: skip
        db.session.commit()


@pytest.mark.usefixtures("garage")
def test_the_three_sentences_and_the_voices(sign_in: SignIn) -> None:
    page = sign_in("manager").get(QUARTER).get_data(as_text=True)
    assert "60 of 60 customers left in the third quarter of 2026" in page
    assert "An estimated €6,000 of lifetime value left with them." in page
    assert "“Rude staff” costs most: about €4," in page
    assert "None of the €50,000 you invest goes to it." in page
    assert page.count("<blockquote") == 3
    assert page.count("Afgesnauwd aan balie") == 3
    assert "Te duur." not in page
    # three small pictures, and the reasons in two widths
    assert page.count('<svg role="img"') == 5


@pytest.mark.usefixtures("garage")
def test_other_is_no_cause_to_put_money_into(app: Flask, sign_in: SignIn) -> None:
    """The most tick "Other": what is named, and held against the money, is the first that names a cause."""
    with app.app_context(), writing():
        add(*[left(answer=Answer("other", words="Lang verhaal.")) for _ in range(60)])
        db.session.commit()
    client = sign_in("manager")
    page = client.get(QUARTER).get_data(as_text=True)
    assert "Apart from “Other”, “Rude staff” costs most: about €" in page
    assert "Lang verhaal." not in page
    assert "Apart from “Other”, “Rude staff” is the most common reason" in client.get(
        QUARTER.replace("/?", "/breakdown?") + "&order=count"
    ).get_data(as_text=True)


@pytest.mark.usefixtures("garage")
def test_a_manager_of_one_branch_sees_only_that_branch(app: Flask, sign_in: SignIn) -> None:
    with app.app_context():
        breda, utrecht = branch_id("Breda"), branch_id("Utrecht")
    client = sign_in("manager", branches=(breda,))
    page = client.get(QUARTER).get_data(as_text=True)
    assert "10 of 10 customers left" in page
    assert "Afgesnauwd" not in page
    assert "“Price” costs most" in page
    assert client.get(f"{QUARTER}&branch={utrecht}").status_code == 400


@pytest.mark.usefixtures("garage")
def test_an_address_that_makes_no_sense_is_answered_in_words(sign_in: SignIn) -> None:
    answer = sign_in("manager").get("/?period=yesterday")
    assert answer.status_code == 400
    assert "This view cannot be shown" in answer.get_data(as_text=True)


@pytest.mark.usefixtures("garage")
def test_who_calls_customers_sees_no_figures(sign_in: SignIn) -> None:
    assert "customers left" not in sign_in("interviewer").get(QUARTER).get_data(as_text=True)


@pytest.mark.usefixtures("garage")
def test_looking_twice_changes_nothing(sign_in: SignIn) -> None:
    client = sign_in("manager")
    first, second = (client.get(QUARTER).get_data(as_text=True) for _ in range(2))
    assert first.count("<svg") == second.count("<svg")


def test_nobody_answered_yet(app: Flask, sign_in: SignIn) -> None:
    with app.app_context(), writing():
        add(left(), left())
    page = sign_in("manager").get(QUARTER).get_data(as_text=True)
    assert "2 of 2 customers left" in page
    assert "The reasons stand here as soon as somebody answers." in page


def test_money_may_go_to_the_reason_that_costs_most(app: Flask, sign_in: SignIn) -> None:
    with app.app_context(), writing():
        add(*[left(answer=Answer("rude_staff")) for _ in range(30)])
        aimed = [InvestmentReason(reason_id=reason_id(code)) for code in ("rude_staff", "premises")]
        db.session.add(
            Investment(
                name="Training", amount=Decimal(40_000), starts_on=AUGUST, effect_low=0.1, effect_high=0.2,
                created_at=now(), reasons=aimed,
            )
        )  # fmt: skip
        db.session.commit()
    page = sign_in("manager").get(QUARTER).get_data(as_text=True)
    assert "50% of what you invest goes to it: €20,000 of €40,000." in page
