"""Every sentence has Dutch that fits it, and Dutch is what a Dutch page shows."""

import re
from collections.abc import Callable
from html import unescape
from pathlib import Path

import pytest
from babel.messages import Catalog, Message
from flask import Flask
from flask.testing import FlaskClient

from survey.accounts.models import ROLES
from tests import catalogue
from tests.catalogue import forms, sentences

PLACE = re.compile(r"%(?:\((\w+)\))?[-+ #0]*\d*(?:\.\d+)?[a-zA-Z%]")
#: words that are the same in both languages
SAME = {
    "Alarm", "Broker", "Code", "Code %(code)s", "Mail", "Mails", "Menu", "Model", "Model %(number)s", "Open", "Segment",
    "Segment: %(name)s.", "Team", "Test: %(subject)s", "%(quarter)s: %(stop)s",
    "code", "import", "model",
    "in %(month)s", "in %(year)s", "interviewer", "mails", "manager", "open", "segment", "tab",
}  # fmt: skip
#: places that translate what another place marked: a stored notice, what came of a job
TRANSLATES_LATER = ("survey/notices.py", "survey/jobs/words.py")

Pair = tuple[Message, Message]


@pytest.fixture(scope="module")
def extracted(tmp_path_factory: pytest.TempPathFactory) -> Catalog:
    return catalogue.extract(tmp_path_factory.mktemp("words") / "messages.pot")


@pytest.fixture(scope="module")
def dutch() -> Catalog:
    return catalogue.dutch()


@pytest.fixture(scope="module")
def pairs(extracted: Catalog, dutch: Catalog) -> list[Pair]:
    """Each sentence with its Dutch, those without left out."""
    known = sentences(dutch)
    return [(asked, known[key]) for key, asked in sentences(extracted).items() if key in known]


def test_every_sentence_has_dutch(extracted: Catalog, dutch: Catalog) -> None:
    done = {key: forms(entry.id) for key, entry in sentences(dutch).items() if all(forms(entry.string))}
    missing = [entry.id for key, entry in sentences(extracted).items() if done.get(key) != forms(entry.id)]
    assert len(sentences(extracted)) > 500
    assert not missing, f"{len(missing)} sentences have no Dutch; run `make translations` and translate them"


def test_nothing_is_fuzzy_or_left_over(extracted: Catalog, dutch: Catalog) -> None:
    assert not [entry.id for entry in dutch if entry.id and entry.fuzzy]
    assert not list(dutch.obsolete)
    assert not set(sentences(dutch)) - set(sentences(extracted)), "no page or mail says this any more"


def test_the_catalogue_is_sorted_and_names_no_lines(dutch: Catalog) -> None:
    order = [entry.id for entry in sorted(entry for entry in dutch if entry.id)]
    assert [entry.id for entry in dutch if entry.id] == order
    assert not re.findall(r"^#:", catalogue.DUTCH.read_text(), re.MULTILINE)


def test_dutch_fills_the_same_places(pairs: list[Pair]) -> None:
    wrong = [
        (english, dutch)
        for asked, given in pairs
        for english, dutch in zip(forms(asked.id), forms(given.string), strict=True)
        if _places(english) != _places(dutch)
    ]
    assert not wrong


def test_dutch_begins_and_ends_like_the_english(pairs: list[Pair]) -> None:
    wrong = [
        (english, dutch)
        for asked, given in pairs
        for english, dutch in zip(forms(asked.id), forms(given.string), strict=True)
        if _edges(english) != _edges(dutch)
    ]
    assert not wrong


def test_nothing_english_was_left(pairs: list[Pair]) -> None:
    assert {asked.id for asked, given in pairs if forms(asked.id) == forms(given.string)} <= SAME


def test_dutch_says_u_and_does_not_shout(pairs: list[Pair]) -> None:
    said = [text for _asked, given in pairs for text in forms(given.string)]
    assert not [text for text in said if re.search(r"\b(je|jij|jou|jouw|jullie)\b|!", text, re.IGNORECASE)]


def test_every_marked_sentence_is_found(extracted: Catalog) -> None:
    """One that is put together, or stands inside an f-string, would never reach the catalogue."""
    known = {form for entry in sentences(extracted).values() for form in forms(entry.id)}
    lost = [
        (place, text)
        for place, text in catalogue.marked()
        if text not in known and not place.startswith(TRANSLATES_LATER)
    ]
    assert not lost


def test_every_word_of_the_audit_log_has_dutch(dutch: Catalog) -> None:
    known = {form for entry in sentences(dutch).values() for form in forms(entry.id)}
    words = list(catalogue.audited())
    assert len(words) > 20
    assert not [(place, word) for place, word in words if word not in known]


def test_it_compiles_by_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(catalogue, "COMPILED", tmp_path / "messages.mo")
    catalogue.compile_if_stale()
    made = (tmp_path / "messages.mo").stat()
    catalogue.compile_if_stale()
    assert made.st_size > 10_000
    assert (tmp_path / "messages.mo").stat().st_mtime_ns == made.st_mtime_ns


@pytest.mark.sqlite
def test_a_dutch_page_is_dutch(client: FlaskClient) -> None:
    page = client.get("/login?lang=nl").text
    assert '<html lang="nl"' in page
    assert "Ik heb nog geen wachtwoord, of ben het vergeten" in page
    assert "Sign in" not in page
    token = re.findall(r'name="csrf_token" [^>]*value="([^"]+)"', page)[0]
    refused = client.post("/reset?lang=nl", data={"email": "", "csrf_token": token}).text
    assert "Vul uw e-mailadres in." in refused


@pytest.mark.sqlite
def test_no_page_says_an_english_sentence(app: Flask, sign_in: Callable[..., FlaskClient], dutch: Catalog) -> None:
    english = [text for entry in dutch if entry.id for text in forms(entry.id) if " " in text and "%" not in text]
    client = sign_in(*ROLES, language="nl")
    addresses = sorted({rule.rule for rule in app.url_map.iter_rules() if "GET" in rule.methods and not rule.arguments})
    pages = {address: client.get(address, follow_redirects=True) for address in addresses}
    texts = {address: _shown(page.text) for address, page in pages.items() if page.mimetype == "text/html"}
    assert len(texts) > 10
    assert not [(where, said) for where, text in texts.items() for said in english if f">{said}<" in text]


def _shown(page: str) -> str:
    """The page with its white space as a reader sees it, without what says of itself that it is English."""
    page = re.sub(r'<(\w+)\b[^>]* lang="en"[^>]*>.*?</\1>', "", page, flags=re.DOTALL)
    return re.sub(r"\s*([<>])\s*", r"\1", re.sub(r"\s+", " ", unescape(page)))


def _places(text: str) -> list[str]:
    return sorted(found.group(0) for found in PLACE.finditer(text) if found.group(0) != "%%" or "%(" in text)


def _edges(text: str) -> tuple[str, str]:
    """White space at both ends, and the colon or full stop that something may follow."""
    begin, end = re.match(r"\s*", text), re.search(r"[:.,]?\s*$", text)
    return (begin.group(0) if begin else "", end.group(0) if end else "")
