"""Every page that can be reached, as a person sees it: axe finds nothing, nothing sticks out, nothing breaks."""

import re
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path

import pytest
from playwright.sync_api import Page

from tests.pages.conftest import Site
from tests.pages.looking import axe_faults, sticks_out

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("pages")]

SIZES = {"nl": 320, "en": 1280}
#: a number, or the place of a name in an address
NAMED = re.compile(r"/(\d+|(breakdown|questions|changes|of|schedule|pack)/[^/]+)(?=/|$)")
#: home, and a stretch of time in which people have answered
FROM = ("/", f"/breakdown?from=2000-01-01&to={date.today()}")


def kind_of(path: str) -> str:
    """Pages of one kind differ only in numbers, codes and what is asked for; one of each is looked at."""
    return NAMED.sub("/#", path.split("?")[0])


def links_on(page: Page, site: Site) -> list[str]:
    found = page.eval_on_selector_all("a[href]", "all => all.map(a => a.href)")
    inside = [link.split("#")[0].removeprefix(site.url) for link in found if link.startswith(site.url + "/")]
    return [path for path in inside if not re.search(r"\.(csv|xlsx|json|eml|svg)(\?|$)|/static/|lang=", path)]


def crawl(
    page: Page, site: Site, look: Callable[[Page], list[str]], start: Sequence[str]
) -> tuple[list[str], Counter[str]]:
    """Follow every link from the start on; what `look` finds, and how many pages of each kind were seen."""
    waiting, faults, seen = list(start), [], Counter()
    known = set(waiting)
    while waiting:
        path = waiting.pop(0)
        if seen[kind_of(path)]:
            continue
        answer = page.goto(path)
        seen[kind_of(path)] += 1
        if answer is None or answer.status != 200:
            faults.append(f"{path} answers {answer and answer.status}")
            continue
        faults += look(page)
        new = [link for link in links_on(page, site) if link not in known]
        known.update(new)
        waiting += new
    return faults, seen


# the administrator sees every page; of the others it is their own menu and their own way in that differ
@pytest.mark.parametrize(
    ("role", "language"),
    [("administrator", "nl"), ("administrator", "en"), ("manager", "nl"), ("analyst", "en"), ("interviewer", "nl")],
)
def test_pages_of_a_role(
    role: str, language: str, page_for: Callable[..., Page], site: Site, picture: Callable[[Page], None]
) -> None:
    page = page_for(role, SIZES[language], language)

    def look(page: Page) -> list[str]:
        picture(page)
        return axe_faults(page) + sticks_out(page)

    faults, seen = crawl(page, site, look, FROM[: 1 if role == "interviewer" else None])
    assert faults == []
    assert len(seen) >= (2 if role == "interviewer" else 4)


@pytest.mark.parametrize("language", ["nl", "en"])
def test_asked(language: str, page_for: Callable[..., Page], site: Site, looked_at: Callable[[Page], None]) -> None:
    """The way of somebody who is asked: the form, a mistake, thanks, again; a wrong link; never again."""
    page = page_for(None, SIZES[language], language)
    page.goto(f"{site.forms[language]}?lang={language}")
    looked_at(page)
    page.locator("textarea").fill("x" * 10_001)
    page.locator("button.send").click()
    looked_at(page)
    page.locator("textarea").fill("Price")
    page.locator("input[type=radio]").first.check()
    page.locator("button.send").click()
    page.wait_for_url("**/thanks*")
    looked_at(page)
    page.goto(f"{site.forms[language]}?lang={language}")
    looked_at(page)
    page.goto(f"{site.forms[language]}x?lang={language}")
    looked_at(page)
    page.goto(f"{site.stops[language]}?lang={language}")
    looked_at(page)
    page.locator("main button").first.click()
    looked_at(page)


@pytest.mark.parametrize("language", ["nl", "en"])
def test_file_on_its_way_in(
    language: str, page_for: Callable[..., Page], looked_at: Callable[[Page], None], tmp_path: Path
) -> None:
    page = page_for("analyst", SIZES[language], language)
    path = tmp_path / "visits.csv"
    path.write_text("klantnummer;datum;bedrag\nK00001;01-02-2026;10,00\nK00002;03-02-2026;ten\n")
    page.goto(f"/customers/imports?lang={language}")
    page.locator("input[type=file]").set_input_files(path)
    page.locator("main form button").first.click()
    page.wait_for_url("**/imports/*")
    looked_at(page)


@pytest.mark.parametrize("language", ["nl", "en"])
def test_strangers_and_errors(language: str, page_for: Callable[..., Page], looked_at: Callable[[Page], None]) -> None:
    page = page_for(None, SIZES[language], language)
    for path in ("/login", "/reset"):
        page.goto(f"{path}?lang={language}")
        looked_at(page)
    page = page_for("interviewer", SIZES[language], language)
    for path in ("/nowhere", "/users"):
        page.goto(f"{path}?lang={language}")
        looked_at(page)
