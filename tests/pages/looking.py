"""What must hold of every page, as a person sees it: axe finds nothing in it, and nothing sticks out sideways."""

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}


def axe_faults(page: Page) -> list[str]:
    """A click returns when the next page begins to arrive; without its style sheets every link of it is too small."""
    page.wait_for_load_state("load")
    found = Axe().run(page, options=RULES).response["violations"]
    return [f"{page.url}: {v['id']} of {len(v['nodes'])}: {v['nodes'][0]['html'][:150]}" for v in found]


def sticks_out(page: Page) -> list[str]:
    """Whether the page can be scrolled sideways."""
    width, needed = page.evaluate("[document.documentElement.clientWidth, document.documentElement.scrollWidth]")
    return [f"{page.url} needs {needed} of {width} pixels"] if needed > width else []
