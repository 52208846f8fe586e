"""A card of a branch and what it leads to, in a browser: made, printed, filled in by a visitor, counted."""

import re
from collections.abc import Callable, Iterator

import pytest
from flask import Flask
from playwright.sync_api import Browser, Page
from sqlalchemy import select

from survey.database import writing
from survey.extensions import db
from survey.jobs.tasks import classify
from survey.responses.models import BranchLink, WalkInAnswer
from survey.responses.walk_in import links
from tests import stories
from tests.pages.serving import served, sign_in
from tests.responses.sheets import OF_EVERY_KIND, publish

pytestmark = [pytest.mark.browser, pytest.mark.sqlite, pytest.mark.xdist_group("pages")]

SIZES = {"nl": 360, "en": 1280}
#: A6 in points, as a PDF counts
A6 = (298, 420)

Look = Callable[[Page], None]


@pytest.fixture
def address(app: Flask) -> Iterator[str]:
    """A business with a branch and a questionnaire that asks everything that can be asked."""
    with app.app_context(), writing():
        stories.branch("Utrecht Leidsche Rijn")
        publish(OF_EVERY_KIND)
        db.session.commit()
    with served(app) as found:
        yield found


def card(app: Flask) -> str:
    with app.app_context():
        return f"/b/{db.session.scalars(select(BranchLink.code)).one()}"


@pytest.mark.parametrize("language", ["nl", "en"])
def test_from_the_card_to_the_count(
    app: Flask, chromium: Browser, address: str, language: str, looked_at: Look
) -> None:
    context = chromium.new_context(viewport={"width": SIZES[language], "height": 844}, locale=language)
    desk = context.new_page()
    sign_in(desk, app, address, "manager")
    for path in ("/walk-in", "/branch-links"):
        desk.goto(f"{address}{path}?lang={language}")
        looked_at(desk)
    desk.locator("#branch").select_option(index=0)
    desk.locator("main form button[type=submit]").click()
    desk.wait_for_url("**/branch-links/*")
    looked_at(desk)
    drawn = desk.locator(".walk-in-card svg").bounding_box()
    assert drawn is not None
    assert drawn["width"] == pytest.approx(drawn["height"], abs=1)
    assert drawn["width"] > 150

    visitor = chromium.new_context(viewport={"width": 360, "height": 780}, java_script_enabled=False)
    answer(visitor.new_page(), f"{address}{card(app)}?lang={language}")
    assert visitor.cookies() == []
    visitor.close()

    with app.app_context(), writing():
        classify.mask_all()
    desk.goto(f"{address}/walk-in")
    assert "Te duur" in desk.locator(".words").inner_text()
    looked_at(desk)
    desk.goto(f"{address}/branch-links")
    looked_at(desk)
    desk.get_by_role("link", name="Utrecht Leidsche Rijn").click()
    desk.locator("form[action$=switch] button").click()
    desk.locator("form[action$=switch] input[name=active]").wait_for(state="attached")
    looked_at(desk)
    context.close()


def answer(page: Page, link: str) -> None:
    """By keyboard and without script: a mistake first, then right."""
    page.goto(link)
    page.locator("#words").fill("Te duur")
    page.locator("button.send").press("Enter")
    assert page.locator("[role=alert]").count() == 1
    follow = page.locator("#q-against")
    assert not follow.is_visible()
    page.locator("#reason-price").focus()
    page.keyboard.press("Space")
    assert follow.is_visible()
    follow.locator("input").first.check()
    page.locator("#q-visits").fill("4")
    page.locator("button.send").press("Enter")
    page.wait_for_url("**/thanks*")


@pytest.mark.parametrize("language", ["nl", "en"])
def test_the_form_has_no_fault(app: Flask, chromium: Browser, address: str, language: str, looked_at: Look) -> None:
    make_card(app)
    context = chromium.new_context(viewport={"width": SIZES[language], "height": 844}, locale=language)
    page = context.new_page()
    page.goto(f"{address}{card(app)}?lang={language}")
    assert page.locator("html").get_attribute("lang") == language
    page.locator("#reason-price").check()
    looked_at(page)
    page.locator("#words").fill("x" * 10_001)
    page.locator("button.send").click()
    looked_at(page)
    page.locator("#words").fill("kort")
    page.locator("button[name=switch]").click()
    looked_at(page)
    page.locator("button.send").click()
    page.wait_for_url("**/thanks*")
    looked_at(page)
    page.goto(f"{address}/b/nothing?lang={language}")
    looked_at(page)
    context.close()
    with app.app_context():
        assert db.session.scalars(select(WalkInAnswer.words)).all() == ["kort"]


def make_card(app: Flask) -> None:
    """A card, made without its page."""
    with app.app_context(), writing():
        links.make(stories.branch("Utrecht Leidsche Rijn").id, 1)
        db.session.commit()


def test_a_printed_card_is_one_sheet_of_a6(app: Flask, chromium: Browser, address: str) -> None:
    context = chromium.new_context(viewport={"width": 1280, "height": 844}, locale="nl")
    page = context.new_page()
    sign_in(page, app, address, "manager")
    make_card(app)
    page.goto(f"{address}/branch-links/1?lang=nl")
    printed = page.pdf(prefer_css_page_size=True)
    context.close()
    boxes = [tuple(map(float, box.split())) for box in _boxes(printed)]
    assert len(boxes) == 1
    assert boxes[0][2:] == pytest.approx(A6, abs=1)


def _boxes(pdf: bytes) -> list[str]:
    return [found.decode() for found in re.findall(rb"/MediaBox\s*\[([^\]]+)\]", pdf)]
