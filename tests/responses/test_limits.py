"""What strangers, programs and broken browsers send, and what they get."""

import threading
from collections import Counter
from io import BytesIO

import pytest
import time_machine
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from survey.clock import now
from survey.database import writing
from survey.extensions import db
from survey.invitations.links import ANSWER, OPT_OUT, token_for
from survey.invitations.models import Invitation
from survey.responses import views
from survey.responses.models import Response
from tests.invitations.people import Left, invite

FORM = "application/x-www-form-urlencoded"


@pytest.fixture
def link(app: Flask) -> str:
    with app.app_context(), writing():
        return f"/a/{token_for(ANSWER, invite(Left(invitation={'order_seed': 1})).id)}"


def answers(app: Flask) -> list[Response]:
    with app.app_context():
        return list(db.session.scalars(select(Response)))


@pytest.mark.parametrize("token", ["x", "MQ.abc", "a" * 10_000, "%00", "%ff%fe", "é", "MQ", ".", "=" * 50])
def test_links_that_are_not_ours_get_the_same_page(client: FlaskClient, token: str) -> None:
    english = {"Accept-Language": "en"}
    sent = {"reason": "price"}
    for answer in (
        client.get(f"/a/{token}", headers=english),
        client.post(f"/a/{token}", data=sent, headers=english),
        client.get(f"/stop/{token}?lang=en"),
    ):
        assert answer.status_code == 404
        assert "We do not know this link" in answer.text


def test_a_link_of_an_invitation_that_is_not_there_is_unknown(app: Flask, client: FlaskClient) -> None:
    with app.app_context():
        token = token_for(ANSWER, 999_999)
    assert client.get(f"/a/{token}").status_code == 404


def test_a_link_for_one_thing_does_not_open_the_other(app: Flask, client: FlaskClient, link: str) -> None:
    assert client.post(f"/stop/{link.removeprefix('/a/')}").status_code == 404
    with app.app_context():
        stop = token_for(OPT_OUT, db.session.scalars(select(Invitation.id)).one())
    assert client.get(f"/a/{stop}").status_code == 404


def test_padding_a_link_gives_no_second_answer(app: Flask, client: FlaskClient, link: str) -> None:
    codes = [client.post(link + more, data={"reason": "price"}).status_code for more in ("", "=", "==")]
    assert codes[0] == 303
    assert set(codes[1:]) <= {200, 404}
    assert len(answers(app)) == 1


def test_guessing_links_is_slowed_down_and_ours_still_open(
    client: FlaskClient, link: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(views, "WRONG_LINKS", 5)
    with time_machine.travel(now(), tick=False):
        spoofed = [{"X-Forwarded-For": f"10.0.0.{n}"} for n in range(8)]
        codes = [client.get(f"/a/guess-{n}", headers=headers).status_code for n, headers in enumerate(spoofed)]
        assert codes == [404] * 5 + [429] * 3
        assert client.get("/a/guess").headers["Retry-After"]
        assert client.get(link).status_code == 200


def test_a_body_that_is_too_large_is_refused(app: Flask, client: FlaskClient, link: str) -> None:
    room = 256 * 1024 - len("reason=price&words=")
    fits = client.post(link, data=f"reason=price&words={'a' * room}", content_type=FORM)
    assert fits.status_code == 422
    assert client.post(link, data=f"reason=price&words={'a' * (room + 1)}", content_type=FORM).status_code == 413
    assert answers(app) == []


@pytest.mark.parametrize(("size", "status"), [(256 * 1024 + 1, 413), (50_000, 422), (20, 422)])
def test_a_body_in_chunks_is_limited_too(app: Flask, client: FlaskClient, link: str, size: int, status: int) -> None:
    body = b"words=" + b"a" * (size - 6)
    chunked = {"wsgi.input": BytesIO(body), "wsgi.input_terminated": True, "HTTP_TRANSFER_ENCODING": "chunked"}
    sent = client.post(link, content_type=FORM, environ_overrides=chunked)
    assert sent.status_code == status
    assert answers(app) == []


@pytest.mark.parametrize(
    "cookie", ["session=garbage.x.y", "session=a; session=b", "language=\xff", "session=" + "a" * 8000]
)
def test_broken_cookies_do_not_matter(client: FlaskClient, link: str, cookie: str) -> None:
    assert client.get(link, headers={"Cookie": cookie}).status_code == 200
    assert client.post(link, data={"reason": "price"}, headers={"Cookie": cookie}).status_code == 303


def test_too_many_fields_are_refused(app: Flask, client: FlaskClient, link: str) -> None:
    assert client.post(link, data="reason=price" + "&a=" * 40_000, content_type=FORM).status_code == 413
    assert client.post(link, data="reason=price" + "&also=other" * 99, content_type=FORM).status_code == 303
    assert answers(app)[0].reason_count == 2


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ('{"reason": "price"}', "application/json"),
        ("reason=price", "text/plain"),
        ("reason=price", None),
        (
            '--x\r\nContent-Disposition: form-data; name="reason"\r\n\r\nprice\r\n--x--',
            "multipart/form-data; boundary=x",
        ),
        ("--x", "multipart/form-data; boundary=x; boundary=y"),
    ],
)
def test_what_is_not_a_form_is_refused(app: Flask, client: FlaskClient, link: str, body: str, kind: str | None) -> None:
    assert client.post(link, data=body, content_type=kind).status_code == 415
    assert answers(app) == []


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        (b"a%00b", "ab"),
        (b"%ed%a0%80x", "\ufffd\ufffd\ufffdx"),
        (b"%e2%80%aeabc%e2%80%ac", "abc"),
        (b"a%e2%80%8bb%ef%bb%bf", "ab"),
        (b"%ff%feabc", "\ufffd\ufffdabc"),
        (b"\xff\xfeabc", "\ufffd\ufffdabc"),
        ("e" + "\u0301" * 500, "é" + "\u0301" * 4),
        ("👨‍👩‍👧 👍🏽", "👨‍👩‍👧 👍🏽"),
        ("שלום مرحبا", "שלום مرحبا"),
        ("a\u2028b\r\nc\rd", "a\nb\nc\nd"),
        ("tab\tstays\x07", "tab\tstays"),
        ("\u0000", None),
    ],
)
def test_odd_characters_are_stored_clean(
    app: Flask, client: FlaskClient, link: str, typed: bytes | str, kept: str | None
) -> None:
    if isinstance(typed, bytes):
        sent = client.post(link, data=b"reason=price&words=" + typed, content_type=FORM)
    else:
        sent = client.post(link, data={"reason": "price", "words": typed})

    assert sent.status_code == 303
    (response,) = answers(app)
    assert response.words == kept
    assert response.has_words is (kept is not None)


@pytest.mark.parametrize("name", ["lang", "reason", "also", "contact", "switch", "words", "\x00", "%ff"])
def test_no_bytes_in_any_field_make_it_fail(client: FlaskClient, link: str, name: str) -> None:
    for value in (b"%ff%00%ed%a0%80", b"\xff", b"%", b"%zz", b"%e2%80%ae" * 20):
        sent = client.post(link, data=name.encode() + b"=" + value, content_type=FORM)
        assert sent.status_code in (200, 303, 422)


@pytest.mark.parametrize("query", ["lang=xx", "lang=%ff", "reason=%00", "reason=" + "a" * 3000, "lang=nl&lang=en", "%"])
def test_no_address_makes_it_fail(client: FlaskClient, link: str, query: str) -> None:
    assert client.get(f"{link}?{query}").status_code == 200


def test_twenty_answers_at_once_are_one(app: Flask, link: str) -> None:
    codes: list[int] = []
    together = threading.Barrier(20)

    def post() -> None:
        client = app.test_client()
        together.wait()
        codes.append(client.post(link, data={"reason": "price", "words": "x"}).status_code)

    threads = [threading.Thread(target=post) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert Counter(codes) == {303: 1, 200: 19}
    (response,) = answers(app)
    assert response.reason_count == 1
