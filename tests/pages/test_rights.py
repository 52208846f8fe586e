"""Seeing what is held, taking a copy and being forgotten, in a browser, in both languages."""

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from zipfile import ZipFile

import pytest
from flask import Flask
from playwright.sync_api import Browser, Page
from werkzeug.serving import make_server

from survey.database import writing
from survey.extensions import db
from survey.invitations.links import MY_DATA, token_for
from tests.pages.looking import axe_faults, sticks_out
from tests.rights.canary import WORDS, answer_of, canary, everywhere, traces

pytestmark = [pytest.mark.browser, pytest.mark.sqlite, pytest.mark.xdist_group("pages")]

#: the copy, the way to be forgotten, doing it, and what stands there afterwards
SAID = {
    "nl": ("Kopie downloaden", "wis wat zegt wie ik ben", "Voorgoed wissen", "Hier staat niet meer wie u bent"),
    "en": ("Download a copy", "erase what says who I am", "Erase it for good", "Nothing here says who you are"),
}


@pytest.fixture
def link(app: Flask) -> Iterator[str]:
    """The own link of somebody with rows everywhere, served."""
    with app.app_context(), writing():
        who = canary()
        everywhere(who)
        db.session.commit()
        path = f"/my-data/{token_for(MY_DATA, answer_of(who).id)}"
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.port}{path}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.parametrize(("language", "width"), [("nl", 360), ("en", 360), ("nl", 1280), ("en", 1280)])
def test_from_seeing_to_being_forgotten(
    app: Flask,
    chromium: Browser,
    link: str,
    tmp_path: Path,
    picture: Callable[[Page], None],
    language: str,
    width: int,
) -> None:
    copy, way, doing, after = SAID[language]
    page = chromium.new_context(viewport={"width": width, "height": 800}).new_page()

    def is_fine() -> None:
        picture(page)
        assert axe_faults(page) + sticks_out(page) == []

    page.goto(f"{link}?lang={language}")
    assert page.locator("html").get_attribute("lang") == language
    is_fine()
    with page.expect_download() as download:
        page.get_by_role("button", name=copy).click()
    download.value.save_as(tmp_path / "copy.zip")
    with ZipFile(tmp_path / "copy.zip") as archive:
        archive.extractall(tmp_path)
        inside = [name for name in archive.namelist() if name.endswith(".html")]
    page.goto((tmp_path / inside[0]).as_uri())
    assert [word for word in WORDS if word not in page.content()] == []
    is_fine()

    page.goto(f"{link}?lang={language}")
    page.get_by_role("link", name=way).click()
    is_fine()
    page.get_by_role("button", name=doing).click()
    assert page.locator("h1").inner_text() == after
    is_fine()
    page.context.close()
    with app.app_context():
        assert traces() == []
