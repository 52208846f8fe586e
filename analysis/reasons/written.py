"""The single words of an answer, from the terms that are stored beside its reading."""

from analysis.text.words import Word, stem


def words_of(terms: str, language: str) -> tuple[Word, ...]:
    """Each word once, by letter; placeholders of masked data left out. `terms`: those of a reading, a line each.

    A line holds one term in all its spellings ("duur / Duur"); of a denied word ("niet … duur") it says first what
    denies it, and a pair ("te duur") is no single word.
    """
    spellings = {spelling for line in terms.split("\n") for spelling in line.split(" / ")}
    bare = {spelling.rpartition(" … ")[2] for spelling in spellings}
    return tuple(Word(text, stem(text, language)) for text in sorted(bare) if _is_word(text))


def _is_word(text: str) -> bool:
    return bool(text) and " " not in text and not text.startswith("[")
