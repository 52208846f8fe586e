"""Words of a normalised text: tokens, stems, and which of them are denied. Dutch and English."""

import re
from dataclasses import dataclass
from functools import lru_cache

from nltk.stem.snowball import SnowballStemmer

from analysis.text.cleaning import fold

# Placeholders of masked data stay whole; inner apostrophes and hyphens belong to the word.
_TOKEN = re.compile(r"\[[A-Z-]+(?:\d+|x[a-z]{4})?\]|\w+(?:['-]\w+)*|[.!?;,:]")
_STOPS = frozenset(".!?;:")
NEGATORS = {
    "nl": frozenset(
        ["niet", "geen", "nooit", "niemand", "nergens", "niks", "niets", "noch", "nauwelijks", "zonder", "allesbehalve",
         "allerminst", "geenszins", "zelden", "amper", "evenmin", "betwijfel", "nul"]
    ),
    "en": frozenset(
        ["not", "no", "never", "nobody", "none", "nothing", "nowhere", "neither", "nor", "hardly", "without", "cannot",
         "barely", "rarely", "seldom", "scarcely", "doubt", "zero", "dont", "doesnt", "didnt", "isnt", "wasnt", "arent",
         "werent", "cant", "couldnt", "wouldnt", "hasnt", "havent", "hadnt"]
    ),
}  # fmt: skip
#: two words that deny together
_NEGATOR_PAIRS = {
    "nl": {("verre", "van"), ("vrij", "van"), ("alles", "behalve")},
    "en": {("far", "from"), ("free", "of"), ("anything", "but"), ("yet", "to"), ("nowhere", "near")},
}
# "not only slow but rude" and "niet alleen traag" deny nothing; "nothing but trouble" and "niet normaal duur" neither.
_NOT_A_DENIAL = {
    ("niet", "alleen"), ("niet", "slechts"), ("niet", "normaal"), ("niets", "dan"),
    ("niets", "anders"),
    ("not", "only"), ("not", "just"), ("nothing", "but"), ("no", "wonder"), ("no", "sooner"),
}  # fmt: skip
_REACH = 4

_STEMMERS = {"nl": SnowballStemmer("dutch"), "en": SnowballStemmer("english")}


@dataclass(frozen=True, slots=True)
class Word:
    """A word as it was written, its stem, and the negator that denies it ("" where none does)."""

    text: str
    stem: str
    denied_by: str = ""
    #: whether it denies others
    negates: bool = False
    #: counts the marks before it, commas too: words between two marks belong together
    phrase: int = 0

    @property
    def term(self) -> str:
        """The stem with its mark: "duur" and "not:duur" are two different terms."""
        return f"not:{self.stem}" if self.denied_by else self.stem


def tokens(text: str) -> list[str]:
    """Words and marks of `text` in order, as written. Linear in the length of the text."""
    return _TOKEN.findall(text)


def stem(word: str, language: str) -> str:
    """The Snowball stem of one word, without case and accents."""
    return _stem_of_written(word, language)


@lru_cache(maxsize=100_000)
def folded(word: str) -> str:
    """A word without case and accents."""
    return fold(word)


def stems(text: str, language: str) -> list[str]:
    """The stems of the words of `text`, marks left out."""
    return [word.stem for word in mark_negation(text, language)]


def mark_negation(text: str, language: str) -> list[Word]:
    """The words of `text` in order, each with the negator that denies it.

    A negator denies the next four words up to a mark. In Dutch it also stands behind what it denies ("duur is het
    niet"): a negator with nothing behind it denies the four words before it.
    """
    words: list[Word] = []
    phrase = 0
    for sentence in _sentences(tokens(text)):
        phrase += 1
        plain = [piece for piece in sentence if piece != ","]
        negators = _negators(plain, language)
        denied = _denials(plain, negators, language)
        at = 0
        for piece in sentence:
            if piece == ",":
                phrase += 1
            else:
                words.append(Word(piece, stem(piece, language), denied[at], at in negators, phrase))
                at += 1
    return words


@lru_cache(maxsize=100_000)
def is_negator(word: str, language: str) -> bool:
    """Whether `word` denies what stands beside it."""
    plain = folded(word)
    return plain in NEGATORS[language] or (language == "en" and plain.endswith("n't"))


def _sentences(found: list[str]) -> list[list[str]]:
    sentences: list[list[str]] = [[]]
    for piece in found:
        if piece in _STOPS:
            sentences.append([])
        else:
            sentences[-1].append(piece)
    return [sentence for sentence in sentences if sentence]


def _negators(sentence: list[str], language: str) -> frozenset[int]:
    """Where a negator stands that denies something; of two words that deny together, the second."""
    if not any(_may_deny(word, language) for word in sentence):
        return frozenset()
    plain = [folded(word) for word in sentence]
    found = set()
    for at, word in enumerate(sentence):
        pair = tuple(plain[at : at + 2])
        if pair in _NEGATOR_PAIRS[language]:
            found.add(at + 1)
        elif is_negator(word, language) and pair not in _NOT_A_DENIAL:
            found.add(at)
    return frozenset(found)


@lru_cache(maxsize=100_000)
def _may_deny(word: str, language: str) -> bool:
    plain = folded(word)
    return is_negator(word, language) or any(plain == first for first, _ in _NEGATOR_PAIRS[language])


def _denials(sentence: list[str], negators: frozenset[int], language: str) -> list[str]:
    """For each word of a sentence the negator that reaches it."""
    denied = [""] * len(sentence)
    for at in sorted(negators):
        behind = range(at + 1, min(at + 1 + _REACH, len(sentence)))
        before = range(max(0, at - _REACH), at) if language == "nl" else range(0)
        for reached in behind or before:
            denied[reached] = "" if is_negator(sentence[reached], language) else sentence[at]
    return denied


@lru_cache(maxsize=100_000)
def _stem_of_written(word: str, language: str) -> str:
    return _stem(folded(word), language)


@lru_cache(maxsize=100_000)
def _stem(folded: str, language: str) -> str:
    if folded.startswith("["):  # its kind only: no model learns a person
        return "[staff]" if folded.startswith("[staff") else folded
    return str(_STEMMERS[language].stem(folded))
