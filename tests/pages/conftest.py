"""A small business that has lived with Whyleft, served for real, and a browser to look at it with."""

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest
from flask import Flask
from playwright.sync_api import Browser, ConsoleMessage, Page, sync_playwright
from sqlalchemy import select
from werkzeug.serving import make_server

from survey import create_app
from survey.demo.loading import Person, load
from survey.extensions import db
from survey.invitations.links import answer_link, opt_out_link
from survey.invitations.models import Invitation
from tests import browser
from tests.engines import settings_for
from tests.pages.looking import axe_faults, sticks_out

ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"]
ARGUMENTS += ["--disable-background-networking", "--disable-component-update"]


@dataclass(frozen=True)
class Site:
    """Where the business is served, and who may sign in."""

    url: str
    people: dict[str, Person]
    #: a form to fill in and a link to be left alone, one of each for each language
    forms: dict[str, str]
    stops: dict[str, str]


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("site")
    server_of: dict[str, Flask] = {}

    def application(environ: dict[str, object], start_response: Callable[..., object]) -> Iterator[bytes]:
        # the server forgets to close an answer whose browser has gone, and a picture's file stays open
        with closing(server_of["app"](environ, start_response)) as answer:
            yield from answer

    server = make_server("127.0.0.1", 0, application, threaded=True)
    settings = settings_for(
        folder, f"sqlite:///{folder / 'whyleft.db'}", base_url=f"http://127.0.0.1:{server.port}", demo="true"
    )
    app = server_of["app"] = create_app(settings)
    # the demo is told in thirty looks over two years; two are enough to fill every page
    welcome = load(app, customers=400, looks=2)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    with app.app_context():
        still_open = select(Invitation.id).where(Invitation.state == "open", Invitation.channel == "mail")
        numbers = db.session.scalars(still_open.order_by(Invitation.id.desc()).limit(4)).all()
        forms = dict(zip(("nl", "en"), map(answer_link, numbers[:2]), strict=True))
        stops = dict(zip(("nl", "en"), map(opt_out_link, numbers[2:]), strict=True))
    yield Site(settings.base_url, {person.role: person for person in welcome.people}, forms, stops)
    server.shutdown()
    thread.join()
    server.server_close()
    with app.app_context():
        db.engine.dispose()


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=browser.found(), args=ARGUMENTS)
        yield started
        started.close()


def _fault_of(said: ConsoleMessage, page: Page) -> list[str]:
    """What the browser complains of; that a page which must not be there is not there is no complaint."""
    is_the_page_itself = said.location.get("url") == page.url and "status of 4" in said.text
    return [f"{page.url}: {said.text}"] if said.type == "error" and not is_the_page_itself else []


@pytest.fixture
def page_for(chromium: Browser, site: Site) -> Iterator[Callable[..., Page]]:
    """A page of a given width and language, signed in as a role or as nobody. Script errors fail the test."""
    contexts = []
    faults: list[str] = []

    def make(role: str | None = None, width: int = 1280, language: str = "en") -> Page:
        context = chromium.new_context(viewport={"width": width, "height": 844}, locale=language, base_url=site.url)
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: faults.append(f"{page.url}: {error}"))
        page.on("console", lambda said: faults.extend(_fault_of(said, page)))
        if role:
            page.goto("/login")
            page.get_by_role("textbox").first.fill(site.people[role].email)
            page.locator("input[type=password]").fill(site.people[role].password)
            page.locator("main form button, main form input[type=submit]").first.click()
        return page

    yield make
    for context in contexts:
        context.close()
    assert faults == []


@pytest.fixture
def picture(request: pytest.FixtureRequest) -> Callable[[Page], None]:
    """Keep a picture of the page where WHYLEFT_PICTURES names a folder, for people to look at."""
    folder = os.environ.get("WHYLEFT_PICTURES")

    def take(page: Page) -> None:
        if folder:
            name = f"{request.node.name}-{page.url.split('/', 3)[-1]}"
            path = Path(folder) / ("".join(c if c.isalnum() or c in "-_" else "_" for c in name)[:120] + ".png")
            page.screenshot(path=path, full_page=True)

    return take


@pytest.fixture
def looked_at(picture: Callable[[Page], None]) -> Callable[[Page], None]:
    """Assert of the page in sight what must hold of every page."""

    def look(page: Page) -> None:
        picture(page)
        assert axe_faults(page) + sticks_out(page) == []

    return look
