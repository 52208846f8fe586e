"""Reading answers in a real browser: by keyboard alone, by mouse alone, and without script."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import delete

from survey import create_app
from survey.database import writing
from survey.extensions import db
from survey.jobs.tasks import draw
from survey.reasons.models import HumanLabel, Review
from tests.engines import settings_for
from tests.pages.conftest import Site
from tests.pages.looking import axe_faults, sticks_out

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("pages")]

#: a phone in Dutch, a desk in English
SIZES = {"nl": 360, "en": 1280}


@pytest.fixture(scope="module")
def drawn(site: Site, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Answers of the business wait to be read, as if nobody had read any yet."""
    folder = tmp_path_factory.getbasetemp() / "site0"
    app = create_app(settings_for(folder, f"sqlite:///{folder / 'whyleft.db'}", base_url=site.url, demo="true"))
    with app.app_context(), writing():
        for table in (HumanLabel, Review):
            db.session.execute(delete(table))
        db.session.commit()
        draw.run()


def words_of(page: Page) -> str:
    return page.locator("#words").inner_text()


@pytest.mark.usefixtures("drawn")
@pytest.mark.parametrize(("language", "role"), [("nl", "administrator"), ("en", "analyst")])
def test_a_hundred_answers_without_touching_the_mouse(
    language: str, role: str, page_for: Callable[..., Page], picture: Callable[[Page], None]
) -> None:
    page = page_for(role, SIZES[language], language)
    page.goto(f"/review?lang={language}")
    expect(page.locator("#question")).to_be_focused()
    picture(page)
    assert axe_faults(page) + sticks_out(page) == []
    first = words_of(page)

    page.keyboard.press("2")
    expect(page.locator("[data-key='2']")).to_be_checked()
    page.keyboard.press("n")  # no reason takes the others away
    expect(page.locator("[data-key='2']")).not_to_be_checked()
    page.keyboard.press("1")
    expect(page.locator("[data-key='n']")).not_to_be_checked()
    page.keyboard.press("Enter")
    page.wait_for_url("**/review?after=*")
    expect(page.locator(".before")).to_be_visible()
    picture(page)
    assert axe_faults(page) + sticks_out(page) == []

    page.keyboard.press("u")
    page.wait_for_url("**/review/*reason=*")
    assert words_of(page) == first
    expect(page.locator("[data-key='1']")).to_be_checked()
    page.keyboard.press("s")
    page.wait_for_url("**/review?after=*")
    assert page.locator("#words").count() == 0 or words_of(page) != first


@pytest.mark.usefixtures("drawn")
def test_keys_can_be_switched_off_and_stay_off(page_for: Callable[..., Page]) -> None:
    page = page_for("administrator", 1280, "en")
    page.goto("/review?lang=en")
    page.get_by_role("button", name="Switch the keys off").click()
    page.reload()
    page.keyboard.press("1")
    expect(page.locator("[data-key='1']")).not_to_be_checked()
    page.get_by_role("button", name="Switch the keys on").click()
    page.keyboard.press("1")
    expect(page.locator("[data-key='1']")).to_be_checked()


@pytest.mark.usefixtures("drawn")
def test_without_script_mouse_and_tab_do_it_all(chromium: Browser, site: Site) -> None:
    context = chromium.new_context(java_script_enabled=False, base_url=site.url, locale="en")
    page = context.new_page()
    page.goto("/login")
    page.get_by_role("textbox").first.fill(site.people["administrator"].email)
    page.locator("input[type=password]").fill(site.people["administrator"].password)
    page.locator("main form button, main form input[type=submit]").first.click()
    page.goto("/review?lang=en")
    page.get_by_label("No reason in it").check()
    page.locator("button[value=save]").click()
    assert "after=" in page.url
    assert page.locator("[data-keys]").count() == 0 or page.locator("[data-keys]").is_hidden()
    context.close()


@pytest.mark.parametrize("language", ["nl", "en"])
def test_what_was_found(language: str, page_for: Callable[..., Page], picture: Callable[[Page], None]) -> None:
    page = page_for("administrator", SIZES[language], language)
    for address in ("/review/done", "/review/done?differ=1"):
        page.goto(f"{address}{'&' if '?' in address else '?'}lang={language}")
        picture(page)
        assert axe_faults(page) + sticks_out(page) == []
