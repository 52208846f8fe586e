"""The reasons as a person sees them: the list, one of them, and the way of each change, on a phone and on a desk."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("pages")]

SIZES = {"nl": 360, "en": 1280}


def press(page: Page) -> None:
    page.locator("main form button[type=submit]").first.click()


@pytest.mark.parametrize("language", ["nl", "en"])
def test_the_way_of_every_change(
    language: str, page_for: Callable[..., Page], looked_at: Callable[[Page], None]
) -> None:
    """Add a reason, call it otherwise, split it, merge a part, retire the other, restore it; all by its buttons."""
    page = page_for("analyst", SIZES[language], language)
    page.goto(f"/reasons?lang={language}")
    looked_at(page)
    page.get_by_role("main").locator("a.button").first.click()
    looked_at(page)
    page.locator("#label_nl").fill(f"Spaaractie {language}")
    page.locator("#label_en").fill(f"Loyalty scheme {language}")
    press(page)
    looked_at(page)
    press(page)
    page.wait_for_url("**/reasons")
    looked_at(page)

    open_change(page, f"Spaaractie {language}" if language == "nl" else f"Loyalty scheme {language}", "rename")
    looked_at(page)
    page.locator("#label_en").fill("Price")
    press(page)
    looked_at(page)
    assert page.locator(".errors").count() == 1
    page.locator("#label_en").fill(f"Points {language}")
    page.locator("#label_nl").fill(f"Punten {language}")
    press(page)
    press(page)
    page.wait_for_url("**/reasons")

    open_change(page, f"{'Punten' if language == 'nl' else 'Points'} {language}", "split")
    for number, word in ((1, "Een"), (2, "Twee")):
        page.locator(f"#nl_{number}").fill(f"{word} {language}")
        page.locator(f"#en_{number}").fill(f"{word} {language}")
    page.locator("main summary").click()
    looked_at(page)
    press(page)
    looked_at(page)
    press(page)
    page.wait_for_url("**/reasons")

    open_change(page, f"Een {language}", "merge")
    page.locator("main label.choice").first.click()
    looked_at(page)
    press(page)
    looked_at(page)
    press(page)
    page.wait_for_url("**/reasons")

    open_change(page, f"Twee {language}", "retire")
    looked_at(page)
    press(page)
    page.wait_for_url("**/reasons")
    looked_at(page)

    open_change(page, f"Twee {language}", "restore")
    looked_at(page)
    press(page)
    page.wait_for_url("**/reasons")
    looked_at(page)


def open_change(page: Page, label: str, kind: str) -> None:
    page.get_by_role("main").get_by_role("link", name=label, exact=True).click()
    page.locator(f".ways a[href$={kind}]").click()


def test_a_manager_reads(page_for: Callable[..., Page], looked_at: Callable[[Page], None]) -> None:
    page = page_for("manager", 360, "nl")
    page.goto("/reasons?lang=nl")
    looked_at(page)
    assert page.get_by_role("main").locator("a.button, form").count() == 0
    page.get_by_role("main").locator("tbody a").first.click()
    looked_at(page)
    assert page.locator(".ways").count() == 0
