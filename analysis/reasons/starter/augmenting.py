"""Make more of the starter corpus: complaints denied."""

from dataclasses import dataclass

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


def _complains(word: str, language: str) -> bool:
    return stem(word, language) in polarity_words("complaint", language)
