"""Every page that can be reached, as a person sees it: axe finds nothing, nothing sticks out, nothing breaks."""

import re
from collections import Counter
from collections.abc import Callable

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from tests.pages.conftest import Site

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("pages")]

RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
#: of pages that differ only in numbers and codes, so many are looked at
ALIKE = 2
SIZES = {"nl": 320, "en": 1280}


def axe_faults(page: Page) -> list[str]:
    found = Axe().run(page, options=RULES).response["violations"]
    return [f"{page.url}: {v['id']}: {v['nodes'][0]['html'][:150]}" for v in found]


def sticks_out(page: Page) -> list[str]:
    """Whether the page can be scrolled sideways."""
    width, needed = page.evaluate("[document.documentElement.clientWidth, document.documentElement.scrollWidth]")
    return [f"{page.url} needs {needed} of {width} pixels"] if needed > width else []


def kind_of(path: str) -> str:
    """Pages of one kind differ only in numbers, codes and what is asked for."""
    return re.sub(r"/(\d+|breakdown/[a-z_]+)(?=/|$)", "/#", path.split("?")[0])


def links_on(page: Page, site: Site) -> list[str]:
    found = page.eval_on_selector_all("a[href]", "all => all.map(a => a.href)")
    inside = [link.split("#")[0].removeprefix(site.url) for link in found if link.startswith(site.url + "/")]
    return [path for path in inside if not re.search(r"\.(csv|xlsx|eml|svg)(\?|$)|/static/|lang=", path)]


def crawl(page: Page, site: Site, look: Callable[[Page], list[str]]) -> tuple[list[str], Counter[str]]:
    """Follow every link from home on; what `look` finds, and how many pages of each kind were seen."""
    waiting, known, faults, seen = ["/"], {"/"}, [], Counter()
    while waiting:
        path = waiting.pop(0)
        if seen[kind_of(path)] >= ALIKE:
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


@pytest.mark.parametrize("language", ["nl", "en"])
@pytest.mark.parametrize("role", ["administrator", "manager", "analyst", "interviewer"])
def test_pages_of_a_role(
    role: str, language: str, page_for: Callable[..., Page], site: Site, picture: Callable[[Page], None]
) -> None:
    page = page_for(role, SIZES[language], language)

    def look(page: Page) -> list[str]:
        picture(page)
        return axe_faults(page) + sticks_out(page)

    faults, seen = crawl(page, site, look)
    assert faults == []
    assert len(seen) >= (2 if role == "interviewer" else 4)


@pytest.mark.parametrize("language", ["nl", "en"])
def test_form(language: str, page_for: Callable[..., Page], site: Site, picture: Callable[[Page], None]) -> None:
    page = page_for(None, SIZES[language], language)
    for path in (site.form, site.form + "x", site.url + "/login"):
        page.goto(f"{path}?lang={language}")
        picture(page)
        assert axe_faults(page) == []
        assert sticks_out(page) == []
