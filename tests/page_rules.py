"""A test client that reads every page it fetches and fails where one breaks the rules of all pages."""

from collections import Counter
from html.parser import HTMLParser
from typing import Any

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}


class PageReader(HTMLParser):
    """What the rules need to know of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: Counter[str] = Counter()
        self.counts: Counter[str] = Counter()
        self.faults: list[str] = []
        self.language = ""
        self.post_form_without_token = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.counts[tag] += 1
        if tag == "html":
            self.language = given.get("lang") or ""
        if given.get("id"):
            self.ids[str(given["id"])] += 1
        if tag == "form" and "action" not in given:
            self.faults.append("a form without an action")
        if "style" in given or any(name.startswith("on") for name in given):
            self.faults.append(f"<{tag}> with inline style or script, which the policy blocks")
        if tag == "img" and "alt" not in given:
            self.faults.append("an image without alt")
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag in VOID:
            return
        if not self.open or self.open.pop() != tag:
            self.faults.append(f"</{tag}> closes something else")


def faults_of(page: str) -> list[str]:
    """Every rule that a whole HTML page breaks, in words."""
    reader = PageReader()
    reader.feed(page)
    faults = list(reader.faults)
    faults += [f"id {name} stands {count} times" for name, count in reader.ids.items() if count > 1]
    faults += [f"{reader.counts[tag]} times <{tag}>" for tag in ("title", "h1", "main") if reader.counts[tag] != 1]
    if reader.language not in ("nl", "en"):
        faults.append("the page does not say its language")
    if reader.open:
        faults.append(f"not closed: {reader.open}")
    return faults


class PageClient(FlaskClient):
    """Checks every whole HTML page that comes back."""

    def open(self, *args: Any, **kwargs: Any) -> TestResponse:
        response = super().open(*args, **kwargs)
        page = response.get_data(as_text=True) if response.mimetype == "text/html" else ""
        redirected = 300 <= response.status_code < 400
        if not redirected and page.lstrip().lower().startswith("<!doctype"):
            assert not faults_of(page), f"{response.request.path}: {faults_of(page)}"
        return response
