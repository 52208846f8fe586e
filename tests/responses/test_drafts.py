"""Saving for later: nothing is required, any device goes on from there, and nothing stays once it is over."""

import re
import threading
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from survey.clock import now
from survey.database import writing
from survey.extensions import db
from survey.invitations.links import OPT_OUT, token_for
from survey.invitations.models import Invitation
from survey.responses.models import Response, ResponseAnswer, ResponseDraft
from survey.rights.retention import forget_some
from tests.responses.sheets import OF_EVERY_KIND, invite_to, link_of, publish

#: also what could never be sent: a number that is none, a list with something else in it
FILLED = {"q-visits": "twelve", "q-missed": ["speed", "nonsense"], "q-else": "Half a\r\nstory <b>", "contact": "y"}


@pytest.fixture
def link(app: Flask) -> str:
    with app.app_context(), writing():
        return link_of(invite_to(publish(OF_EVERY_KIND)))


def drafts(app: Flask) -> list[dict[str, list[str]]]:
    with app.app_context():
        return list(db.session.scalars(select(ResponseDraft.fields)))


def started(app: Flask) -> bool:
    with app.app_context():
        return db.session.scalars(select(Invitation.started_at)).one() is not None


def test_what_is_saved_comes_back_on_another_device(app: Flask, client: FlaskClient, link: str) -> None:
    sent = client.post(link, data={"save": "y", "lang": "nl", "at": "x", "is_admin": "1"} | FILLED)

    assert sent.status_code == 303
    assert "Bewaard voor later" in client.get(sent.location).text
    (fields,) = drafts(app)
    assert set(fields) == set(FILLED)
    page = app.test_client().get(link).text
    assert '<html lang="nl">' in page
    assert "\nHalf a\nstory &lt;b&gt;</textarea>" in page
    assert 'value="twelve"' in page
    assert re.search(r'name="q-missed" value="speed" checked', page)
    assert re.search(r'name="contact" value="y" checked', page)
    with app.app_context():
        assert db.session.scalars(select(Response)).all() == []


def test_saving_again_takes_the_place_of_what_was_saved(app: Flask, client: FlaskClient, link: str) -> None:
    client.post(link, data={"save": "y"} | FILLED)
    client.post(link, data={"save": "y", "reason": "price"})

    assert drafts(app) == [{"reason": ["price"]}]


def test_a_reason_tapped_in_a_later_mail_goes_before_the_saved_one(client: FlaskClient, link: str) -> None:
    client.post(link, data={"save": "y", "reason": "price", "words": "saved"})

    page = client.get(f"{link}?reason=competitor").text

    assert re.search(r'value="competitor" checked', page)
    assert not re.search(r'value="price" checked', page)
    assert "saved</textarea>" in page


def test_sending_ends_the_draft(app: Flask, client: FlaskClient, link: str) -> None:
    client.post(link, data={"save": "y", "reason": "price"})
    assert client.post(link, data={"reason": "price", "q-visits": "3"}).status_code == 303

    assert drafts(app) == []
    assert client.post(link, data={"save": "y", "reason": "other"}).status_code == 200
    assert drafts(app) == []
    with app.app_context():
        assert db.session.scalars(select(ResponseAnswer.number)).all() == [3]


@pytest.mark.parametrize("data", [{"save": "y"}, {"switch": "nl"}, {"reason": "nonsense"}, {"reason": "price"}])
def test_the_first_post_is_where_somebody_started(
    app: Flask, client: FlaskClient, link: str, data: dict[str, str]
) -> None:
    for method in ("GET", "HEAD", "OPTIONS"):
        client.open(link, method=method)
    client.post(link, data=data, headers={"Sec-Fetch-Site": "cross-site"})
    assert not started(app)

    client.post(link, data=data)
    assert started(app)


def test_a_link_that_saved_nothing_shows_the_form(client: FlaskClient, link: str) -> None:
    assert client.get(f"{link}/saved").location == link


@pytest.mark.parametrize("change", [{"state": "withdrawn"}, {"expires_at": now() - timedelta(days=1)}])
def test_of_what_is_over_only_an_empty_row_stays(
    app: Flask, client: FlaskClient, link: str, change: dict[str, object]
) -> None:
    client.post(link, data={"save": "y"} | FILLED)
    with app.app_context(), writing():
        assert forget_some("drafts", 60) == 0
        for name, value in change.items():
            setattr(db.session.scalars(select(Invitation)).one(), name, value)
        db.session.flush()
        assert forget_some("drafts", 60) == 1
        assert forget_some("drafts", 60) == 0
        db.session.commit()

    assert drafts(app) == [{}]
    assert client.get(link).status_code == 410
    assert client.get(f"{link}/saved").status_code == 302


def test_who_wants_to_be_left_alone_leaves_nothing(app: Flask, client: FlaskClient, link: str) -> None:
    client.post(link, data={"save": "y"} | FILLED)
    with app.app_context():
        stop = token_for(OPT_OUT, db.session.scalars(select(Invitation.id)).one())
    client.post(f"/stop/{stop}")

    assert drafts(app) == [{}]


def test_no_bytes_make_saving_fail(app: Flask, client: FlaskClient, link: str) -> None:
    odd = b"save=y&q-else=%00%ed%a0%80&q-%00x=%ff&words=%e2%80%aeabc"
    assert client.post(link, data=odd, content_type="application/x-www-form-urlencoded").status_code == 303
    assert client.get(link).status_code == 200


def test_saving_twenty_times_at_once_is_one_draft(app: Flask, link: str) -> None:
    together, codes = threading.Barrier(20), []

    def post(number: int) -> None:
        client = app.test_client()
        together.wait()
        codes.append(client.post(link, data={"save": "y", "words": f"try {number}"}).status_code)

    threads = [threading.Thread(target=post, args=(n,)) for n in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert codes == [303] * 20
    assert len(drafts(app)) == 1


def test_five_hundred_looks_and_a_scanner_change_nothing_and_one_person_answers(
    app: Flask, client: FlaskClient, link: str
) -> None:
    """Clients that open a link, one that reads every link of the page and submits nothing, and who was asked."""

    def rows() -> dict[str, list[object]]:
        with app.app_context():
            tables = [t for t in db.metadata.sorted_tables if t.name not in ("tries",)]
            return {t.name: [tuple(row) for row in db.session.execute(select(t))] for t in tables}

    before = rows()
    faults: list[int] = []

    def look(numbers: range) -> None:
        browser = app.test_client()
        for n in numbers:
            answer = browser.open(link, method=("GET", "HEAD", "OPTIONS")[n % 3])
            faults.extend([answer.status_code] if answer.status_code != 200 else [])

    threads = [threading.Thread(target=look, args=(range(n, 500, 8),)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    page = client.get(link).text
    for found in re.findall(r'(?:href|action)="([^"]+)"', page):
        if not found.startswith("data:"):
            client.get(link + found.replace("&amp;", "&") if found.startswith("?") else found)
    assert faults == []
    assert rows() == before

    assert client.post(link, data={"reason": "price"}).status_code == 303
    with app.app_context():
        assert len(db.session.scalars(select(Response.id)).all()) == 1
