"""Who is asked what, as a person sees it: a rule made, tried and saved, the policy, who was not asked and why."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("pages")]

SIZES = {"nl": 360, "en": 1280}


@pytest.mark.parametrize("language", ["nl", "en"])
def test_the_way_of_a_rule(language: str, page_for: Callable[..., Page], looked_at: Callable[[Page], None]) -> None:
    """Fill it in, see whom it reaches, be told of a mistake, save, switch it off; by its buttons alone."""
    page = page_for("analyst", SIZES[language], language)
    page.goto(f"/targeting?lang={language}")
    page.get_by_role("main").locator("a.button").first.click()
    looked_at(page)
    page.locator("#name").fill(f"Rule {language}")
    page.locator("summary", has_text="Segment").click()
    page.locator("input[name=segments]").first.check()
    page.locator("#tenure_least").fill("36")
    page.locator("#tenure_most").fill("24")
    page.locator("button.quiet[name=preview]").click()
    assert page.locator(".errors").count() == 1
    looked_at(page)
    page.locator("#tenure_most").fill("")
    page.locator("#tenure_least").fill("")
    page.locator("input[name=channel][value=phone]").check()
    page.locator("#wait_days").fill("3")
    page.locator("button.quiet[name=preview]").click()
    assert page.locator(".tried tbody tr").count() > 0
    looked_at(page)
    page.locator("button[formmethod=post]").click()
    page.wait_for_url("**/targeting")
    assert page.get_by_role("heading", name=f"Rule {language}").count() == 1
    looked_at(page)
    own = page.locator(".target", has_text=f"Rule {language}")
    own.locator("form[action$=switch] button").click()
    page.wait_for_url("**/targeting")
    assert page.locator(".target.off", has_text=f"Rule {language}").count() == 1
    looked_at(page)


@pytest.mark.parametrize("language", ["nl", "en"])
def test_who_was_not_asked_and_the_policy(
    language: str, page_for: Callable[..., Page], looked_at: Callable[[Page], None]
) -> None:
    page = page_for("analyst", SIZES[language], language)
    page.goto(f"/targeting/skipped?lang={language}")
    looked_at(page)
    page.locator("main tbody a[href*=departures]").first.click()
    page.wait_for_url("**/departures/*")
    looked_at(page)
    page.goto("/targeting/policy")
    page.locator("#window_days").fill("0")
    # the browser refuses it first
    page.locator("main form").evaluate("form => form.noValidate = true")
    page.locator("main form button[type=submit]").click()
    assert page.locator(".errors").count() == 1
    looked_at(page)
    page.locator("#window_days").fill("30")
    page.locator("main form button[type=submit]").click()
    looked_at(page)
    assert page.locator(".said").count() == 1
