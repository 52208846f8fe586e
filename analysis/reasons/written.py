"""The single words of an answer, from the terms that are stored beside its reading."""

from functools import lru_cache

from analysis.text.spelling import meant
from analysis.text.words import Word, stem


def words_of(terms: str, language: str) -> tuple[Word, ...]:
    """Each word once, by letter; placeholders of masked data left out. `terms`: those of a reading, a line each.

    A line holds one term in all its spellings ("duur / Duur"); of a denied word ("niet … duur") it says first what
    denies it, and a pair ("te duur") is no single word.
    """
    spellings = {spelling for line in terms.split("\n") for spelling in line.split(" / ")}
    bare = {spelling.rpartition(" … ")[2] for spelling in spellings}
    return tuple(_word(text, language) for text in sorted(bare) if _is_word(text))


def _is_word(text: str) -> bool:
    return bool(text) and " " not in text and not text.startswith("[")


@lru_cache(maxsize=200_000)
def _word(text: str, language: str) -> Word:
    """One object for a word however often it is written: answers are many, their words few."""
    return Word(text, stem(meant(text, language), language))
