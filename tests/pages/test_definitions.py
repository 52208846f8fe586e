"""Building a definition in a browser, without a script of our own: by buttons that keep what was typed."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page

from tests.pages.looking import axe_faults, sticks_out
from tests.pages.test_every_page import SIZES

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("pages")]

CHANGE = "/defections/definitions/change"


@pytest.mark.parametrize("language", ["nl", "en"])
def test_a_definition_is_built_tried_planned_and_called_off(
    language: str, page_for: Callable[..., Page], picture: Callable[[Page], None]
) -> None:
    page = page_for("analyst", SIZES[language], language)

    def look() -> None:
        picture(page)
        assert axe_faults(page) == []
        assert sticks_out(page) == []

    page.goto(f"{CHANGE}?segment=lease&kind=lapse")
    page.locator("#days").fill("200")
    page.locator("#added").select_option("contract_ended")
    page.locator("button[name=add]").click()
    assert page.locator("#days").input_value() == "200"
    page.locator("#b-grace_days").fill("-1")
    page.locator("#b-grace_days").press("Enter")  # the browser says so by itself; nothing is sent
    assert page.locator("#b-grace_days").evaluate("field => field.validity.valid") is False
    page.locator("#b-grace_days").fill("5")
    page.locator("#b-grace_days").press("Enter")
    page.wait_for_selector("svg.strip")
    assert page.locator("svg.strip").count() > 5
    assert "token" not in page.url
    look()
    page.locator("#added").select_option("dropped_service")
    page.locator("button[name=add]").click()
    look()
    page.locator("button[name=remove]").last.click()
    assert page.locator("#b-grace_days").input_value() == "5"
    page.locator("#effective_on").fill("2035-01-01")
    page.locator("button[name=csrf_token]").click()
    page.wait_for_url("**/definitions")
    look()
    page.locator("table form button").first.click()
    page.wait_for_url("**/definitions")
    assert page.locator("table form").count() == 0
