"""Words as they were meant: what was mistyped becomes the word beside it that people use, so that it says the same.

Only a word that neither language knows is put right, by one slip (a letter too many, too few, another, or two that
changed places; Damerau 1964), never by its first letter, and never a name: what begins with a capital within a
sentence stays. Word lists: those of pyspellchecker; the search: SymSpell (Garbe 2012).
"""

import gzip
import json
import re
from collections.abc import Iterator
from functools import cache, lru_cache
from importlib.resources import files

from symspellpy import SymSpell, Verbosity

from analysis.text.cleaning import fold
from analysis.text.language import LANGUAGES
from analysis.text.words import NEGATORS

#: a word of a text, and where masked data stand, which is none; what has a hyphen or an apostrophe is written with care
WORD = re.compile(r"\[[^\]\s]*\]|[^\W\d_]+(?:['-][^\W\d_]+)*")
#: what stands before the first word of a sentence
_STARTS = re.compile(r"(?:^|[.!?\n]\s*)$")
_SHORTEST, _LONGEST = 4, 30
#: a word that is used so seldom (in the 10^8 words of films and books that were counted) is not what was meant
_SELDOM = 120
_REMEMBERED = 200_000


def put_right(text: str, language: str) -> tuple[str, dict[str, str]]:
    """`text` with its slips put right, word for word, and of each word put right what was typed, both in lower case;
    not of one that also stands there as it should. Linear in the length of the text."""
    words = set(WORD.findall(text))
    slips = {word: meant for word in words - _right(language) if (meant := _looked_up(word, language))}
    if not slips:
        return text, {}
    typed: dict[str, str] = {}

    def replaced(match: re.Match[str]) -> str:
        word = match[0]
        meant = slips.get(word)
        if not meant or _is_name(word, text[max(0, match.start() - 4) : match.start()]):
            return word
        if meant not in words:
            typed[meant] = word.lower()
        return meant

    return WORD.sub(replaced, text), typed


def _is_name(word: str, before: str) -> bool:
    """Whether it has a capital that no sentence asked for; in capitals throughout it is only loud."""
    return word[0].isupper() and not word.isupper() and not _STARTS.search(before)


def meant(word: str, language: str) -> str:
    """The word, as it was meant."""
    return _meant(word, language) or word


def _looked_up(word: str, language: str) -> str | None:
    found = _meant(word, language)
    if found is None:
        seen = _right(language)
        if len(seen) >= _REMEMBERED:
            seen.clear()
        seen.add(word)
    return found


@cache
def _right(language: str) -> set[str]:
    """Words that were looked up before and are right: most are, so a set spares the looking."""
    return set()


@lru_cache(maxsize=_REMEMBERED)
def _meant(word: str, language: str) -> str | None:
    plain = fold(word)
    is_word = _SHORTEST <= len(plain) <= _LONGEST and plain.isalpha()
    if not is_word or any(plain in _words(each) for each in LANGUAGES):
        return None
    near = [each.term for each in _search(language).lookup(plain, Verbosity.ALL, max_edit_distance=1)]
    near = [term for term in near if term[0] == plain[0]]
    sure = [term for term in near if set(term) == set(plain)]  # letters that changed places, or stand there twice
    likely = near if len(plain) > _SHORTEST else []
    return next(iter([*sure, *likely]), None)


@cache
def _words(language: str) -> dict[str, int]:
    """How often each word of a language is used."""
    stored = files("spellchecker").joinpath("resources", f"{language}.json.gz").read_bytes()
    found: dict[str, int] = {fold(word): count for word, count in json.loads(gzip.decompress(stored)).items()}
    for word in (*_of_lists(language), *NEGATORS[language]):
        found[word] = max(found.get(word, 0), _SELDOM)
    return found


def _of_lists(language: str) -> Iterator[str]:
    """The words that our own lists know a reason by."""
    for name in (f"{language}.txt", f"reasons_{language}.txt"):
        text = files("analysis.text").joinpath("lexicon", name).read_text("utf-8")
        for line in text.splitlines():
            if not line.startswith("#"):
                yield from re.findall(r"[^\W\d_]+", fold(line.partition(":")[2]))


@cache
def _search(language: str) -> SymSpell:
    search = SymSpell(max_dictionary_edit_distance=1, prefix_length=7)
    for word, count in _words(language).items():
        if count >= _SELDOM and len(word) >= _SHORTEST - 1:
            search.create_dictionary_entry(word, count)
    return search
