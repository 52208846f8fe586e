"""A case in a browser, from the answer that opens it to its outcome, in both languages."""

from collections.abc import Callable, Iterator
from datetime import date, timedelta

import pytest
from flask import Flask
from playwright.sync_api import Browser, Page
from sqlalchemy import select

from survey.clock import today
from survey.database import writing
from survey.extensions import db
from survey.invitations.links import ANSWER, token_for
from survey.jobs.tasks import cases as job
from survey.jobs.tasks import classify
from survey.winback.models import Case, CaseNote, Promise, RemedyTried
from tests.invitations.people import Left, invite
from tests.pages.serving import served, sign_in

pytestmark = [pytest.mark.browser, pytest.mark.sqlite, pytest.mark.xdist_group("pages")]

SIZES = {"nl": 360, "en": 1280}
NAME = "Mevrouw Jansen"
WORDS = "Niemand keek op toen ik binnenkwam."
CLOSED = {"nl": "Gesloten", "en": "Closed"}

Look = Callable[[Page], None]


@pytest.fixture
def address(app: Flask) -> Iterator[str]:
    with served(app) as found:
        yield found


def tell(app: Flask, page: Page, address: str, language: str) -> None:
    """Somebody who was asked answers and may be contacted; within ten minutes there is a case."""
    with app.app_context(), writing():
        asked = invite(Left({"name": NAME, "phone": "+31 6 12345678", "language": language}))
        link = f"{address}/a/{token_for(ANSWER, asked.id)}"
    page.goto(link)
    page.locator("#reason-rude_staff").check()
    page.locator("#words").fill(WORDS)
    page.locator("input[name=contact]").check()
    page.locator("button.send").click()
    page.wait_for_url("**/thanks*")
    with app.app_context(), writing():
        classify.mask_all()
        assert job.run()["opened"] == 1


def take_care(page: Page, due: date, looked_at: Look) -> None:
    """Take it, try what may help, promise something, keep that, and write down what was done."""
    page.locator("form[action$=take] button").click()
    page.locator("form[action$=take]").wait_for(state="detached")
    page.locator("form[action*=tried] button").first.click()
    page.locator(".remedies strong.gain").wait_for()
    page.locator("details", has=page.locator("form[action$=promise]")).locator("summary").click()
    page.locator("#text").fill("De chef belt.")
    page.locator("#due_on").fill(due.isoformat())
    page.locator("form[action$=promise] button[type=submit]").click()
    page.locator(".promises li").wait_for()
    looked_at(page)
    page.locator("form[action$=kept] button").click()
    page.locator(".promises strong.gain").wait_for()
    note = page.locator("form[action$=note]")
    # the browser refuses an empty note first
    note.evaluate("form => form.noValidate = true")
    note.locator("button").click()
    page.locator(".errors").wait_for()
    looked_at(page)
    page.locator("#note").fill("Gebeld, geluisterd.")
    page.locator("form[action$=note] button").click()
    page.locator(".happened").wait_for()


@pytest.mark.parametrize("language", ["nl", "en"])
def test_from_the_answer_to_the_outcome(
    app: Flask, chromium: Browser, address: str, language: str, looked_at: Look
) -> None:
    context = chromium.new_context(viewport={"width": SIZES[language], "height": 844}, locale=language)
    page = context.new_page()
    tell(app, page, address, language)
    with app.app_context():
        day = today()
    sign_in(page, app, address, "interviewer")

    page.goto(f"{address}/cases?lang={language}")
    looked_at(page)
    page.get_by_role("link", name=NAME).click()
    page.wait_for_url("**/cases/*")
    assert WORDS in page.locator("main").inner_text()
    assert page.locator("a[href='tel:+31612345678']").count() == 1
    looked_at(page)
    take_care(page, day + timedelta(days=2), looked_at)

    page.locator("details", has=page.locator("form[action$=later]")).locator("summary").click()
    page.locator("#until").fill((day + timedelta(days=3)).isoformat())
    page.locator("form[action$=later] button").click()
    page.wait_for_url("**/cases/*")
    page.locator("form[action$=close] button").click()
    page.locator("input[name=outcome][value=content]").check()
    page.locator("form[action$=close] button").click()
    page.locator("form[action$=again]").wait_for()
    assert CLOSED[language] in page.locator("main").inner_text()
    looked_at(page)
    page.goto(f"{address}/cases?which=closed")
    assert page.get_by_role("link", name=NAME).count() == 1
    looked_at(page)
    context.close()

    with app.app_context():
        case = db.session.scalars(select(Case)).one()
        assert (case.state, case.outcome) == ("closed", "content")
        assert case.due_on == day + timedelta(days=3)
        assert db.session.scalars(select(CaseNote.text)).all() == ["Gebeld, geluisterd."]
        assert db.session.scalars(select(Promise.kept_on)).all() == [day]
        assert len(db.session.scalars(select(RemedyTried)).all()) == 1
