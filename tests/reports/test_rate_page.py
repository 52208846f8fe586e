"""The page of how many leave as people meet it: who may see what, what it says, and what it may set going."""

import csv
import io
import re
from collections.abc import Callable
from datetime import date, timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient

from survey.accounts.models import AuditEntry
from survey.database import writing
from survey.defections.models import Definition
from survey.extensions import db
from survey.jobs.models import Job
from survey.jobs.tasks import figures as task
from survey.reports.models import StoredFigure
from tests import stories
from tests.reports.rate_shop import Life, add

SignIn = Callable[..., FlaskClient]
MONTH = timedelta(days=30)


@pytest.fixture
def shop(app: Flask) -> dict[str, int]:
    """Two branches with customers of the last three years, some of whom left; gives the keys of the branches."""
    last = date.today() - timedelta(days=1)
    begin = last - 36 * MONTH
    people = []
    for branch in ("Breda", "Utrecht"):
        for who in ("Anna", "Bert"):
            people += [Life((begin, last - 8 * MONTH, last), branch=branch, served_by=who)] * 8
            for n in range(6):
                stop = last - (6 + n) * MONTH
                people.append(Life((begin, stop), ((stop, stop + 4 * MONTH, None),), branch=branch, served_by=who))
    with app.app_context(), writing():
        add(*people)
        task.run()
        return {name: stories.branch(name).id for name in ("Breda", "Utrecht")}


def token_of(page: str) -> str:
    return re.findall(r'name="csrf_token" [^>]*value="([^"]+)"', page)[0]


@pytest.mark.usefixtures("shop")
@pytest.mark.parametrize("role", ["administrator", "manager", "analyst"])
def test_readers_see_it(sign_in: SignIn, role: str) -> None:
    page = sign_in(role).get("/rate").text
    assert re.search(r"\d+ of \d+ customers left in ", page)
    assert "between" in page
    assert "Is it getting worse?" in page
    assert "Where does it stand out?" in page
    assert page.count('<svg role="img"') >= 4
    assert ("Work them out now" in page) == (role != "manager")


def test_interviewers_and_strangers_do_not(sign_in: SignIn, client: FlaskClient) -> None:
    paths = ("/rate", "/rate/months.csv")
    interviewer = sign_in("interviewer")
    assert {interviewer.get(path).status_code for path in paths} == {403}
    assert {client.get(path).status_code for path in paths} <= {302, 401}
    assert {interviewer.post(path).status_code for path in ("/rate/work", "/rate/recount")} <= {400, 403}


def test_before_it_is_worked_out_the_page_says_what_comes(app: Flask, sign_in: SignIn) -> None:
    analyst = sign_in("analyst")
    page = analyst.get("/rate").text
    assert "These figures are not worked out yet" in page
    for _twice in range(2):
        assert analyst.post("/rate/work", data={"csrf_token": token_of(page)}).status_code == 303
    with app.app_context():
        assert [job.kind for job in db.session.query(Job).all()] == ["figures"]
        assert db.session.query(AuditEntry).filter_by(action="job asked for").count() == 2
    assert "They are in the queue now." in analyst.get("/rate").text
    assert "Work them out now" not in sign_in("manager").get("/rate").text


def test_who_is_tied_to_a_branch_sees_that_branch(sign_in: SignIn, shop: dict[str, int]) -> None:
    tied = sign_in("analyst", branches=(shop["Breda"],))
    page = tied.get("/rate").text
    assert "Branch: Breda." in page
    assert "Utrecht" not in page
    assert "Work them out now" not in page
    assert tied.get(f"/rate?branch={shop['Utrecht']}").status_code == 400
    token = token_of(page) if "csrf_token" in page else ""
    assert tied.post("/rate/work", data={"csrf_token": token}).status_code == 403


def test_names_of_employees_are_for_managers(sign_in: SignIn, shop: dict[str, int]) -> None:
    assert "Anna" in sign_in("manager").get("/rate").text
    page = sign_in("analyst").get("/rate").text
    assert "Anna" not in page
    assert re.search(r"Employee \d", page)


@pytest.mark.usefixtures("shop")
@pytest.mark.parametrize("query", ["branch=999", "branch=x", "dated=never", "under=x", "under=-1"])
def test_an_unclear_address_is_answered_in_words(sign_in: SignIn, query: str) -> None:
    answer = sign_in("manager").get(f"/rate?{query}")
    assert answer.status_code == 400
    assert "How many leave" in answer.text


@pytest.mark.usefixtures("shop")
def test_dated_back_the_newest_months_are_not_known(sign_in: SignIn) -> None:
    page = sign_in("manager").get("/rate?dated=last-visit").text
    assert "came for the last time in" in page
    assert "Not known yet" in page


@pytest.mark.usefixtures("shop")
def test_page_and_file_agree(sign_in: SignIn) -> None:
    manager = sign_in("manager")
    text = manager.get("/rate/months.csv").get_data().decode("utf-8-sig")
    rows = [row for row in csv.DictReader(io.StringIO(text)) if not row["state"]]
    left, at_risk = re.search(r"<h1>(\d+) of (\d+) customers left", manager.get("/rate").text).groups()
    assert (rows[-1]["left"], rows[-1]["customers at risk"]) == (left, at_risk)


def test_a_recount_is_asked_for_once_and_drawn_when_it_is_there(
    app: Flask, sign_in: SignIn, shop: dict[str, int]
) -> None:
    analyst = sign_in("analyst")
    token = token_of(analyst.get("/rate").text)
    with app.app_context():
        definition = db.session.query(Definition).first().id
    for _twice in range(2):
        answer = analyst.post("/rate/recount", data={"csrf_token": token, "definition": str(definition)})
        assert f"under={definition}&" in answer.headers["Location"]
    for wrong in ("", "x", "99999"):
        assert analyst.post("/rate/recount", data={"csrf_token": token, "definition": wrong}).status_code == 404
    assert "The counting is in the queue" in analyst.get(f"/rate?under={definition}").text
    with app.app_context(), writing():
        jobs = db.session.query(Job).filter_by(kind="recount").all()
        assert [job.arguments for job in jobs] == [{"definition_id": definition}]
        stored = db.session.query(StoredFigure).filter_by(name="rate", scope="").one()
        months = [{"first": month["period"]["first"], "left": 1, "at_risk": 4} for month in stored.payload["months"]]
        figure = StoredFigure(
            name=f"rate_under:{definition}", scope="", as_of=stored.as_of, created_at=stored.created_at,
            payload={"definition_id": definition, "months": months},
        )  # fmt: skip
        db.session.add(figure)
        db.session.commit()
    page = analyst.get(f"/rate?under={definition}").text
    assert "The dotted line is that count, under Standard, version 1" in page
    assert "25.0%" in page


def test_a_changed_definition_is_marked(app: Flask, sign_in: SignIn, shop: dict[str, int]) -> None:
    with app.app_context(), writing():
        first = db.session.query(Definition).first()
        held = Definition(
            name=first.name, version=first.version + 1, kind="lapse", parameters={"days": 90}, segment="",
            effective_on=date.today() - 3 * MONTH, created_at=first.created_at,
        )  # fmt: skip
        db.session.add(held)
        db.session.commit()
        name, version = held.name, held.version
    page = sign_in("manager").get("/rate").text
    assert f"The upright line marks another definition: {name}, version {version}, on" in page


@pytest.mark.parametrize("days", [5, 40, 500])
def test_a_business_of_one_customer_has_a_page(app: Flask, sign_in: SignIn, days: int) -> None:
    """From its first week on, and while nobody has ever left."""
    last = date.today() - timedelta(days=1)
    with app.app_context(), writing():
        add(Life((last - timedelta(days=days), last)))
        task.run()
    manager = sign_in("manager")
    for query in ("", "?dated=last-visit"):
        assert manager.get(f"/rate{query}").status_code == 200
    assert manager.get("/rate/months.csv").status_code == 200
    if days == 500:  # noqa: PLR2004  # of the others it depends on the day of the month
        assert "0 of 1 customers left in" in manager.get("/rate").text


@pytest.mark.usefixtures("shop")
def test_reading_changes_nothing(app: Flask, sign_in: SignIn) -> None:
    manager = sign_in("manager")
    with app.app_context():
        before = db.session.query(StoredFigure.created_at).all()
    manager.get("/rate")
    with app.app_context():
        assert db.session.query(StoredFigure.created_at).all() == before
        assert db.session.query(Job).count() == 0
