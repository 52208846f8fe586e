"""The editor as a person uses it, on a phone and on a desk: a question, its translation, the preview, publishing."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("pages")]

SIZES = {"nl": 360, "en": 1280}
OTHER = {"nl": "en", "en": "nl"}


def fill_choice(page: Page, number: int, words: str, *languages: str) -> None:
    for language in languages:
        page.locator(f"#choices-{number}-{language}").fill(f"{words} {language}")


def look_on_phones(page: Page, looked_at: Callable[[Page], None]) -> None:
    """Both phones show what follows a reason once it is chosen; another order is another one of the same."""
    page.locator("main a[href*=look]").click()
    looked_at(page)
    for place, shown in enumerate(("nl", "en")):
        frame = page.frame_locator("iframe").nth(place)
        asked = frame.get_by_text(f"Wat beviel niet? {shown}")
        assert not asked.is_visible()
        frame.locator("label[for=reason-premises]").click()
        asked.wait_for(state="visible")
    before = page.frame_locator("iframe").first.locator("input[name=reason]").evaluate_all("all => all.map(i => i.id)")
    page.locator("main a.button").click()
    page.frame_locator("iframe").first.locator("input[name=reason]").first.wait_for()
    after = page.frame_locator("iframe").first.locator("input[name=reason]").evaluate_all("all => all.map(i => i.id)")
    assert before != after
    assert sorted(before) == sorted(after)


@pytest.mark.parametrize("language", ["nl", "en"])
def test_the_way_of_a_question(language: str, page_for: Callable[..., Page], looked_at: Callable[[Page], None]) -> None:
    """A new questionnaire; a question in one language; no publishing; translate; look at it; publish; answers."""
    other = OTHER[language]
    page = page_for("analyst", SIZES[language], language)
    page.goto(f"/questionnaires?lang={language}")
    looked_at(page)
    page.locator("main a.button").first.click()
    looked_at(page)
    page.locator("#name").fill(f"Proef {language}")
    page.locator("#source").select_option("garage")
    page.locator("main form button").first.click()
    looked_at(page)
    assert page.locator("#publish").count() == 1

    page.locator("#reason-premises a.more").click()
    looked_at(page)
    page.locator(".kinds a").first.click()
    looked_at(page)
    page.locator(f"#{language}").fill(f"Wat beviel niet? {language}")
    fill_choice(page, 0, "Geluid", language)
    fill_choice(page, 1, "Anders", language)
    page.locator("#choices-1-pinned_last").check()
    page.locator("button[value=more]").click()
    looked_at(page)
    fill_choice(page, 2, "Licht", language)
    page.locator("button[value=up-2]").click()
    assert page.locator(f"#choices-1-{language}").input_value() == f"Licht {language}"
    # the first field and Enter: saved, not moved about
    page.locator(f"#choices-0-{language}").press("Enter")
    page.wait_for_url("**/questionnaires/*")
    looked_at(page)
    assert page.locator("#publish").count() == 0
    assert page.locator("#missing li").count() == 4

    page.locator("#missing a").first.click()
    looked_at(page)
    page.locator(f"#{other}").fill(f"Wat beviel niet? {other}")
    for number, words in enumerate(("Geluid", "Licht", "Anders")):
        fill_choice(page, number, words, other)
    page.locator("main .buttons button").click()
    page.wait_for_url("**/questionnaires/*")
    assert page.locator("#missing").count() == 0

    look_on_phones(page, looked_at)

    page.go_back()
    page.go_back()
    page.locator("#publish").click()
    page.wait_for_url("**/questionnaires/*")
    looked_at(page)
    page.locator("main a[href$=versions]").click()
    looked_at(page)
    page.locator("main h2 a").first.click()
    looked_at(page)


@pytest.mark.parametrize("language", ["nl", "en"])
def test_somebody_else_edits_meanwhile(
    language: str, page_for: Callable[..., Page], looked_at: Callable[[Page], None]
) -> None:
    mine = page_for("analyst", SIZES[language], language)
    theirs = page_for("administrator", SIZES[language], language)
    for page in (mine, theirs):
        page.goto(f"/questionnaires/1/texts?lang={language}")
    theirs.locator("#title_nl").fill(f"Hun titel {language}")
    theirs.locator("main .buttons button").click()
    theirs.wait_for_url("**/questionnaires/1")
    mine.locator("#title_nl").fill("Mijn titel {naam}")
    mine.locator("main .buttons button").click()
    looked_at(mine)
    assert mine.locator("#title_nl").input_value() == "Mijn titel {naam}"
    mine.locator("#title_nl").fill("Mijn titel")
    mine.locator("main .buttons button").click()
    looked_at(mine)
    assert mine.locator("#title_nl").input_value() == "Mijn titel"
    assert f"Hun titel {language}" in mine.locator("#title_nl-now").inner_text()
    mine.goto(f"/questionnaires/1?lang={language}")
    mine.locator("form[action$=discard] button").click()
    looked_at(mine)


@pytest.mark.parametrize("language", ["nl", "en"])
def test_the_other_forms(language: str, page_for: Callable[..., Page], looked_at: Callable[[Page], None]) -> None:
    page = page_for("analyst", SIZES[language], language)
    for path in (
        "1/reasons",
        "1/name",
        "import",
        "1/answers",
        *(f"1/questions?kind={kind}" for kind in ("number", "many")),
    ):
        page.goto(f"/questionnaires/{path}{'&' if '?' in path else '?'}lang={language}")
        looked_at(page)
    page.goto(f"/questionnaires/import?lang={language}")
    page.locator("#name").fill("Uit een bestand")
    page.locator("input[type=file]").set_input_files({"name": "x.json", "mimeType": "x/y", "buffer": b'{"whyleft": 1}'})
    page.locator("main form button").first.click()
    looked_at(page)
    assert page.locator(".errors li").count() == 3
