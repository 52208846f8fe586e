"""The form in a browser, in both languages: questions that follow a reason, saving, going on elsewhere, sending."""

import threading
from collections.abc import Iterator

import pytest
from flask import Flask
from playwright.sync_api import Browser
from sqlalchemy import select
from werkzeug.serving import make_server

from survey.database import writing
from survey.extensions import db
from survey.responses.models import Response, ResponseAnswer
from tests.pages.looking import axe_faults, sticks_out
from tests.responses.sheets import OF_EVERY_KIND, invite_to, link_of, publish

pytestmark = [pytest.mark.browser, pytest.mark.sqlite, pytest.mark.xdist_group("pages")]

WORDS = {"nl": ("Bewaren voor later", "Bewaard voor later"), "en": ("Save for later", "Saved for later")}


@pytest.fixture
def link(app: Flask) -> Iterator[str]:
    """A form with a question of every kind, served."""
    with app.app_context(), writing():
        path = link_of(invite_to(publish(OF_EVERY_KIND)))
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.port}{path}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.parametrize("language", ["nl", "en"])
def test_saved_on_one_device_and_sent_from_another(app: Flask, chromium: Browser, link: str, language: str) -> None:
    phone = chromium.new_context(viewport={"width": 360, "height": 780}).new_page()
    phone.goto(f"{link}?lang={language}")
    follow = phone.locator("#q-against")
    assert not follow.is_visible()
    phone.locator("#reason-price").check()
    assert follow.is_visible()
    assert axe_faults(phone) == []
    assert sticks_out(phone) == []
    follow.locator("input").first.check()
    phone.locator("#q-visits").fill("4")
    save, saved = WORDS[language]
    phone.get_by_role("button", name=save).click()
    assert phone.locator("h1").inner_text() == saved
    assert axe_faults(phone) == []
    phone.context.close()

    desk = chromium.new_context(java_script_enabled=False).new_page()
    desk.goto(link)
    assert desk.locator("html").get_attribute("lang") == language
    assert desk.locator("#reason-price").is_checked()
    assert desk.locator("#q-visits").input_value() == "4"
    desk.locator("button.send").click()
    desk.wait_for_url("**/thanks*")
    desk.context.close()

    with app.app_context():
        assert len(db.session.scalars(select(Response.id)).all()) == 1
        assert set(db.session.scalars(select(ResponseAnswer.question))) == {"against", "visits"}
