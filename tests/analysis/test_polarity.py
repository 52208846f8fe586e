"""What the word lists hear in a clause: complaints, praise, and which of them are denied."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.reasons.starter import REASONS
from analysis.text.polarity import lexicon, polarity
from analysis.text.words import mark_negation


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
        ("We met in the afternoon", "en", ""),
        ("", "en", ""),
    ],
)
def test_verdict(text: str, language: str, expected: str) -> None:
    assert verdict(text, language) == expected


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
