"""The decision pack as a managing director has it: on a phone, at a desk, and on paper."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.pages.looking import axe_faults, sticks_out

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("pages")]


@pytest.mark.parametrize(("width", "language"), [(360, "nl"), (1280, "en")])
def test_read_and_printed(
    width: int, language: str, page_for: Callable[..., Page], picture: Callable[[Page], None], tmp_path: Path
) -> None:
    page = page_for("manager", width, language)
    page.goto(f"/pack?lang={language}")
    expect(page.locator("h1")).to_be_visible()
    picture(page)
    assert axe_faults(page) + sticks_out(page) == []
    printed = tmp_path / "pack.pdf"
    page.pdf(path=printed, prefer_css_page_size=True)
    assert 1 <= len(re.findall(rb"/Type\s*/Page\b", printed.read_bytes())) <= 4
    page.emulate_media(media="print")
    for gone in ("body > header", "nav.periods", ".buttons"):
        expect(page.locator(gone).first).to_be_hidden()
    for drawing in page.locator(".pack .on-desk").all():
        expect(drawing).to_be_visible()


def test_asked_for_by_mail_with_a_button(page_for: Callable[..., Page]) -> None:
    page = page_for("manager", 1280, "en")
    page.goto("/pack?lang=en")
    page.get_by_role("button", name="Mail it to me every quarter").click()
    expect(page.get_by_text("From the next quarter on it is mailed to you.")).to_be_visible()
    page.get_by_role("button", name="Do not mail it to me any more").click()
    expect(page.get_by_text("It is not mailed to you any more.")).to_be_visible()
