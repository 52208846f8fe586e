"""The pages of new reasons with groups in sight, as a person sees them: by axe, by width, and by their buttons."""

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect
from werkzeug.serving import make_server

from survey import create_app
from survey.database import writing
from survey.extensions import db
from tests import stories
from tests.engines import migrate_to_head, settings_for
from tests.pages.looking import axe_faults, sticks_out
from tests.reasons import themed

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("pages")]

PASSWORD = "a-password-for-looking"  # noqa: S105  # of a business that lives as long as this test
OpenPage = Callable[[int, str], Page]


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Where a business is served that has two groups to judge, one that was put aside, and an analyst."""
    folder = tmp_path_factory.mktemp("themes")
    served = make_server("127.0.0.1", 0, lambda *_: [], threaded=True)
    settings = settings_for(folder, url_of(folder), base_url=f"http://127.0.0.1:{served.port}")
    migrate_to_head(settings)
    served.app = app = create_app(settings)
    with app.app_context(), writing():
        fill()
        db.engine.dispose()
    done = app.test_cli_runner().invoke(
        args=["users", "add", "a@example.org", "--role", "analyst", "--password-stdin"], input=PASSWORD
    )
    assert done.exit_code == 0, done.output
    thread = threading.Thread(target=served.serve_forever)
    thread.start()
    yield settings.base_url
    served.shutdown()
    thread.join()
    served.server_close()
    with app.app_context():
        db.engine.dispose()


def url_of(folder: Path) -> str:
    return f"sqlite:///{folder / 'whyleft.db'}"


def fill() -> None:
    version = stories.model()
    themed.theme(version, themed.about_trackers(), "kastje", "tracker", "volgt", "car")
    long = "Donaudampfschifffahrtsgesellschaftskapitänsmützenabzeichen " * 6
    themed.theme(version, [themed.answer(long, days_ago=40 * n) for n in range(6)], "abzeichen")
    themed.theme(version, [themed.answer("Gewoon zin in iets anders.")], "zin", "anders", state="dismissed")
    db.session.commit()


@pytest.fixture
def open_page(chromium: Browser, address: str) -> Iterator[OpenPage]:
    contexts = []

    def make(width: int, language: str) -> Page:
        context = chromium.new_context(viewport={"width": width, "height": 844}, locale=language, base_url=address)
        contexts.append(context)
        page = context.new_page()
        page.goto(f"/login?lang={language}")
        page.get_by_role("textbox").first.fill("a@example.org")
        page.locator("input[type=password]").fill(PASSWORD)
        page.locator("main form button, main form input[type=submit]").first.click()
        return page

    yield make
    for context in contexts:
        context.close()


@pytest.mark.parametrize("language", ["nl", "en"])
@pytest.mark.parametrize("width", [320, 1280])
def test_the_list_and_the_form(width: int, language: str, open_page: OpenPage, picture: Callable[[Page], None]) -> None:
    page = open_page(width, language)
    for path in ("/themes", "/themes/1/make"):
        page.goto(f"{path}?lang={language}")
        expect(page.locator("h1")).to_be_visible()
        picture(page)
        assert axe_faults(page) + sticks_out(page) == []


def test_put_aside_and_taken_back_by_its_buttons(open_page: OpenPage) -> None:
    page = open_page(1280, "en")
    page.goto("/themes?lang=en")
    page.get_by_role("button", name="Not a reason").first.click()
    expect(page.get_by_text("The group is put aside")).to_be_visible()
    expect(page.get_by_role("article")).to_have_count(1)
    page.get_by_role("row", name="kastje").get_by_role("button", name="Show it again").click()
    expect(page.get_by_role("article")).to_have_count(2)


def test_a_refused_form_keeps_what_was_filled_in(open_page: OpenPage) -> None:
    page = open_page(360, "en")
    page.goto("/themes/1/make?lang=en")
    for box in page.get_by_role("checkbox").all()[2:]:
        box.uncheck()
    page.get_by_label("Name in English").fill("Tracker in the car")
    page.get_by_role("button", name="Make it a reason").click()
    expect(page.get_by_role("alert")).to_contain_text("Tick at least three answers")
    expect(page.get_by_label("Name in English")).to_have_value("Tracker in the car")
    expect(page.get_by_role("checkbox", checked=True)).to_have_count(2)
    assert axe_faults(page) + sticks_out(page) == []
