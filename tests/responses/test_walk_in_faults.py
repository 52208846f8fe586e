"""The faults and inputs of the mailed form (F20, F22, F23, B01 to B19), for the form of a branch."""

from typing import Any

import pytest
import time_machine
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.exc import OperationalError

from survey.clock import now
from survey.database import writing
from survey.extensions import db
from survey.invitations.links import ANSWER, token_for
from survey.responses.models import WalkInAnswer
from survey.responses.walk_in.views import form as view
from tests.invitations.people import invite
from tests.responses.sheets import OF_EVERY_KIND, publish
from tests.responses.test_faults import disk_full, gate_held, kept
from tests.responses.test_walk_in import FORM, card_of, filled, page_of, stamp_in, stored

TYPED: dict[str, Any] = {"also": ["errors", "other"], "words": "Too\n<b>dear</b>"}


@pytest.fixture
def card(app: Flask) -> str:
    """The path of the short address of a branch, with a further question of every kind."""
    with app.app_context(), writing():
        publish(OF_EVERY_KIND)
        db.session.commit()
    return card_of(app, "Utrecht")


def words(rows: list[WalkInAnswer]) -> list[str | None]:
    return [row.words for row in rows]


# -- the database ------------------------------------------------------------------------------------------------


@pytest.mark.sqlite
@pytest.mark.parametrize(("fault", "length"), [(gate_held, 0), (disk_full, 9_000)], ids=["F23 busy", "F20 full"])
def test_what_cannot_be_stored_now_is_given_back_to_be_sent_again(
    app: Flask, client: FlaskClient, card: str, fault: Any, length: int
) -> None:
    given = filled(page_of(client, card), **TYPED | {"words": TYPED["words"] + "x" * length})
    with fault(app):
        refused = client.post(card, data=given)
    assert refused.status_code == 503
    assert refused.headers["Retry-After"]
    assert kept(refused.text) == given
    assert stored(app) == []
    for _twice in range(2):
        assert client.post(card, data=kept(refused.text)).status_code == 303
    assert words(stored(app)) == [given["words"]], "sent again, and once more, it is one answer"


def test_a_database_that_cannot_even_be_read_costs_nobody_their_text(
    app: Flask, client: FlaskClient, card: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """F22, F27."""

    def away(code: str) -> None:
        raise OperationalError("SELECT", {}, Exception("the server closed the connection"))

    given = filled(page_of(client, card), **TYPED)
    with monkeypatch.context() as broken:
        broken.setattr(view, "link_with", away)
        refused = client.post(card, data=given)
        assert client.get(card).status_code == 503
    assert refused.status_code == 503
    assert kept(refused.text) == given
    assert client.post(card, data=kept(refused.text)).status_code == 303


# -- addresses ---------------------------------------------------------------------------------------------------


def test_a_link_of_a_mail_opens_no_card_and_a_code_opens_no_mailed_form(
    app: Flask, client: FlaskClient, card: str
) -> None:
    """B04."""
    with app.app_context(), writing():
        token = token_for(ANSWER, invite().id)
    code = card.removeprefix("/b/")
    assert client.get(f"/b/{token}").status_code == 404
    for door in ("a", "stop", "my-data"):
        assert client.get(f"/{door}/{code}").status_code == 404


def test_a_stamp_of_which_one_letter_was_changed_is_not_ours(app: Flask, client: FlaskClient, card: str) -> None:
    """B03."""
    given = filled(page_of(client, card))
    stamp = str(given["at"])
    for place in range(0, len(stamp) - 1, 7):  # the last letter carries spare bits: that is padding, see B02
        other = "a" if stamp[place] != "a" else "b"
        assert client.post(card, data=given | {"at": stamp[:place] + other + stamp[place + 1 :]}).status_code == 422
    assert stored(app) == []


def test_guessing_is_slowed_down_whatever_a_header_says_of_the_network(
    client: FlaskClient, card: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """B06."""
    monkeypatch.setattr(view, "WRONG_CODES", 5)
    with time_machine.travel(now(), tick=False):
        codes = [client.get("/b/guess", headers={"X-Forwarded-For": f"10.0.0.{n}"}).status_code for n in range(8)]
    assert codes == [404] * 5 + [429] * 3


# -- fields ------------------------------------------------------------------------------------------------------


def test_fields_that_are_not_ours_and_repeated_ones_are_ignored(app: Flask, client: FlaskClient, card: str) -> None:
    """B09."""
    given = filled(page_of(client, card), reason=["price", "errors"], words=["first", "second"])
    strange = {"is_admin": "1", "customer_id": "1", "branch_link_id": "99", "created_at": "2001-01-01", "score": "10"}
    assert client.post(card, data=given | strange).status_code == 303
    (row,) = stored(app)
    assert row.words == "first"
    assert row.created_at.year > 2001


@pytest.mark.parametrize("wrong", ["11", "-1", "1e3", "NaN", "\u0663", "3.5", "9" * 400])
def test_a_number_that_is_none_is_refused(app: Flask, client: FlaskClient, card: str, wrong: str) -> None:
    """B10."""
    for name in ("q-likely", "q-visits"):
        back = client.post(card, data=filled(page_of(client, card), words="kept", **{name: wrong}))
        assert back.status_code == 422
        assert "kept</textarea>" in back.text
    assert stored(app) == []


def test_a_choice_that_was_not_offered_is_refused(app: Flask, client: FlaskClient, card: str) -> None:
    """B10."""
    for name, wrong in (("q-against", "nowhere"), ("q-missed", ["speed", "everything"]), ("reason", "PRICE")):
        assert client.post(card, data=filled(page_of(client, card)) | {name: wrong}).status_code == 422
    assert stored(app) == []


def test_ten_thousand_characters_fit_and_one_more_is_refused_with_the_count(
    app: Flask, client: FlaskClient, card: str
) -> None:
    """B11."""
    assert client.post(card, data=filled(page_of(client, card), words="x" * 10_000)).status_code == 303
    back = client.post(card, data=filled(page_of(client, card), words="x" * 10_001))
    assert back.status_code == 422
    assert "10,001 characters" in back.text
    assert [len(text or "") for text in words(stored(app))] == [10_000]


@pytest.mark.parametrize(
    "name", ["lang", "at", "reason", "also", "switch", "words", "q-likely", "q-missed", "\x00", "%ff"]
)
def test_no_bytes_in_any_field_make_it_fail(client: FlaskClient, card: str, name: str) -> None:
    """B13, B14."""
    stamp = stamp_in(page_of(client, card))
    for value in ("%ff%fe", "%00", "%ed%a0%80", "%e2%80%ae", "a" * 3_000, "%", "%%", "%zz"):
        body = f"at={stamp}&reason=price&{name}={value}".encode()
        assert client.post(card, data=body, content_type=FORM).status_code in (200, 303, 422)
        assert client.post(card, data=body + b"\xff\xfe=\x80", content_type=FORM).status_code in (200, 303, 422)


@pytest.mark.parametrize("query", ["lang=xx", "lang=%ff", "reason=%00", "reason=" + "a" * 3000, "lang=nl&lang=en", "%"])
def test_no_address_makes_it_fail(client: FlaskClient, card: str, query: str) -> None:
    assert client.get(f"{card}?{query}").status_code == 200
    assert client.get(f"{card}/thanks?{query}").status_code == 200


# -- requests ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS", "PUT", "TRACE", "DELETE", "PATCH"])
def test_nothing_but_a_post_changes_anything(app: Flask, client: FlaskClient, card: str, method: str) -> None:
    """B15."""
    given = filled(page_of(client, card))
    status = client.open(card, method=method, data=given).status_code
    assert status == (200 if method in ("GET", "HEAD", "OPTIONS") else 405)
    assert client.open(f"{card}/thanks", method="POST", data=given).status_code == 405
    assert stored(app) == []


@pytest.mark.parametrize(
    "kind",
    [None, "text/plain", "multipart/form-data; boundary=a; boundary=b", "application/json", "application/x-www-form"],
)
def test_what_is_not_a_form_is_refused(app: Flask, client: FlaskClient, card: str, kind: str | None) -> None:
    """B16."""
    body = f"at={stamp_in(page_of(client, card))}&reason=price"
    assert client.post(card, data=body, content_type=kind).status_code == 415
    assert stored(app) == []


@pytest.mark.parametrize("cookie", ["session=\xff\xfe", "session=" + "x" * 8192, "a=1; a=2; session=e30.x.y", "=;;="])
def test_broken_cookies_do_not_matter(app: Flask, client: FlaskClient, card: str, cookie: str) -> None:
    """B17."""
    headers = {"Cookie": cookie}
    page = client.get(f"{card}?lang=en", headers=headers)
    assert page.status_code == 200
    assert client.post(card, data=filled(page.text), headers=headers).status_code == 303
    assert len(stored(app)) == 1
