"""Slips of the keyboard: what is put right, what is left alone, and that the customer's own words are shown."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

import analysis
from analysis.reasons.reading import cut, segments
from analysis.text.spelling import WORD, meant, put_right

SLIPS = [
    ("nl", "enrgie", "energie"), ("nl", "onbeschotf", "onbeschoft"), ("nl", "rekenign", "rekening"),
    ("nl", "vroger", "vroeger"), ("nl", "nimand", "niemand"), ("nl", "veeel", "veel"),
    ("en", "rdue", "rude"), ("en", "kpet", "kept"), ("en", "mesages", "messages"), ("en", "realy", "really"),
    ("en", "DISAPOINTED", "disappointed"), ("en", "anwsers", "answers"),
]  # fmt: skip


@pytest.mark.parametrize(("language", "typed", "right"), SLIPS)
def test_a_slip_is_put_right(language: str, typed: str, right: str) -> None:
    assert put_right(f"zo {typed} is", language) == (f"zo {right} is", {right: typed.lower()})
    assert meant(typed, language) == right


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("nl", "De verkoper was onvriendelijk en veel te duur."),
        ("en", "the waiter wasn't helpful, dont bother"),  # both ways of writing a denial
        ("nl", "De helpdesk gaf geen support"),  # words of the other language
        ("nl", "Wij gingen naar Altembrouck en Keytrade"),  # names
        ("nl", "[STAFF-abcd] zei [EMAIL] tegen [PHONE1]"),
        ("nl", "ff bln k1234 20-3-2026 3.50 a-b"),
        ("en", ""),
    ],
)
def test_what_is_right_or_no_word_stays(language: str, text: str) -> None:
    assert put_right(text, language) == (text, {})


def test_a_capital_is_a_name_but_at_the_start_of_a_sentence() -> None:
    right, _ = put_right("Nimand belde. Rekenign klopte niet, zei Nimand", "nl")
    assert right == "niemand belde. rekening klopte niet, zei Nimand"


@given(st.text(st.sampled_from("abdeiknorstu .,!?[]-'\nAEN1é"), max_size=200), st.sampled_from(["nl", "en"]))
def test_word_for_word(text: str, language: str) -> None:
    """As many words as before, in the same places; what stands between them is untouched."""
    right, typed = put_right(text, language)
    before, after = WORD.findall(text), WORD.findall(right)
    assert WORD.split(text) == WORD.split(right)
    changed = {new: old.lower() for old, new in zip(before, after, strict=True) if old != new}
    assert typed.items() <= changed.items()
    assert put_right(right, language)[0] == right


def test_clauses_are_shown_as_they_were_typed() -> None:
    text = "De enrgie werdt onbetaalbaar, maar nimand beantwoord mijn bericthen. En de energie viel uit!"
    assert cut(text, "nl").rows[1] == "De energie wordt onbetaalbaar"
    assert segments(text, "nl") == [
        text, "De enrgie werdt onbetaalbaar", "maar nimand beantwoord mijn bericthen.", "En de energie viel uit!",
    ]  # fmt: skip


def test_a_slip_says_the_same_and_is_explained_in_the_words_that_were_typed() -> None:
    model = analysis.starter_model()
    right, typed = "Het personeel was onbeschoft", "Het personeel was onbeschotf"
    assert (model.predict_proba([right], ["nl"]) == model.predict_proba([typed], ["nl"])).all()
    words = [each.text for each in model.explain(typed, "nl")["rude_staff"].contributions if each.kind == "words"]
    assert any("onbeschotf" in each for each in words)
    assert not any("onbeschoft" in each for each in words)
