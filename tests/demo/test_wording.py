"""The answers in the customers' own words: rich, different, and not borrowed from the classifier's examples."""

import re
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

import analysis
from analysis.text.redaction import redact
from survey.demo import wording_en, wording_nl
from survey.demo.business import REASONS
from survey.demo.generating import DemoBusiness
from survey.demo.grammar import Setting, write_answer

STARTER = Path(analysis.__file__).parent / "reasons"
RUN = 4
WORD = re.compile(r"[^\W_]+")
NEAT = Setting(town="Zutphen", staff="Ronald", writer="Truus Bakker", sloppiness=0.0)
BOTH = pytest.mark.parametrize(("language", "wording"), [("nl", wording_nl), ("en", wording_en)])


def runs(text: str) -> set[tuple[str, ...]]:
    """Every run of four consecutive words, without capitals and punctuation."""
    words = WORD.findall(text.lower())
    return {tuple(words[at : at + RUN]) for at in range(len(words) - RUN + 1)}


@pytest.fixture(scope="module")
def borrowed() -> set[tuple[str, ...]]:
    """The runs of the classifier's example phrases, whatever file format they are kept in."""
    files = [path for path in STARTER.rglob("starter/**/*") if path.suffix in (".txt", ".csv", ".json", ".toml")]
    found = {run for path in files for line in path.read_text("utf-8").splitlines() for run in runs(line)}
    assert len(found) > 1000, "the classifier's example phrases are not where this test looks for them"
    return found


def compose(language: str, reasons: tuple[str, ...], number: int) -> list[str]:
    return [write_answer(np.random.default_rng([7, seed]), language, reasons, NEAT) for seed in range(number)]


def test_runs_are_found_whatever_the_punctuation() -> None:
    assert runs("Te laat, en: nooit gebeld!") == {("te", "laat", "en", "nooit"), ("laat", "en", "nooit", "gebeld")}
    assert runs("te laat gebeld") == set()


@BOTH
def test_no_sentence_shares_four_words_with_an_example_phrase(
    language: str, wording: ModuleType, borrowed: set[tuple[str, ...]]
) -> None:
    shared = {
        (reason, " ".join(run))
        for reason, patterns in (wording.PATTERNS | wording.THEMES).items()
        for text in compose(language, (reason,), 60 * len(patterns))
        for run in runs(text) & borrowed
    }
    shared |= {("still here", " ".join(run)) for text in compose(language, (), 500) for run in runs(text) & borrowed}
    assert shared == set()


def test_no_answer_of_the_business_shares_four_words_with_an_example_phrase(
    business: DemoBusiness, borrowed: set[tuple[str, ...]]
) -> None:
    answers = [business.answer(row.customer_id, language) for row in business.customers for language in ("nl", "en")]
    texts = [answer.words for answer in answers if answer and answer.words]
    assert len(texts) > 1000
    assert {" ".join(run) for text in texts for run in runs(text) & borrowed} == set()


@BOTH
def test_every_reason_has_twelve_patterns_with_slots_that_can_be_filled(language: str, wording: ModuleType) -> None:
    assert tuple(wording.PATTERNS) == REASONS
    slots = {"town", "staff", "phone", "mail", "plate", "me"} | set(wording.SLOTS)
    for reason, patterns in (wording.PATTERNS | wording.THEMES).items():
        assert len(set(patterns)) == len(patterns) >= (7 if reason in wording.THEMES else 12), reason
        assert {slot for pattern in patterns for slot in re.findall(r"\{(\w+)\}", pattern)} <= slots
    assert not any("{" in text for reason in (*REASONS, *wording.THEMES) for text in compose(language, (reason,), 100))


@BOTH
def test_thousands_of_answers_differ(language: str, wording: ModuleType) -> None:
    texts = [text for reason in REASONS[:8] for text in compose(language, (reason, "slow_service"), 500)]
    assert len(set(texts)) > 0.95 * len(texts) > 3500


@BOTH
def test_an_answer_speaks_of_every_reason_it_is_asked_to(language: str, wording: ModuleType) -> None:
    texts = compose(language, ("rude_staff", "circumstances"), 50)
    opening = [pattern.split("{")[0].strip(" .,!?").lower() for pattern in wording.PATTERNS["circumstances"]]
    assert all(any(start in text.lower() for start in opening if start) for text in texts)
    assert np.mean([len(text) for text in texts]) > 40


def test_some_answers_hold_personal_data_and_only_what_is_made_up(business: DemoBusiness) -> None:
    words = [answer.words for row in business.customers if (answer := business.answer(row.customer_id, "nl"))]
    numbers = [number for text in words for number in re.findall(r"\+?\d[\d -]{7,}\d", text)]
    assert len(numbers) > 10
    assert all(re.sub(r"\D", "", number).removeprefix("31").removeprefix("0").startswith("60000") for number in numbers)
    addresses = [address for text in words for address in re.findall(r"\S+@\S+", text)]
    assert addresses
    assert all(address.lower().rstrip("!.").endswith("@example.org") for address in addresses)
    first_names = {one.first_name.lower() for one in business.employees}
    assert sum(any(name in WORD.findall(text.lower()) for name in first_names) for text in words) > 10


def test_answers_are_typed_carelessly() -> None:
    sloppy = Setting(town="Zutphen", staff="Ronald", writer="Truus Bakker", sloppiness=0.3)
    neat, careless = (
        [write_answer(np.random.default_rng([7, seed]), "nl", ("slow_service",), who) for seed in range(200)]
        for who in (NEAT, sloppy)
    )
    known = {word for text in neat for word in WORD.findall(text.lower())}
    assert sum(not set(WORD.findall(text.lower())) <= known for text in careless) > 80
    assert 0.2 < np.mean([text == text.lower() for text in neat]) < 0.5
    assert 0.2 < np.mean([text[-1] not in ".!?" for text in neat]) < 0.7


def test_what_is_personal_in_an_answer_can_be_masked(business: DemoBusiness) -> None:
    names = [one.first_name for one in business.employees]
    form = re.compile(r"0000|@|-00-")
    words = [answer.words for row in business.customers if (answer := business.answer(row.customer_id, "en"))]
    personal = [text for text in words if form.search(text)]
    assert len(personal) > 20
    assert [text for text in personal if form.search(redact(text, names).text)] == []
