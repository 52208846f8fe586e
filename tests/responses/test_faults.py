"""The database is busy, full or away while somebody sends an answer: nothing typed is lost."""

import re
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from html import unescape
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event, select, text
from sqlalchemy.exc import OperationalError

from survey.database import writing
from survey.extensions import db
from survey.invitations.links import ANSWER, token_for
from survey.responses import views
from survey.responses.models import Response, ResponseReason
from tests.invitations.people import invite

TYPED = {"lang": "en", "reason": "price", "also": ["errors", "other"], "words": "Too\n<b>dear</b>", "contact": "y"}


@pytest.fixture
def link(app: Flask) -> str:
    with app.app_context(), writing():
        return f"/a/{token_for(ANSWER, invite().id)}"


def count(app: Flask) -> int:
    with app.app_context():
        return len(db.session.scalars(select(Response)).all())


def kept(page: str) -> dict[str, Any]:
    """What the form of this page would send."""
    hidden = re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', page)
    words = re.search(r"<textarea[^>]*>\n(.*?)</textarea>", page, re.DOTALL)
    assert words
    also = [value for name, value in hidden if name == "also"]
    return dict(hidden) | {"also": also, "words": unescape(words[1])}


@contextmanager
def gate_held(app: Flask) -> Iterator[None]:
    """Somebody else is writing, and does not stop."""
    with app.app_context():
        gate = db.engine.dialect.gate  # type: ignore[attr-defined]
        before, gate.seconds = gate.seconds, 0.2
        held, done = threading.Event(), threading.Event()

        def hold() -> None:
            gate.acquire(1)
            held.set()
            done.wait()
            gate.release(1)

        thread = threading.Thread(target=hold)
        thread.start()
        held.wait()
        try:
            yield
        finally:
            done.set()
            thread.join()
            gate.seconds = before


@contextmanager
def disk_full(app: Flask) -> Iterator[None]:
    """SQLite may not add a page to its file, nor has it a free one in it."""
    with app.app_context():
        file = str(db.engine.url.database)
        db.engine.dispose()
        with closing(sqlite3.connect(file)) as raw:
            raw.execute("VACUUM")

        def limit(connection: Any) -> None:
            raw = connection.connection.dbapi_connection
            pages = raw.execute("PRAGMA page_count").fetchone()[0]
            raw.execute(f"PRAGMA max_page_count={pages}")

        event.listen(db.engine, "begin", limit)
        try:
            yield
        finally:
            event.remove(db.engine, "begin", limit)
            db.engine.dispose()


@pytest.mark.sqlite
def test_a_writer_that_does_not_stop_costs_nobody_their_text(app: Flask, client: FlaskClient, link: str) -> None:
    with gate_held(app):
        refused = client.post(link, data=TYPED)
        assert client.get(link).status_code == 200

    assert refused.status_code == 503
    assert refused.headers["Retry-After"]
    assert kept(refused.text) == TYPED
    assert count(app) == 0
    assert client.post(link, data=kept(refused.text)).status_code == 303
    assert count(app) == 1


@pytest.mark.sqlite
def test_a_full_disk_costs_nobody_their_text_and_needs_no_restart(app: Flask, client: FlaskClient, link: str) -> None:
    long = TYPED | {"words": "x" * 9_000}
    with disk_full(app):
        refused = client.post(link, data=long)

    assert refused.status_code == 503
    assert kept(refused.text) == long
    assert count(app) == 0
    with app.app_context():
        assert db.session.scalar(text("PRAGMA integrity_check")) == "ok"
    assert client.post(link, data=kept(refused.text)).status_code == 303


def test_a_database_that_cannot_even_be_read_costs_nobody_their_text(
    app: Flask, client: FlaskClient, link: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(number: int) -> None:
        raise OperationalError("SELECT", {}, Exception("the server closed the connection"))

    with monkeypatch.context() as broken:
        broken.setattr(views, "asked", away)
        refused = client.post(link, data=TYPED)
        assert client.get(link).status_code == 503

    assert refused.status_code == 503
    assert kept(refused.text) == TYPED
    assert client.post(link, data=kept(refused.text)).status_code == 303


@pytest.mark.parametrize("sqlstate", ["40001", "40P01"])
@pytest.mark.postgresql
def test_a_conflict_is_tried_again_whole(
    app: Flask, client: FlaskClient, link: str, monkeypatch: pytest.MonkeyPatch, sqlstate: str
) -> None:
    take, tried = views.take, []

    def conflict(*arguments: Any) -> bool:
        tried.append(take(*arguments))
        if len(tried) < 3:
            error = Exception("conflict")
            error.sqlstate = sqlstate  # type: ignore[attr-defined]
            raise OperationalError("UPDATE", {}, error)
        return tried[-1]

    monkeypatch.setattr(views, "take", conflict)

    assert client.post(link, data=TYPED).status_code == 303
    assert tried == [True, True, True]
    assert count(app) == 1


def test_a_crash_between_the_parts_of_an_answer_leaves_none(
    app: Flask, client: FlaskClient, link: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as broken:
        broken.setattr(db.session, "commit", lambda: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            client.post(link, data=TYPED)

    with app.app_context():
        assert db.session.scalars(select(ResponseReason)).all() == []
    assert client.post(link, data=TYPED).status_code == 303
    assert count(app) == 1
