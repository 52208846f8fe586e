"""The starter corpus: enough of everything, nothing twice."""

from collections import Counter
from itertools import combinations

import numpy as np
import pytest

from analysis.reasons import starter
from analysis.reasons.encoder import default_encoder
from analysis.reasons.model import ReasonModel
from analysis.reasons.starter import REASONS, starter_corpus
from analysis.reasons.starter.augmenting import Example, twins
from analysis.text import detect_language, stems, tokens

LANGUAGES = ("nl", "en")


def _of(language: str) -> list[Example]:
    return [example for example in starter_corpus() if example.language == language]


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_reason_has_examples_enough(language: str) -> None:
    counts = Counter(reason for example in _of(language) for reason in example.reasons)
    assert set(counts) == set(REASONS)
    assert min(counts.values()) >= 80


@pytest.mark.parametrize("language", LANGUAGES)
def test_there_are_answers_without_a_reason_and_with_several(language: str) -> None:
    sizes = Counter(len(example.reasons) for example in _of(language))
    assert sizes[0] >= 80
    assert sizes[2] >= 20


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_examples_come_from_many_kinds_of_business(language: str) -> None:
    for reason in REASONS:
        businesses = {example.business for example in _of(language) if reason in example.reasons}
        assert len(businesses) >= 10, reason


@pytest.mark.parametrize("language", LANGUAGES)
def test_there_are_short_and_long_examples(language: str) -> None:
    lengths = np.array([len(tokens(example.text)) for example in _of(language)])
    assert (lengths <= 4).sum() >= 20
    assert (lengths >= 14).sum() >= 20


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_two_examples_are_near_copies(language: str) -> None:
    words = [(frozenset(stems(example.text, language)), example.text) for example in _of(language)]
    long = [(stemmed, text) for stemmed, text in words if len(stemmed) >= 4]
    copies = [(a, b) for (x, a), (y, b) in combinations(long, 2) if len(x & y) > 0.5 * len(x | y)]
    assert copies == []
    assert len({text.lower() for _, text in words}) == len(words)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_detector_agrees_on_the_language_of_nearly_all(language: str) -> None:
    examples = _of(language)
    assert np.mean([detect_language(example.text) == language for example in examples]) >= 0.97


def test_a_line_that_is_not_understood_is_named() -> None:
    with pytest.raises(ValueError, match=r"nl/price.txt, line 7"):
        starter._example("gym + cheapness: te duur", "price", "nl", "nl/price.txt, line 7")
    with pytest.raises(ValueError, match="further reasons"):
        starter._example("geen dubbele punt", "price", "nl", "nl/price.txt, line 7")


@pytest.mark.parametrize(
    ("text", "language", "expected"),
    [
        ("De kleedkamer was smerig.", "nl", "De kleedkamer was niet smerig"),
        ("Veel te duur.", "nl", "niet Veel te duur"),
        ("Er zaten fouten in.", "nl", "Er zaten geen fouten in"),
        ("Way too pricey.", "en", "not Way too pricey"),
        ("The waiter was not friendly.", "en", "The waiter was friendly"),
        ("De ober was niet vriendelijk.", "nl", "De ober was vriendelijk"),
    ],
)
def test_a_complaint_is_denied_and_denied_praise_said(text: str, language: str, expected: str) -> None:
    found = list(twins(Example(text, language, "gym", ("premises",))))
    assert Example(expected, language, "gym", (), ("premises",)) in found
    assert {twin.reasons for twin in found} == {()}


@pytest.mark.parametrize("text", ["Het was niet duur", "Ik kwam er graag", "Te duur. Ook dat nog."])
def test_what_cannot_be_turned_is_left_alone(text: str) -> None:
    assert list(twins(Example(text, "nl", "gym", ("price",)))) == []


@pytest.mark.parametrize("encoder_id", [default_encoder().id, "characters-1"])
def test_the_shipped_models_are_made_of_this_corpus(encoder_id: str) -> None:
    """Run `make starter` where this fails."""
    made = ReasonModel.load(starter.shipped(encoder_id))
    assert made.weights.about["corpus"] == starter.corpus_hash()
    assert made.reasons == REASONS
