"""The register of what is processed: complete by the tables themselves, true by what holds, and who may read it."""

import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

import pytest
import time_machine
from flask import Flask
from flask.testing import FlaskClient

from survey import create_app
from survey.customers.keeping import DEFAULTS
from survey.customers.models import RightsRequest
from survey.database import Base, writing
from survey.extensions import db
from survey.invitations.links import answer_link
from survey.rights.answered import Request, month_later
from survey.rights.register import REGISTER, mail_goes_to
from tests import stories
from tests.engines import settings_for
from tests.reading import text_of

SignIn = Callable[..., FlaskClient]

#: columns that hold something of a person, or words about one, wherever they stand
PERSONAL = {
    "name", "email", "phone", "card_id", "external_id", "words", "masked_words", "whys", "note", "text", "value",
    "source", "address_digest", "digest", "terms", "fields", "user_id", "owner",
}  # fmt: skip
#: tables with such a column, or that lead to a person, in which nothing is of a person
NOT_OF_PEOPLE = {
    "branch": "names of branches",
    "role": "names of roles",
    "questionnaire": "names of questionnaires",
    "buying_model": "figures of whole groups of customers",
    "theme": "words that the answers of a group have in common",
    "stored_figure": "names of figures",
    "script_line": "what interviewers say to everybody",
    "watch": "figures of all answers of a day",
}


def of_customers() -> set[str]:
    """Tables that lead to a customer, however long the way."""
    found = {"customer"}
    while True:
        more = {
            table.name
            for table in Base.metadata.sorted_tables
            if {key.column.table.name for key in table.foreign_keys} & found or "customer_id" in table.columns
        }
        if more <= found:
            return found
        found |= more


def of_users() -> set[str]:
    """Tables that name a user or an employee."""
    tables = Base.metadata.sorted_tables
    named = {"user_account", "employee"}
    return named | {table.name for table in tables if {key.column.table.name for key in table.foreign_keys} & named}


def test_every_table_with_something_of_a_person_is_in_the_register() -> None:
    by_column = {table.name for table in Base.metadata.sorted_tables if PERSONAL & set(table.columns.keys())}
    named = {table for entry in REGISTER for table in entry.tables}
    assert of_customers() | of_users() | by_column - set(NOT_OF_PEOPLE) == named
    assert set(NOT_OF_PEOPLE) & named == set()
    assert named <= set(Base.metadata.tables)


def test_no_table_stands_twice_and_every_period_is_told() -> None:
    tables = [table for entry in REGISTER for table in entry.tables]
    assert len(tables) == len(set(tables))
    assert {kind for entry in REGISTER for kind in entry.kinds} == set(DEFAULTS)


@pytest.mark.sqlite
def test_every_page_that_shows_it_exists_and_somebody_may_open_it(app: Flask, sign_in: SignIn) -> None:
    missing = {page for entry in REGISTER for page in entry.pages} - set(app.view_functions)
    assert missing == set()
    assert "In this program: ; " not in text_of(sign_in("administrator").get("/privacy-register"))


@pytest.mark.sqlite
def test_where_mail_goes_is_told_without_its_password(app: Flask, sign_in: SignIn, tmp_path: Any) -> None:
    assert "Mail is written to a folder" in text_of(sign_in("administrator").get("/privacy-register"))
    url = f"sqlite:///{tmp_path / 'none.db'}"
    other = create_app(settings_for(tmp_path, url, mail_url="smtps://me:secret@mail.example.org:465"))
    assert mail_goes_to(other.settings) == "mail.example.org"  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("day", "later"),
    [
        ("2026-01-31", "2026-02-28"),
        ("2028-01-31", "2028-02-29"),
        ("2026-12-15", "2027-01-15"),
        ("2026-05-01", "2026-06-01"),
    ],
)
def test_a_month_is_one_by_the_calendar(day: str, later: str) -> None:
    assert month_later(date.fromisoformat(day)) == date.fromisoformat(later)


def test_late_is_what_took_or_takes_more_than_the_month() -> None:
    def late(done: date | None, today: date) -> bool:
        return Request("C1", "erase", "person", date(2026, 5, 10), done).is_late(today)

    assert not late(date(2026, 6, 10), date(2027, 1, 1))
    assert late(date(2026, 6, 11), date(2027, 1, 1))
    assert not late(None, date(2026, 6, 10))
    assert late(None, date(2026, 6, 11))


@pytest.fixture
def asked(app: Flask) -> int:
    """Four requests: done in time, done late, open, and one of another branch that is late. Gives the first branch."""
    with app.app_context(), writing():
        here, there = stories.branch("Utrecht"), stories.branch("Zwolle")
        mine = stories.customer(external_id="MINE", branch_id=here.id)
        other = stories.customer(external_id="OTHER", branch_id=there.id)
        for who, on, done in (
            (mine, date(2026, 1, 5), date(2026, 1, 6)),
            (mine, date(2026, 2, 5), date(2026, 3, 6)),
            (mine, date(2026, 5, 20), None),
            (other, date(2026, 4, 1), None),
        ):
            ended = datetime(done.year, done.month, done.day, 12, tzinfo=UTC) if done else None
            request = {"kind": "erase" if who is other else "export", "asked_by": "person", "done_at": ended}
            at = datetime(on.year, on.month, on.day, 12, tzinfo=UTC)
            db.session.add(RightsRequest(customer_id=who.id, asked_at=at, **request))
        db.session.commit()
        return here.id


def test_requests_stand_with_whether_they_were_done_in_time(sign_in: SignIn, asked: int) -> None:
    with time_machine.travel(datetime(2026, 6, 1, 9, tzinfo=UTC), tick=False):
        page = text_of(sign_in("administrator").get("/privacy-register"))
        tied = text_of(sign_in("administrator", branches=(asked,)).get("/privacy-register"))
    assert "4 requests about one's own data were made; 1 done within a month, 1 open, 2 late." in page
    assert "until 20 Jun 2026" in page
    assert "no: not done yet" in page
    assert "OTHER" in page
    assert "3 requests about one's own data were made; 1 done within a month, 1 open, 1 late." in tied
    assert "OTHER" not in tied


@pytest.mark.parametrize(("page", "status"), [("1", 200), ("2", 404), ("0", 400), ("x", 400)])
def test_a_page_that_is_not_there_is_said_so(sign_in: SignIn, page: str, status: int) -> None:
    assert sign_in("administrator").get(f"/privacy-register?page={page}").status_code == status


@pytest.mark.sqlite
@pytest.mark.parametrize("role", ["manager", "analyst", "interviewer"])
def test_only_administrators_read_the_register(sign_in: SignIn, role: str) -> None:
    assert sign_in(role).get("/privacy-register").status_code == 403


@pytest.mark.sqlite
@pytest.mark.parametrize(
    ("language", "title"), [("nl", "Wat er met uw gegevens gebeurt"), ("en", "What happens with your data")]
)
def test_anybody_reads_what_happens_with_their_data(client: FlaskClient, language: str, title: str) -> None:
    answer = client.get(f"/privacy?lang={language}")
    page = text_of(answer)
    assert f"<h1>{title}</h1>" in page
    assert "Set-Cookie" not in answer.headers
    told = [entry for entry in REGISTER if entry.is_told]
    assert page.count("<h3>") == len(told) > 5
    assert client.get("/privacy?lang=xx").status_code == 200
    assert client.post("/privacy").status_code == 405


@pytest.mark.sqlite
def test_the_form_leads_there(app: Flask, client: FlaskClient) -> None:
    with app.app_context(), writing():
        asked = stories.invitation().id
        db.session.commit()
        link = answer_link(asked)
    way = re.search(r'href="(/privacy[^"]*)"', text_of(client.get(f"{link}?lang=nl")))
    assert way
    own = re.search(r'href="(/my-data/[^"]*)"', text_of(client.get(way[1])))
    assert own
    assert client.get(own[1]).status_code == 200
    for odd in ("x", "../..", "", "a" * 5000):
        assert "/my-data/" not in text_of(client.get("/privacy", query_string={"of": odd}))
