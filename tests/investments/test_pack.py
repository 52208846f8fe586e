"""The decision pack: what it says, who sees it, and that it reads the same afterwards, less what was erased."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, update

from survey.accounts.models import AuditEntry, User
from survey.database import writing
from survey.extensions import db
from survey.investments import pack, register
from survey.reports.period import Period
from survey.responses.models import Response
from tests.investments.business import QUARTER, SAID, business, check
from tests.investments.shop import entry, fill

SignIn = Callable[..., FlaskClient]
PAGE = "/pack/2026-Q2"


@pytest.fixture
def garage(app: Flask, posts_need_no_token: None) -> None:
    """Rudeness was trained away; price costs most; most money goes to the premises."""
    business(app)


@pytest.mark.usefixtures("garage")
def test_what_it_says(app: Flask, sign_in: SignIn) -> None:
    check(app)
    page = sign_in("manager").get(PAGE).get_data(as_text=True)
    assert "What would you stop paying for on Monday?" in page
    assert "Put no more money into “Renovation”." in page
    assert "“Price” costs most: about €" in page
    assert "None of the €905,000 you invest goes to it." in page
    assert "24 of 64 customers left in the second quarter of 2026." in page
    assert "37.5% left, after 25.6% in the quarter before: no clear difference." in page
    assert "About €48,000 was lost, after €44,000 in the quarter before." in page
    assert page.count("<blockquote") == 5
    assert "Cannot pay back." in page
    assert "Worked." in page
    assert page.count('<svg role="img"') == 6


@pytest.mark.usefixtures("garage")
def test_the_money_that_can_still_be_stopped_is_told_apart(app: Flask, sign_in: SignIn) -> None:
    with app.app_context(), writing():
        register.add(entry("Coffee corner", "premises", "0", yearly_cost=Decimal(9000)), None)
        db.session.commit()
    check(app)
    page = sign_in("manager").get(PAGE).get_data(as_text=True)
    assert "Stop paying for “Coffee corner”, and put no more money into “Renovation”." in page


@pytest.mark.usefixtures("garage")
def test_before_any_check_it_says_so(sign_in: SignIn) -> None:
    page = sign_in("manager").get(PAGE).get_data(as_text=True)
    assert "No investment has been checked yet, so it cannot be said what to stop paying for." in page


def test_without_customers_it_says_what_will_stand_here(sign_in: SignIn) -> None:
    page = sign_in("administrator").get("/pack").get_data(as_text=True)
    assert "It begins with your customers and their visits." in page


@pytest.mark.usefixtures("garage")
def test_not_yours(sign_in: SignIn, client: FlaskClient) -> None:
    tied, interviewer = sign_in("manager", branches=(1,)), sign_in("interviewer")
    for path in ("/pack", PAGE):
        assert tied.get(path).status_code == interviewer.get(path).status_code == 403
        assert client.get(path).status_code == 302
    assert tied.post("/pack/mail", data={"wanted": "1"}).status_code == 403
    assert "/pack" not in tied.get("/breakdown").get_data(as_text=True)


@pytest.mark.parametrize("name", ["2026-Q5", "2026-Q0", "1999-Q1", "x", "2099-Q1", "2026-Q3x"])
def test_no_such_quarter(name: str, sign_in: SignIn) -> None:
    assert sign_in("manager").get(f"/pack/{name}").status_code == 404


@pytest.mark.usefixtures("garage")
def test_once_kept_it_reads_the_same_in_both_languages(app: Flask, sign_in: SignIn) -> None:
    check(app)
    keep(app)
    client = sign_in("manager")
    before = [article(client, code) for code in ("en", "nl")]
    assert before[0] != before[1]
    assert "“Price”" in before[0]
    with app.app_context(), writing():
        fill("Lochem")
        register.remove(register.standing()[0], None)
        db.session.commit()
    assert [article(client, code) for code in ("en", "nl")] == before
    keep(app)
    assert [article(client, code) for code in ("en", "nl")] == before


@pytest.mark.usefixtures("garage")
def test_words_of_somebody_erased_go_from_a_kept_pack(app: Flask, sign_in: SignIn) -> None:
    keep(app)
    client = sign_in("manager")
    assert SAID in client.get(PAGE).get_data(as_text=True)
    with app.app_context(), writing():
        kept = pack.stored(QUARTER)
        assert kept is not None
        assert SAID not in str(kept.payload)
        db.session.execute(update(Response).values(words=None, masked_words=None))
        db.session.commit()
    page = client.get(PAGE).get_data(as_text=True)
    assert SAID not in page
    assert page.count("These words were erased") == 5


@pytest.mark.usefixtures("garage")
def test_a_quarter_nobody_left_in_is_not_kept(app: Flask) -> None:
    with app.app_context():
        assert pack.in_languages(Period(date(2024, 1, 1), date(2024, 3, 31))) is None


@pytest.mark.usefixtures("posts_need_no_token")
def test_asking_for_it_by_mail_and_not_any_more(app: Flask, sign_in: SignIn) -> None:
    client = sign_in("analyst")
    for data, wanted in (({"wanted": "1"}, True), ({"wanted": "1"}, True), ({}, False)):
        assert client.post("/pack/mail", data=data).status_code == 303
        with app.app_context():
            assert db.session.scalars(select(User.wants_pack).where(User.name == "analyst")).one() is wanted
    with app.app_context():
        assert db.session.query(AuditEntry).filter_by(action="pack by mail changed").count() == 3
    assert "Mail it to me every quarter" in client.get("/pack").get_data(as_text=True)


@pytest.mark.parametrize(
    ("day", "name"),
    [
        (date(2026, 10, 1), "2026-Q3"), (date(2026, 12, 31), "2026-Q3"), (date(2027, 1, 1), "2026-Q4"),
        (date(2026, 3, 31), "2025-Q4"), (date(2026, 4, 1), "2026-Q1"),
    ],
)  # fmt: skip
def test_the_quarter_that_was_over_last(day: date, name: str) -> None:
    found = pack.last_quarter(day)
    assert pack.name_of(found) == name
    assert pack.quarter_named(name) == found
    assert pack.quarters(day)[0] == name
    assert len(set(pack.quarters(day))) == 8


def keep(app: Flask) -> None:
    with app.app_context(), writing():
        payload = pack.in_languages(QUARTER)
        assert payload is not None
        pack.keep(QUARTER, payload)
        db.session.commit()


def article(client: FlaskClient, code: str) -> str:
    return client.get(f"{PAGE}?lang={code}").get_data(as_text=True).split("<article")[1].split("</article>")[0]
