"""The rate of a segment, of all or within a branch, and teams side by side: who sees what, and when it says nothing."""

import csv
import io
import re
from collections.abc import Callable
from datetime import date, timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from survey.customers.models import Customer, Employee
from survey.database import writing
from survey.defections import definitions
from survey.defections.definitions import Draft
from survey.extensions import db
from survey.jobs.models import Job
from survey.jobs.tasks import figures as task
from survey.jobs.tasks import recount
from survey.reports.models import StoredFigure
from survey.reports.rate.figures import stored
from survey.reports.rate.scopes import scope_of, segments_stored
from tests import stories
from tests.reports.rate_shop import Life, add

SignIn = Callable[..., FlaskClient]
MONTH = timedelta(days=30)
TEAMS = {"East": ("Ada", "Bob", "Cas"), "West": ("Dan", "Eva", "Fred"), "Alone": ("Gus",)}


def people(branch: str, segment: str, team: str, staying: int = 12, leaving: int = 8) -> list[Life]:
    """Customers of the last three years, served by the members of a team in turn; some left in the past year."""
    last = date.today() - timedelta(days=1)
    begin, more = last - 36 * MONTH, (("segment", segment),)
    lives = []
    for n in range(staying + leaving):
        served = {"branch": branch, "team": team, "served_by": TEAMS[team][n % len(TEAMS[team])], "more": more}
        if n < staying:
            lives.append(Life((begin, last - 14 * MONTH, last - 8 * MONTH, last), **served))
        else:
            stop = last - (5 + n % 8) * MONTH
            lives.append(Life((begin, stop), ((stop, stop + 4 * MONTH, None),), **served))
    return lives


@pytest.fixture
def shop(app: Flask) -> dict[str, int]:
    """Two segments in two branches, served by two teams and somebody alone; gives the keys of the branches."""
    with app.app_context(), writing():
        add(
            *people("Breda", "gold", "East", 30),
            *people("Breda", "plain", "East", 24),
            *people("Breda", "plain", "Alone"),
        )
        add(*people("Utrecht", "gold", "West", 6, 4), *people("Utrecht", "plain", "West", 30, 20))
        task.run()
        return {name: stories.branch(name).id for name in ("Breda", "Utrecht")}


def headline(page: str) -> str:
    found = re.search(r"<h1>(.*?)</h1>", page)
    assert found is not None
    return found[1]


def test_segments_of_all_and_of_branches_have_figures_of_their_own(app: Flask, shop: dict[str, int]) -> None:
    with app.app_context():
        assert segments_stored(None) == ["gold", "plain"]
        assert segments_stored(shop["Breda"]) == ["gold", "plain"]
        # Ten customers are too few.
        assert segments_stored(shop["Utrecht"]) == ["plain"]
        parts = [stored(scope_of(None, name)) for name in ("gold", "plain")]
        assert sum(part.customers for part in parts) == stored("").customers
        left = [month.rated.left for month in stored("").months]
        assert [sum(months) for months in zip(*([m.rated.left for m in p.months] for p in parts), strict=True)] == left


def test_the_page_of_a_segment(sign_in: SignIn, shop: dict[str, int]) -> None:
    manager = sign_in("manager")
    page = manager.get("/rate?segment=gold").text
    assert "Segment: gold." in page
    assert "<option selected>gold</option>" in page
    assert headline(page) != headline(manager.get("/rate").text)
    both = manager.get(f"/rate?branch={shop['Breda']}&segment=gold").text
    assert "Branch: Breda." in both
    assert "Segment: gold." in both
    text = manager.get("/rate/months.csv?segment=gold").get_data().decode("utf-8-sig")
    last = [row for row in csv.DictReader(io.StringIO(text)) if not row["state"]][-1]
    assert headline(page).startswith(f"{last['left']} of {last['customers at risk']}")


@pytest.mark.parametrize("query", ["segment=none", "branch={Utrecht}&segment=gold"])
def test_a_segment_without_figures_is_said(sign_in: SignIn, shop: dict[str, int], query: str) -> None:
    answer = sign_in("manager").get(f"/rate?{query.format(**shop)}")
    assert answer.status_code == 400
    assert "Of this segment there are no figures" in answer.text


def test_who_is_tied_to_a_branch_sees_its_segments_only(sign_in: SignIn, shop: dict[str, int]) -> None:
    tied = sign_in("manager", branches=(shop["Utrecht"],))
    assert tied.get("/rate?segment=gold").status_code == 400
    page = tied.get("/rate?segment=plain").text
    assert "Branch: Utrecht." in page
    assert "Segment: plain." in page


def test_figures_of_a_segment_that_is_gone_are_forgotten(app: Flask, shop: dict[str, int]) -> None:
    with app.app_context(), writing():
        for who in db.session.scalars(select(Customer).where(Customer.segment == "gold")):
            who.segment = "plain"
        db.session.commit()
        task.run()
        assert segments_stored(None) == []
        scopes = set(db.session.scalars(select(StoredFigure.scope).where(StoredFigure.name == "rate")))
        assert scopes == {"", *(scope_of(key) for key in shop.values())}


def test_teams_stand_beside_each_other_by_name(app: Flask, sign_in: SignIn, shop: dict[str, int]) -> None:
    with app.app_context():
        found = stored("")
        assert found.team_names == ["East", "West"]
        assert sorted(unit.key for unit in found.teams.units) == [1, 2]
    page = sign_in("analyst").get("/rate").text
    assert page.index("Each dot is a team") < page.index("Each dot is an employee")
    assert "A team of fewer than three is not shown" in page
    assert "Alone" not in page


def test_one_team_is_compared_with_nobody(app: Flask, shop: dict[str, int]) -> None:
    with app.app_context(), writing():
        for who in db.session.scalars(select(Employee)):
            who.team = "East"
        db.session.commit()
        task.run()
        assert stored("").teams is None
        assert stored("").employees is not None


def test_figures_of_before_there_were_teams_can_be_read(app: Flask, sign_in: SignIn, shop: dict[str, int]) -> None:
    with app.app_context(), writing():
        row = db.session.scalars(select(StoredFigure).where(StoredFigure.scope == "")).one()
        row.payload = {name: part for name, part in row.payload.items() if name not in ("teams", "team_names")}
        db.session.commit()
    assert sign_in("manager").get("/rate").status_code == 200


def own_definition(segment: str, days: int) -> int:
    """A definition of its own for a segment, from three months ago on; gives its key."""
    draft = Draft(f"Of {segment}", "lapse", {"days": days}, segment, date.today() - 3 * MONTH)
    made = definitions.revise(draft, None)
    db.session.commit()
    return made.id


def test_the_break_is_marked_for_the_segment_whose_definition_changed(
    app: Flask, sign_in: SignIn, shop: dict[str, int]
) -> None:
    with app.app_context(), writing():
        own_definition("gold", 90)
    manager = sign_in("manager")
    marked = "The upright line marks another definition: Of gold, version 1, on "
    assert marked in manager.get("/rate?segment=gold").text
    assert "The upright line marks" not in manager.get("/rate?segment=plain").text
    assert re.search(f"{marked}[^.]* for gold[.]", manager.get("/rate").text)
    assert " for gold" not in manager.get("/rate?segment=gold").text


def test_a_segment_is_counted_again_under_its_own_definition_first(
    app: Flask, sign_in: SignIn, shop: dict[str, int]
) -> None:
    with app.app_context(), writing():
        own = own_definition("gold", 200)
    analyst = sign_in("analyst")
    page = analyst.get("/rate?segment=gold").text
    for segment, name in (("gold", "Of gold"), ("plain", "Standard")):
        offered = analyst.get(f"/rate?segment={segment}").text.split('name="definition"')[1]
        assert re.findall(r"<option[^>]*>([^<]*), version", offered)[0] == name
    action = re.findall(r'action="(/rate/recount[^"]*)"', page)[0].replace("&amp;", "&")
    token = re.findall(r'name="csrf_token" [^>]*value="([^"]+)"', page)[0]
    answer = analyst.post(action, data={"csrf_token": token, "definition": str(own)})
    there = answer.headers["Location"]
    assert (answer.status_code, "segment=gold" in there, f"under={own}" in there) == (303, True, True)
    assert "The counting is in the queue" in analyst.get(there).text
    wrong = analyst.post("/rate/recount?segment=none", data={"csrf_token": token, "definition": str(own)})
    assert wrong.status_code == 400


def test_the_count_of_a_segment_is_shown_beside_its_months(app: Flask, sign_in: SignIn, shop: dict[str, int]) -> None:
    with app.app_context(), writing():
        own = own_definition("gold", 200)
        recount.run(Job(arguments={"definition_id": own}))
        months = {scope: stored(scope, f"rate_under:{own}").months for scope in ("segment:gold", "segment:plain", "")}
    left = {scope: [month.left for month in each] for scope, each in months.items()}
    assert [a + b for a, b in zip(left["segment:gold"], left["segment:plain"], strict=True)] == left[""]
    assert sum(left["segment:gold"]) > 0
    manager, query = sign_in("manager"), f"segment=gold&under={own}"
    page = manager.get(f"/rate?{query}").text
    assert "The dotted line is that count, under Of gold, version 1, with what was known on" in page
    assert f'name="under" value="{own}"' in page
    text = manager.get(f"/rate/months.csv?{query}").get_data().decode("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(text)))
    told = {row["from"]: float(row["rate under one definition"]) for row in rows if row["rate under one definition"]}
    rates = {month.first.isoformat(): month.left / month.at_risk for month in months["segment:gold"] if month.at_risk}
    assert told == {row["from"]: pytest.approx(rates[row["from"]], abs=1e-6) for row in rows if row["from"] in rates}
    assert any(told.values())
    tied = sign_in("manager", branches=(shop["Breda"],)).get(f"/rate?{query}").text
    assert "The dotted line is that count, under Of gold" in tied
    assert "Recount under one definition" not in tied
