"""How many leave, in a browser: both ways of dating, one branch, and a click that asks for the figures."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page

from tests.pages.looking import axe_faults, sticks_out
from tests.pages.test_every_page import SIZES

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("pages")]


@pytest.mark.parametrize(("role", "language"), [("administrator", "en"), ("manager", "nl")])
def test_the_rate_reads_well(
    role: str, language: str, page_for: Callable[..., Page], picture: Callable[[Page], None]
) -> None:
    page = page_for(role, SIZES[language], language)
    page.wait_for_url(lambda url: "/login" not in url)
    for dated in ("departure", "last-visit"):
        page.goto(f"/rate?dated={dated}&lang={language}")
        for summary in page.locator("figure.picture summary").all():
            summary.click()
        picture(page)
        assert axe_faults(page) == []
        assert sticks_out(page) == []
        assert page.locator("#trend svg:visible").count() == 1
    page.locator("select[name=branch]").select_option(index=1)
    page.locator("form.filters button").first.click()
    page.wait_for_url("**branch=*")
    assert page.locator("#branches").count() == 0
    assert axe_faults(page) == []


def test_figures_are_asked_for_by_a_click(page_for: Callable[..., Page]) -> None:
    page = page_for("analyst")
    page.wait_for_url(lambda url: "/login" not in url)
    page.goto("/rate?lang=en")
    page.get_by_role("button", name="Work them out now").click()
    page.get_by_text("The figures are being worked out.").wait_for()
