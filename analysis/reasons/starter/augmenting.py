"""Make more of the starter corpus: the same sentences with what they complain of denied, or what they deny praised."""

from collections.abc import Iterator
from dataclasses import dataclass
from zlib import crc32

from analysis.text.cleaning import clauses, fold
from analysis.text.polarity import Hit, polarity
from analysis.text.words import Word, mark_negation, tokens

_LONGEST = 14
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
_DENIALS = {
    "nl": ("Ik kan niet zeggen dat {}", "Het is niet zo dat {}", "Nooit meegemaakt dat {}", "Het klopt niet dat {}"),
    "en": ("I can't say that {}", "It is not true that {}", "At no point was it so that {}", "I never found that {}"),
}


@dataclass(frozen=True, slots=True)
class Example:
    """One answer of the starter corpus."""

    text: str
    language: str
    business: str
    reasons: tuple[str, ...]
    #: what it says is not so
    denies: tuple[str, ...] = ()


def twins(example: Example) -> Iterator[Example]:
    """What becomes of a short sentence when its complaint is denied, or its denied praise said; these give no reason.

    "The changing rooms were dirty" -> "The changing rooms were not dirty" and "I can't say that the changing rooms were
    dirty"; "The waiter was not friendly" -> "The waiter was friendly". The sentence vectors of the two are almost the
    same, so the model must see both to learn what the negator does.
    """
    words = mark_negation(example.text, example.language)
    if not example.reasons or len(tokens(example.text)) > _LONGEST or len(clauses(example.text)) > 1:
        return
    found = polarity(words, example.language)
    if found.verdict == "complains":
        for text in _turned(example, words, found.hits):
            yield Example(text, example.language, example.business, (), example.reasons)


def _turned(example: Example, words: list[Word], hits: tuple[Hit, ...]) -> Iterator[str]:
    written = [word.text for word in words]
    negators = [at for at, word in enumerate(words) if word.negates]
    complaints = [hit for hit in hits if "complaint" in hit.names]
    if not negators:
        denial = _DENIALS[example.language][crc32(example.text.encode()) % 4]
        yield denial.format(example.text[0].lower() + example.text[1:])
        if len(complaints) == 1:
            yield " ".join(_with_negator(written, complaints[0].start, example.language))
    elif len(negators) == 1 and all(hit.start <= negators[0] < hit.end for hit in complaints):
        # denied praise, or a complaint that consists of one ("niet bereikbaar")
        yield " ".join(written[: negators[0]] + written[negators[0] + 1 :])


def _with_negator(words: list[str], at: int, language: str) -> list[str]:
    negator = (_NO if fold(words[at]) in _NOUNS[language] else _NOT)[language]
    while at > 0 and fold(words[at - 1]) in _STRENGTH[language]:
        at -= 1
    return [*words[:at], negator, *words[at:]]
