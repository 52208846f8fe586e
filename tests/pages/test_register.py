"""How long data is kept, the register and what people are told, as a person sees them."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page

from tests.pages.conftest import Site

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("pages")]

SIZES = {"nl": 360, "en": 1280}


@pytest.mark.parametrize("language", ["nl", "en"])
def test_a_period_is_changed_after_its_effect_was_seen(
    language: str, page_for: Callable[..., Page], looked_at: Callable[[Page], None]
) -> None:
    page = page_for("administrator", SIZES[language], language)
    page.goto(f"/retention?lang={language}")
    looked_at(page)
    page.locator("#drafts").fill("0")
    # the browser refuses it first
    page.locator("main form").evaluate("form => form.noValidate = true")
    page.locator("main form button").click()
    assert page.locator(".errors").count() == 1
    looked_at(page)
    page.locator("#drafts").fill("45" if language == "nl" else "50")
    page.locator("main form button").click()
    page.wait_for_selector("main .changes")
    looked_at(page)
    page.locator("main form a.button").click()
    page.wait_for_url("**/retention?**")
    assert page.locator("#drafts").input_value() in ("45", "50")
    page.locator("main form button").click()
    page.wait_for_selector("main .changes")
    page.locator("main form[method=post] button").click()
    page.wait_for_url("**/retention")
    assert page.locator(".said").count() == 1
    looked_at(page)


@pytest.mark.parametrize("language", ["nl", "en"])
def test_the_register_and_what_people_are_told(
    language: str, page_for: Callable[..., Page], site: Site, looked_at: Callable[[Page], None]
) -> None:
    page = page_for("administrator", SIZES[language], language)
    page.goto(f"/privacy-register?lang={language}")
    looked_at(page)
    page.emulate_media(media="print")
    assert not page.locator(".only-screen").is_visible()

    stranger = page_for(None, SIZES[language], language)
    stranger.goto(f"/privacy?lang={language}")
    looked_at(stranger)
    stranger.locator("header a").click()
    stranger.wait_for_url("**/privacy?lang=*")
    assert stranger.locator("html").get_attribute("lang") != language
