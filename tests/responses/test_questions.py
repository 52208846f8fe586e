"""Further questions: shown to whom they are meant for, checked, and stored as they were answered."""

import re
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from survey.clock import now
from survey.database import writing
from survey.defections.models import WalletAnswer
from survey.extensions import db
from survey.invitations.asked import asked
from survey.invitations.models import Invitation
from survey.responses.answering import How, take
from survey.responses.forms import Answer
from survey.responses.models import Response, ResponseAnswer, ResponseReason
from tests.responses.sheets import OF_EVERY_KIND, both, choices, invite_to, link_of, publish

REQUIRED: list[dict[str, Any]] = [
    {"key": "one", "kind": "one", "required": True, "choices": choices("left", "right"), **both("Which?")},
    {"key": "many", "kind": "many", "required": True, "choices": choices("up", "down"), **both("What?")},
    {"key": "scale", "kind": "scale", "required": True, **both("How likely?")},
    {"key": "short", "kind": "short", "required": True, **both("Where?")},
    {"key": "follow", "kind": "short", "required": True, "after": "errors", **both("Which errors?")},
]


@pytest.fixture
def link(app: Flask) -> str:
    """A form with a further question of every kind."""
    return asked_of(app, OF_EVERY_KIND)


def asked_of(app: Flask, questions: list[dict[str, Any]]) -> str:
    with app.app_context(), writing():
        return link_of(invite_to(publish(questions)))


def answers(app: Flask) -> list[tuple[str, str, int | None, int | None, str | None]]:
    with app.app_context():
        table = ResponseAnswer
        query = select(table.question, table.choice, table.position, table.number, table.words).order_by(table.id)
        return [tuple(row) for row in db.session.execute(query)]


def count(app: Flask) -> int:
    with app.app_context():
        return len(db.session.scalars(select(Response.id)).all())


def shown_choices(page: str, name: str) -> list[str]:
    return re.findall(rf'name="q-{name}" value="([a-z]+)"', page)


def test_a_follow_up_stands_under_its_reason_and_no_other(client: FlaskClient, link: str) -> None:
    page = client.get(link).text

    under = {
        code: re.findall(r'name="q-(\w+)"', rest.split("</div>\n<div", 1)[0])
        for code, rest in re.findall(r'id="reason-(\w+)"(.*?)(?=<div class="pick">|</fieldset>\s*<details)', page, re.S)
    }
    assert set(under["price"]) == {"against"}
    assert set(under["rude_staff"]) == {"moment"}
    assert under["errors"] == []
    assert ".follow{display:none" in page
    assert ":checked+.option+.follow{display:block}" in page


def test_every_kind_is_stored_with_the_place_that_was_seen(app: Flask, client: FlaskClient, link: str) -> None:
    shown = shown_choices(client.get(link).text, "against")
    assert sorted(shown) == ["before", "none", "rival", "worth"]
    assert shown[-1] == "none"

    sent = client.post(
        link,
        data={
            "reason": "price", "q-against": "worth", "q-missed": ["speed", "advice"], "q-likely": "0",
            "q-visits": " 7 ", "q-else": " It was\r\nfine. ", "q-moment": "not asked of me",
        },
    )  # fmt: skip

    assert sent.status_code == 303
    assert answers(app) == [
        ("against", "worth", shown.index("worth") + 1, None, None),
        ("missed", "speed", 1, None, None),
        ("missed", "advice", 3, None, None),
        ("likely", "", None, 0, None),
        ("visits", "", None, 7, None),
        ("else", "", None, None, "It was\nfine."),
    ]
    with app.app_context():
        (wallet,) = db.session.scalars(select(WalletAnswer))
        assert (wallet.with_us, wallet.out_of) == (7, 10)


def test_what_is_left_open_has_no_row(app: Flask, client: FlaskClient, link: str) -> None:
    sent = client.post(link, data={"reason": "errors", "q-visits": " ", "q-else": "", "q-moment": "elsewhere"})

    assert sent.status_code == 303
    assert answers(app) == []
    with app.app_context():
        assert db.session.scalars(select(WalletAnswer)).all() == []


@pytest.mark.parametrize(
    "wrong", ["11", "-1", "1e3", "NaN", "\u0663", "5.0", "+5", "0x5", "1000000000000", "five", "-"]
)
@pytest.mark.parametrize("name", ["q-likely", "q-visits"])
def test_a_number_that_is_none_is_given_back(app: Flask, client: FlaskClient, link: str, name: str, wrong: str) -> None:
    back = client.post(link, data={"reason": "price", "q-else": "kept", "q-against": "rival", name: wrong})

    assert back.status_code == 422
    assert "Give a whole number from 0 to 10" in back.text
    assert f'href="#{name}"' in back.text
    assert "kept</textarea>" in back.text
    assert re.search(r'value="rival" checked', back.text)
    assert count(app) == 0


@pytest.mark.parametrize(("name", "wrong"), [("q-against", "speed"), ("q-missed", "rival"), ("q-missed", "-")])
def test_a_choice_that_is_not_in_the_list_is_given_back(
    app: Flask, client: FlaskClient, link: str, name: str, wrong: str
) -> None:
    back = client.post(link, data={"reason": "price", name: wrong, "words": "kept"})

    assert back.status_code == 422
    assert "Choose from the list only." in back.text
    assert "kept</textarea>" in back.text
    assert count(app) == 0


@pytest.mark.parametrize(("name", "fits"), [("q-else", 10_000), ("q-moment", 300)])
def test_texts_fit_up_to_their_length(app: Flask, client: FlaskClient, link: str, name: str, fits: int) -> None:
    back = client.post(link, data={"reason": "rude_staff", name: "é" * (fits + 1)})
    assert back.status_code == 422
    assert f"{fits + 1:,}" in back.text
    assert "é" * (fits + 1) in back.text

    assert client.post(link, data={"reason": "rude_staff", name: "é" * fits}).status_code == 303
    assert [len(row[4] or "") for row in answers(app)] == [fits]


def test_only_what_must_be_answered_is_asked_again(app: Flask, client: FlaskClient) -> None:
    link = asked_of(app, REQUIRED)

    back = client.post(link, data={"reason": "price", "q-one": "left"})

    assert back.status_code == 422
    assert re.findall(r'<li><a href="#(q-\w+)">', back.text) == ["q-many", "q-scale", "q-short"]
    assert re.search(r'value="left" checked', back.text)
    assert count(app) == 0


def test_what_must_be_answered_may_be_kept_to_oneself(app: Flask, client: FlaskClient) -> None:
    link = asked_of(app, REQUIRED)
    assert client.get(link).text.count("I would rather not say") == len(REQUIRED) + 1

    declined = {"reason": "-", "q-one": "-", "not-many": "y", "q-scale": "-", "not-short": "y"}
    assert client.post(link, data=declined).status_code == 303

    assert answers(app) == []
    with app.app_context():
        (response,) = db.session.scalars(select(Response))
        assert response.reason_count == 0
        assert db.session.scalars(select(ResponseReason)).all() == []


def test_rather_not_say_leaves_room_for_what_else_played_a_part(app: Flask, client: FlaskClient, link: str) -> None:
    assert client.post(link, data={"reason": "-", "also": ["price", "other"]}).status_code == 303

    with app.app_context():
        assert db.session.scalars(select(Response.reason_count)).all() == [2]
        assert set(db.session.scalars(select(ResponseReason.main))) == {False}


def test_fields_that_come_twice_count_once(app: Flask, client: FlaskClient, link: str) -> None:
    twice = {"reason": "price", "q-visits": ["3", "4"], "q-missed": ["speed", "speed"], "q-against": ["worth", "rival"]}

    assert client.post(link, data=twice).status_code == 303
    assert [(row[0], row[1], row[3]) for row in answers(app)] == [
        ("against", "worth", None), ("missed", "speed", None), ("visits", "", 3),
    ]  # fmt: skip


def test_the_language_can_be_switched_with_everything_filled_in(client: FlaskClient, link: str) -> None:
    filled = {"reason": "price", "q-against": "rival", "q-visits": "12", "q-else": "bewaar", "q-missed": "advice"}

    switched = client.post(link, data={"lang": "en", "switch": "nl"} | filled).text

    assert "Too expensive compared with what? (nl)" in switched
    assert "bewaar</textarea>" in switched
    assert re.search(r'name="q-visits" value="12"', switched)
    for code in ("price", "rival", "advice"):
        assert re.search(rf'value="{code}" checked', switched)


def test_text_typed_shows_as_text(client: FlaskClient, link: str) -> None:
    hostile = '"><script>alert(1)</script></textarea>{{7*7}}'
    fields = ("q-against", "q-missed", "q-likely", "q-visits", "q-else", "q-moment", "at")

    back = client.post(link, data={"reason": "rude_staff"} | dict.fromkeys(fields, hostile))

    assert back.status_code == 422
    assert "<script" not in back.text
    assert "{{7*7}}" in back.text


def test_how_long_it_took_counts_from_the_first_look(app: Flask, client: FlaskClient, link: str) -> None:
    with time_machine.travel(now(), tick=False) as clock:
        page = client.get(link).text
        clock.shift(30)
        back = client.post(link, data={"at": shown_at(page), "q-likely": "11", "reason": "price"}).text
        assert shown_at(back) == shown_at(page)
        clock.shift(45)
        client.post(link, data={"at": shown_at(back), "reason": "price"})

    with app.app_context():
        assert db.session.scalars(select(Response.seconds_taken)).all() == [75]


@pytest.mark.parametrize("stamp", ["", "1", "1.2.3", "\x00", "é" * 50])
def test_a_time_that_is_not_ours_is_not_known(app: Flask, client: FlaskClient, link: str, stamp: str) -> None:
    assert client.post(link, data={"at": stamp, "reason": "price"}).status_code == 303
    with app.app_context():
        assert db.session.scalars(select(Response.seconds_taken)).all() == [None]


def test_over_a_day_is_no_time_spent_on_a_form(app: Flask, client: FlaskClient, link: str) -> None:
    with time_machine.travel(now(), tick=False) as clock:
        page = client.get(link).text
        clock.shift(timedelta(days=1, seconds=1))
        client.post(link, data={"at": shown_at(page), "reason": "price"})
    with app.app_context():
        assert db.session.scalars(select(Response.seconds_taken)).all() == [None]


def shown_at(page: str) -> str:
    found = re.search(r'name="at" value="([^"]*)"', page)
    assert found
    return found[1]


@pytest.mark.usefixtures("context")
def test_an_answer_by_phone_says_who_took_it(app: Flask) -> None:
    invitation = invite_to(publish(OF_EVERY_KIND), channel="phone")
    person = asked(invitation.id)
    assert person

    assert take(person, Answer("price", (), "", False, "nl"), How("phone", None, 240))
    assert not take(person, Answer("other", (), "", False, "nl"))

    (response,) = db.session.scalars(select(Response))
    assert (response.channel, response.language, response.seconds_taken) == ("phone", "nl", 240)
    assert db.session.scalars(select(Invitation.started_at)).one() is not None


def test_a_form_with_a_follow_up_for_every_reason_still_fits(app: Flask) -> None:
    reasons = ("price", "rude_staff", "errors", "competitor", "inconvenience", "broken_promises", "pushy_sales")
    questions = [
        {"key": f"after_{code}", "kind": "one", "after": code, "shuffled": True, **both("What was it about exactly?"),
         "choices": choices("first", "second", "third", "fourth")}
        for code in reasons
    ]  # fmt: skip
    link = asked_of(app, questions)

    packed = FlaskClient(app, app.response_class).get(link, headers={"Accept-Encoding": "gzip"})

    assert packed.headers["Content-Encoding"] == "gzip"
    assert "Accept-Encoding" in packed.headers["Vary"]
    assert len(packed.data) < 15_000
