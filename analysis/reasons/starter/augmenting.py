"""Make more of the starter corpus: complaints denied, and longer answers that say several things."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from numpy.random import Generator

from analysis.text.cleaning import clauses, fold
from analysis.text.words import is_negator, polarity_words, stem, tokens

_LONGEST_DENIED = 10
_NO = {"nl": "geen", "en": "no"}
_NOT = {"nl": "niet", "en": "not"}
# Nouns are denied by "geen" and "no"; what strengthens a complaint stands behind the negator ("niet veel te duur").
_NOUNS = {
    "nl": frozenset(["fout", "fouten", "klacht", "klachten", "problemen", "storing", "storingen", "gedoe"]),
    "en": frozenset(["mistake", "mistakes", "error", "errors", "problem", "problems", "hassle", "outages"]),
}
_STRENGTH = {
    "nl": frozenset(["te", "veel", "erg", "heel", "zo", "ronduit", "peper", "ver", "gewoon"]),
    "en": frozenset(["too", "far", "way", "so", "very", "really", "just", "painfully", "simply"]),
}


@dataclass(frozen=True, slots=True)
class Example:
    """One answer of the starter corpus."""

    text: str
    language: str
    business: str
    reasons: tuple[str, ...]


def denied(example: Example) -> Example | None:
    """The same sentence with its complaint denied, which then gives no reason; None where that cannot be done.

    "The changing rooms were dirty" -> "The changing rooms were not dirty". The sentence vectors of the two are almost
    the same, so the model must see both to learn what the negator does.
    """
    words = tokens(example.text)
    complaints = [at for at, word in enumerate(words) if _complains(word, example.language)]
    plain = not any(is_negator(word, example.language) for word in words)
    if len(complaints) != 1 or not plain or len(words) > _LONGEST_DENIED or len(clauses(example.text)) > 1:
        return None
    at = complaints[0]
    negator = (_NO if fold(words[at]) in _NOUNS[example.language] else _NOT)[example.language]
    while at > 0 and fold(words[at - 1]) in _STRENGTH[example.language]:
        at -= 1
    return Example(" ".join([*words[:at], negator, *words[at:]]), example.language, example.business, ())


def composed(pool: Sequence[Example], reasons: Sequence[str], draw: Generator) -> Iterator[Example]:
    """Longer answers from examples of one pool, three per reason: two sentences on it, then a second reason or none.

    Real answers dwell on one to three reasons, and the calibration must have seen that the strongest of many clauses
    is high by chance.
    """
    for reason in reasons:
        on_it = [each for each in pool if reason in each.reasons]
        others = [each for each in pool if reason not in each.reasons]
        for size in (1, 2, 3):
            parts = [on_it[i] for i in draw.choice(len(on_it), min(2, len(on_it)), replace=False)]
            parts += [others[i] for i in draw.choice(len(others), size - 1, replace=False)]
            yield _together([parts[i] for i in draw.permutation(len(parts))], reasons)


def _complains(word: str, language: str) -> bool:
    return stem(word, language) in polarity_words("complaint", language)


def _together(parts: Sequence[Example], reasons: Sequence[str]) -> Example:
    text = " ".join(part.text if part.text[-1] in ".!?" else f"{part.text}." for part in parts)
    said = {reason for part in parts for reason in part.reasons}
    return Example(text, parts[0].language, "composed", tuple(reason for reason in reasons if reason in said))
