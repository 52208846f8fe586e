"""What the word lists hear in a clause: complaints, praise, and which of them are denied."""

import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.reasons.starter import REASONS, starter_corpus
from analysis.text.cleaning import clauses, normalise
from analysis.text.polarity import VETO, VETO_OF_US, lexicon, polarity
from analysis.text.words import mark_negation


def vetoes(text: str, language: str) -> tuple[str, ...]:
    return polarity(mark_negation(text, language), language).vetoes


def verdict(text: str, language: str) -> str:
    return polarity(mark_negation(text, language), language).verdict


@pytest.mark.parametrize(
    ("text", "language", "expected"),
    [
        ("Het was er te duur", "nl", "complains"),
        ("Het was er niet te duur", "nl", "denies"),
        ("Duur was het er niet", "nl", "denies"),
        ("Het was er allesbehalve duur", "nl", "denies"),
        ("De ober was niet vriendelijk", "nl", "complains"),
        ("De ober was vriendelijk", "nl", "praises"),
        ("Niet alleen duur", "nl", "complains"),
        ("Niet duur, maar de ober was onbeleefd", "nl", "complains"),
        ("Ik kan niet zeggen dat ik de rekening voor een kleine beurt echt duur vond", "nl", "denies"),
        ("The staff were rude", "en", "complains"),
        ("The staff were not rude", "en", "denies"),
        ("The staff weren't rude", "en", "denies"),
        ("The staff were far from rude", "en", "denies"),
        ("The staff were not friendly", "en", "complains"),
        ("Hardly slow", "en", "denies"),
        ("Hoe kan dat, het was niet meer betaalbaar", "nl", "complains"),
        ("Ik wil niet meer wachten", "nl", "complains"),
        ("De verwarming was niet meer kapot", "nl", "denies"),
        ("De internetlijn viel nooit uit", "nl", "denies"),
        ("Koud noch somber was de zaal", "nl", "denies"),
        ("Dat ze bot waren kan ik niet zeggen", "nl", "denies"),
        ("Ik heb nog nooit zo slecht gegeten", "nl", "complains"),
        ("Mijn premie werd verdubbeld en dat kan ik niet dragen", "nl", "complains"),
        ("Hij keek niet op en was onbeschoft", "nl", "complains"),
        ("Je komt er niet weg zonder een opdringerig praatje", "nl", "complains"),
        ("Bot was hij alles behalve", "nl", "denies"),
        ("You can't leave without a pushy pitch", "en", "complains"),
        ("The ride could not have been more comfortable", "en", "praises"),
        ("It couldn't be slower", "en", "complains"),
        ("I don't want to wait", "en", "complains"),
        ("I never had to wait", "en", "denies"),
        ("At no point were they rude", "en", "denies"),
        ("Not one complaint, and the waiter was rude", "en", "complains"),
        ("The wait was not long", "en", "denies"),
        ("It's dirty since nobody cleans", "en", "complains"),
        ("I have yet to find a mistake", "en", "denies"),
        ("We met in the afternoon", "en", ""),
        ("", "en", ""),
    ],
)
def test_verdict(text: str, language: str, expected: str) -> None:
    assert verdict(text, language) == expected


@pytest.mark.parametrize(
    ("text", "language", "expected"),
    [
        ("Het was er niet duur", "nl", (VETO,)),
        ("De ober was vriendelijk", "nl", (VETO_OF_US,)),
        ("Ik kan niet zeggen dat ze hun best niet deden", "nl", (VETO,)),
        ("Bij geen andere zaak is het beter", "nl", (VETO,)),
        ("Niet duur, alleen ver", "nl", ()),
        ("De ober was niet vriendelijk", "nl", ()),
        ("It was anything but expensive", "en", (VETO,)),
        ("It wasn't awful, just canteen food", "en", ()),
        ("A friendly waiter, dry cake", "en", ()),
        ("Weet ik niet", "nl", (VETO,)),
        ("Ze weten het niet", "nl", ()),
        ("No idea", "en", (VETO,)),
        ("They never call back", "en", ()),
        ("Nobody will say why", "en", ()),
        (f"It was not draughty {'in the hall ' * 6}", "en", ("premises",)),
    ],
)
def test_what_a_clause_takes_back(text: str, language: str, expected: tuple[str, ...]) -> None:
    assert vetoes(text, language) == expected


def test_few_answers_with_a_reason_take_anything_back() -> None:
    """A denial that is heard where there is none silences a complaint; the examples have some on purpose."""
    alone = [e for e in starter_corpus() if e.reasons and len(clauses(normalise(e.text))) == 1]
    silenced = [e.text for e in alone if vetoes(e.text, e.language)]
    assert len(silenced) <= 0.01 * len(alone), silenced


@pytest.mark.parametrize("language", ["nl", "en"])
def test_denials_are_taken_back_and_complaints_are_not(language: str) -> None:
    lines = (Path(__file__).parent / "denied_answers.txt").read_text(encoding="utf-8").splitlines()
    pairs = [line.split(" | ")[1:] for line in lines if line.startswith(f"{language} | ")]
    assert len(pairs) >= 100
    assert [said for said, _ in pairs if vetoes(said, language)] == []
    assert sum(bool(vetoes(denied, language)) for _, denied in pairs) >= 0.9 * len(pairs)


@pytest.mark.parametrize("form", ["friends", "clearly", "working", "later"])
def test_a_form_that_is_meant_is_no_other_of_its_stem(form: str) -> None:
    assert verdict(f"Our {form} house", "en") == ""


@pytest.mark.parametrize("language", ["nl", "en"])
def test_every_reason_has_words_of_its_own(language: str) -> None:
    names = [name for found in lexicon(language).values() for name in found]
    for reason in REASONS:
        assert names.count(reason) >= 60, reason
    assert names.count("praise") >= 50


@pytest.mark.parametrize("language", ["nl", "en"])
def test_a_word_complains_of_few_reasons(language: str) -> None:
    """A word that stands for many reasons says nothing of any."""
    crowded = [entry for entry, names in lexicon(language).items() if sum(name in REASONS for name in names) > 2]
    assert crowded == []


@given(st.text(max_size=300), st.sampled_from(["nl", "en"]))
def test_hits_lie_inside_the_clause_in_order(text: str, language: str) -> None:
    words = mark_negation(text, language)
    hits = polarity(words, language).hits
    assert all(0 <= hit.start < hit.end <= len(words) for hit in hits)
    assert all(a.end <= b.start for a, b in zip(hits, hits[1:], strict=False))


def test_a_long_text_of_denials_takes_no_time() -> None:
    words = mark_negation("niet duur " * 200, "nl")
    start = time.process_time()
    polarity(words, "nl")
    assert time.process_time() - start < 0.5
