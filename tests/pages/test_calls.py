"""Calling as an interviewer does it: from the list to an answer, in both languages, by its buttons alone."""

from collections.abc import Callable
from datetime import date, timedelta

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import update

from survey import create_app
from survey.database import writing
from survey.extensions import db
from survey.invitations.models import ContactPolicy
from tests.engines import settings_for
from tests.pages.conftest import Site
from tests.winback.callers import to_call

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("pages")]

#: a phone in Dutch, a desk in English
SIZES = {"nl": 360, "en": 1280}
Look = Callable[[Page], None]


@pytest.fixture(scope="module")
def waiting(site: Site, tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[int]]:
    """Three people of each language to be called, at whatever hour this is run; the most valuable of all."""
    folder = tmp_path_factory.getbasetemp() / "site0"
    app = create_app(settings_for(folder, f"sqlite:///{folder / 'whyleft.db'}", base_url=site.url, demo="true"))
    with app.app_context(), writing():
        db.session.execute(update(ContactPolicy).values(quiet_from=0, quiet_until=0))
        return {
            language: [
                to_call(value="900000.00", language=language, name=f"Anna Proef {language} {n}", phone="06 0000 0000")
                for n in range(3)
            ]
            for language in SIZES
        }


@pytest.mark.parametrize("language", ["nl", "en"])
def test_from_the_list_to_an_answer(
    language: str, waiting: dict[str, list[int]], page_for: Callable[..., Page], looked_at: Look
) -> None:
    """Home, the list, a wrong outcome taken back, a mistake, kept for later, stored, taken leave."""
    person = waiting[language][0]
    page = page_for("interviewer", SIZES[language], language)
    page.goto(f"/?lang={language}")
    looked_at(page)
    page.get_by_role("main").locator("a[href='/calls']").click()
    looked_at(page)
    page.locator(f"form[action='/calls/{person}/take'] button").click()
    page.wait_for_url(f"**/calls/{person}")
    looked_at(page)
    expect(page.locator(".interview")).to_have_attribute("lang", language)
    page.locator("button[value=voicemail]").click()
    page.wait_for_url("**/calls")
    page.locator("form[action*=undo] button").click()
    page.wait_for_url(f"**/calls/{person}")

    page.locator("#words").fill("Price")
    page.locator("#talk-why_1").fill("The bill")
    store = page.locator(".interview .buttons button").first
    store.click()
    expect(page.locator("[role=alert]")).to_be_visible()
    looked_at(page)
    page.locator("label[for=reason-price]").click()
    page.locator("#also summary").click()
    page.locator("#also input[value=rude_staff]").check()
    page.locator("button[name=save]").click()
    page.wait_for_url(f"**/calls/{person}")
    expect(page.locator("#reason-price")).to_be_checked()
    expect(page.locator("#talk-why_1")).to_have_value("The bill")
    looked_at(page)
    page.locator("#talk-why_2").fill("Nobody told me")
    page.locator("#talk-root").select_option("broken_promises")
    store.click()
    page.wait_for_url("**/done*")
    looked_at(page)


@pytest.mark.parametrize("language", ["nl", "en"])
def test_another_time_and_not_at_all(
    language: str, waiting: dict[str, list[int]], page_for: Callable[..., Page], looked_at: Look
) -> None:
    page = page_for("interviewer", SIZES[language], language)
    later, never = waiting[language][1:]
    page.goto(f"/calls?lang={language}")
    page.locator(f"form[action='/calls/{later}/take'] button").click()
    form = page.locator("details", has=page.locator("#later-day"))
    form.locator("summary").click()
    page.locator("#later-day").fill("2020-01-01")
    page.locator("#later-hour").fill("10:00")
    form.locator("button").click()
    expect(page.locator(".errors")).to_be_visible()
    looked_at(page)
    page.locator("#later-day").fill(str(date.today() + timedelta(days=3)))
    form.locator("button").click()
    page.wait_for_url("**/calls")
    assert page.get_by_text(f"Anna Proef {language} 1").count() >= 1
    looked_at(page)
    page.locator(f"form[action='/calls/{never}/take'] button").click()
    form = page.locator("details", has=page.locator("#refused-never"))
    form.locator("summary").click()
    page.locator("#refused-never").check()
    looked_at(page)
    form.locator("button").click()
    page.wait_for_url("**/calls")
    assert page.locator(f"form[action='/calls/{never}/take']").count() == 0
    page.goto(f"/calls/{never}")
    looked_at(page)
