"""The investments of a small demo business as a manager sees them: by axe, by width, by buttons."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.pages.looking import axe_faults, sticks_out

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("pages")]


@pytest.mark.parametrize(("width", "language"), [(360, "nl"), (1280, "en")])
def test_every_page_of_the_investments(
    width: int, language: str, page_for: Callable[..., Page], picture: Callable[[Page], None]
) -> None:
    page = page_for("manager", width, language)
    paths = ("", "/1", "/2", "/add", "/1/change", "/1/changes", "/import", "/before", "/before?reason=2&branch=0")
    for path in paths:
        page.goto(f"/investments{path}{'&' if '?' in path else '?'}lang={language}")
        expect(page.locator("h1")).to_be_visible()
        picture(page)
        assert axe_faults(page) + sticks_out(page) == []


def test_too_small_a_business_is_told_so(page_for: Callable[..., Page]) -> None:
    """Of four hundred customers too few have answered for any month to be compared: no verdict is made up."""
    page = page_for("manager", 1280, "en")
    page.goto("/investments?lang=en")
    expect(page.get_by_role("heading", level=1)).to_contain_text("You spend €708,500; whether it goes to the causes")
    for name in ("Verbouwing wachtruimtes", "Training gastvrijheid"):
        expect(page.get_by_role("article").filter(has_text=name)).to_contain_text("Not checked yet.")


def test_taken_out_and_put_back_by_buttons(page_for: Callable[..., Page]) -> None:
    page = page_for("manager", 1280, "en")
    page.goto("/investments/1?lang=en")
    page.get_by_role("button", name="Take it out of the register").click()
    expect(page.get_by_text("you can put it back")).to_be_visible()
    page.goto("/investments/1?lang=en")
    page.get_by_role("button", name="Put it back in the register").click()
    expect(page.get_by_text("Back in the register.")).to_be_visible()
