"""The form: what it shows, what it takes, what it gives back."""

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select

from survey.clock import now
from survey.database import writing
from survey.extensions import db
from survey.invitations.links import ANSWER, OPT_OUT, token_for
from survey.invitations.models import Invitation, Mailing
from survey.questionnaires.models import QuestionnaireVersion
from survey.questionnaires.versions import Version
from survey.responses.models import Response, ResponseReason
from survey.taxonomy.models import Reason
from tests.invitations.people import Left, invite

Ask = Callable[..., str]


@pytest.fixture
def ask(app: Flask) -> Ask:
    """Invite somebody and give the path of their link."""

    def make(**more: object) -> str:
        with app.app_context(), writing():
            return f"/a/{token_for(ANSWER, invite(Left(**more)).id)}"  # type: ignore[arg-type]

    return make


def stored(app: Flask) -> list[Response]:
    with app.app_context():
        return list(db.session.scalars(select(Response)))


def rows(app: Flask) -> tuple[int, ...]:
    """How many rows of everything an answer touches."""
    with app.app_context():
        states = select(func.count()).select_from(Invitation).where(Invitation.state == "open")
        counts = [select(func.count()).select_from(table) for table in (Response, ResponseReason, Mailing)]
        return tuple(db.session.scalar(query) for query in (states, *counts))


def reasons_in(page: str) -> list[str]:
    return re.findall(r'type="radio" name="reason" id="[^"]*" value="([a-z_]+)"', page)


def test_it_names_the_relation_and_lists_every_reason_in_the_persons_own_order(client: FlaskClient, ask: Ask) -> None:
    page = client.get(ask(invitation={"order_seed": 5})).text

    assert "You came to us from 2021 to March" in page
    shown = reasons_in(page)
    assert len(shown) == 12
    assert shown[-2:] == ["circumstances", "other"]
    again = client.get(ask(invitation={"order_seed": 5})).text
    other = client.get(ask(invitation={"order_seed": 6})).text
    assert reasons_in(again) == shown
    assert reasons_in(other) != shown


def test_it_is_small_and_has_no_script(client: FlaskClient, ask: Ask) -> None:
    answer = client.get(ask())

    assert len(answer.data) < 15_000
    assert b"<script" not in answer.data
    assert b"http" not in answer.data
    assert re.findall("<link[^>]*>", answer.text) == ['<link rel="icon" href="data:,">']
    nonce = re.search(r"'nonce-([^']+)'", answer.headers["Content-Security-Policy"])
    assert nonce
    assert f'<style nonce="{nonce[1]}">' in answer.text
    assert "Set-Cookie" not in answer.headers
    assert answer.headers["Cross-Origin-Opener-Policy"] == "unsafe-none"  # see `responses.web.ease`


def test_an_answer_is_stored_whole_and_thanked_for(app: Flask, client: FlaskClient, ask: Ask) -> None:
    link = ask(invitation={"order_seed": 9}, mailings=2)
    shown = reasons_in(client.get(link).text)

    also = ["rude_staff", "price", "other"]
    words = " Too dear.\r\nSorry. "
    sent = client.post(link, data={"reason": "price", "also": also, "words": words, "contact": "y"})

    assert sent.status_code == 303
    assert "Your answer is read by the people" in client.get(sent.location).text
    (response,) = stored(app)
    assert response.words == "Too dear.\nSorry."
    assert response.has_words
    assert response.may_contact
    assert response.language == "en"
    assert response.shown_order == shown
    assert response.reason_count == 3
    with app.app_context():
        query = select(Reason.code, ResponseReason.main, ResponseReason.position).join(Reason)
        ticked = {code: (main, position) for code, main, position in db.session.execute(query)}
        assert ticked == {
            "price": (True, shown.index("price") + 1),
            "rude_staff": (False, shown.index("rude_staff") + 1),
            "other": (False, 12),
        }
        assert db.session.scalars(select(Invitation.state)).all() == ["answered"]
        assert set(db.session.scalars(select(Mailing.state))) == {"cancelled"}


def test_a_second_answer_hears_that_we_have_it_and_changes_nothing(app: Flask, client: FlaskClient, ask: Ask) -> None:
    link = ask()
    client.post(link, data={"reason": "price", "words": "first"})

    second = client.post(link, data={"reason": "other", "words": "second"})

    assert second.status_code == 200
    assert "We have your answer" in second.text
    assert "We have your answer" in client.get(link).text
    assert [response.words for response in stored(app)] == ["first"]


def test_without_a_reason_the_form_comes_back_with_everything_typed(app: Flask, client: FlaskClient, ask: Ask) -> None:
    link = ask()

    back = client.post(link, data={"also": "errors", "words": "Long\nstory <b>", "contact": "y"})

    assert back.status_code == 422
    assert "Choose the reason that mattered most." in back.text
    assert "\nLong\nstory &lt;b&gt;</textarea>" in back.text
    assert re.search(r'name="also" value="errors" checked', back.text)
    assert re.search(r'name="contact" value="y" checked', back.text)
    assert stored(app) == []


@pytest.mark.parametrize("wrong", ["11", "-1", "1e3", "NaN", "\u0663", "price ", "PRICE", "\x00", "../etc"])
def test_what_is_not_in_the_list_is_refused(app: Flask, client: FlaskClient, ask: Ask, wrong: str) -> None:
    link = ask()

    assert client.post(link, data={"reason": wrong, "words": "kept"}).status_code == 422
    back = client.post(link, data={"reason": "price", "also": wrong, "words": "kept"})
    assert back.status_code == 422
    assert "kept</textarea>" in back.text
    assert stored(app) == []


def test_ten_thousand_characters_fit_and_one_more_is_refused_with_the_count(
    app: Flask, client: FlaskClient, ask: Ask
) -> None:
    link = ask()

    back = client.post(link, data={"reason": "price", "words": "é" * 10_001})
    assert back.status_code == 422
    assert "10,001" in back.text
    assert "é" * 10_001 in back.text

    assert client.post(link, data={"reason": "price", "words": "é" * 10_000}).status_code == 303
    assert [len(response.words or "") for response in stored(app)] == [10_000]


def test_line_ends_of_a_browser_count_once(app: Flask, client: FlaskClient, ask: Ask) -> None:
    assert client.post(ask(), data={"reason": "price", "words": "a\r\n" * 5_000}).status_code == 303


def test_fields_that_are_not_ours_are_ignored(app: Flask, client: FlaskClient, ask: Ask) -> None:
    extra = {"is_admin": "1", "customer_id": "999", "score": "10", "category": "x", "language": "fr", "created_at": "0"}

    sent = client.post(ask(), data={"reason": ["price", "other"]} | extra)

    assert sent.status_code == 303
    (response,) = stored(app)
    assert (response.language, response.reason_count) == ("en", 1)


def test_the_language_can_be_switched_and_the_text_stays(app: Flask, client: FlaskClient, ask: Ask) -> None:
    link = ask()
    assert '<html lang="en">' in client.get(link).text
    assert 'href="?lang=nl' in client.get(link).text
    assert "Wat was de belangrijkste reden?" in client.get(f"{link}?lang=nl").text

    switched = client.post(link, data={"lang": "en", "switch": "nl", "reason": "price", "words": "bewaar mij"})

    assert switched.status_code == 200
    assert '<html lang="nl">' in switched.text
    assert "bewaar mij</textarea>" in switched.text
    assert re.search(r'value="price" checked', switched.text)
    assert stored(app) == []
    client.post(link, data={"lang": "nl", "reason": "price"})
    assert [response.language for response in stored(app)] == ["nl"]


def test_a_reason_in_the_address_is_only_preselected(app: Flask, client: FlaskClient, ask: Ask) -> None:
    link = ask()
    before = rows(app)

    assert re.search(r'value="competitor" checked', client.get(f"{link}?reason=competitor").text)
    assert " checked>" not in client.get(f"{link}?reason=nonsense").text
    assert 'href="?lang=nl&amp;reason=competitor"' in client.get(f"{link}?reason=competitor").text
    assert rows(app) == before


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS", "PUT", "TRACE", "DELETE", "PATCH"])
def test_nothing_but_a_post_changes_anything(app: Flask, client: FlaskClient, ask: Ask, method: str) -> None:
    link = ask()
    stop = f"/stop/{link_token(app, OPT_OUT)}"
    before = rows(app)

    for path in (link, f"{link}?reason=price&words=x", stop, f"{link}/thanks"):
        assert client.open(path, method=method).status_code in (200, 302, 405)

    assert rows(app) == before


def link_token(app: Flask, purpose: str) -> str:
    with app.app_context():
        return token_for(purpose, db.session.scalars(select(Invitation.id)).one())


@pytest.mark.parametrize("state", ["opted_out", "withdrawn", "skipped"])
def test_a_closed_invitation_gets_a_neutral_page(app: Flask, client: FlaskClient, ask: Ask, state: str) -> None:
    why = {"skipped_because": "no_address"} if state == "skipped" else {}
    link = ask(invitation={"state": state, **why})

    for answer in (client.get(link), client.post(link, data={"reason": "price"})):
        assert answer.status_code == 410
        assert "This link no longer opens a form" in answer.text
        assert "Jan" not in answer.text
    assert stored(app) == []


def test_an_expired_link_is_closed_and_five_minutes_are_forgiven(client: FlaskClient, ask: Ask) -> None:
    assert client.get(ask(invitation={"expires_at": now_minus(minutes=6)})).status_code == 410
    assert client.get(ask(invitation={"expires_at": now_minus(minutes=4)})).status_code == 200


def now_minus(**ago: float) -> object:
    return now() - timedelta(**ago)


@pytest.mark.parametrize("gone", ["erased_at", "opted_out_at"])
def test_erased_and_opted_out_people_are_not_asked(client: FlaskClient, ask: Ask, gone: str) -> None:
    link = ask(customer={gone: now_minus(days=1), "name": None, "email": None})

    assert client.get(link).status_code == 410
    assert client.post(link, data={"reason": "price"}).status_code == 410


def test_text_shows_as_text(client: FlaskClient, ask: Ask) -> None:
    hostile = '<script>alert(1)</script>"><img src=x onerror=alert(1)></textarea>{{7*7}}'

    back = client.post(ask(), data={"reason": hostile, "words": hostile, "lang": hostile, "also": hostile})

    assert back.status_code == 422
    assert "<script" not in back.text
    assert "<img" not in back.text
    assert "{{7*7}}" in back.text


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "https://evil.example"},
    ],
)
def test_a_post_from_another_site_gets_the_form_back(
    app: Flask, client: FlaskClient, ask: Ask, headers: dict[str, str]
) -> None:
    back = client.post(ask(), data={"reason": "price", "words": "typed"}, headers=headers)

    assert back.status_code == 422
    assert "typed</textarea>" in back.text
    assert stored(app) == []


@pytest.mark.parametrize(
    "headers", [{}, {"Sec-Fetch-Site": "same-origin"}, {"Origin": "http://127.0.0.1"}, {"Origin": "null"}]
)
def test_a_post_from_our_own_page_is_taken(client: FlaskClient, ask: Ask, headers: dict[str, str]) -> None:
    base = "http://127.0.0.1"
    assert client.post(ask(), base_url=base, data={"reason": "price"}, headers=headers).status_code == 303


def test_the_default_questionnaire_reads_as_a_version(context: None) -> None:
    version = Version.of(db.session.scalars(select(QuestionnaireVersion.content)).one())

    assert len(version.codes) == 12
    assert version.text("nl", "send") == "Versturen"
