"""The terms of a clause (word and word-pair stems with negation marks) in a frozen hashed vocabulary.

Stored readings hold hashed ids only, so what is said here may not change without a new PREPROCESSING: numbers
stored under another one are not comparable.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import pairwise
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from analysis.text.language import LANGUAGES
from analysis.text.polarity import lexicon, mark_names, polarity
from analysis.text.words import Word, mark_negation

PREPROCESSING = "terms-2"
BUCKETS = 2**22

# How much the two unit vectors of a clause, its terms and its sentence vector, weigh against each other.
TERM_WEIGHT = 2.0
VECTOR_WEIGHT = 1.5
MARK_WEIGHT = 1.5
# A denial turns the whole clause round, against all that its words and its vector say.
VERDICT_WEIGHT = 4.0
# In so few words ("the shop was dirty") one that complains of a reason is all there is to go by.
_SHORT = 7

# What the word lists say of a clause; see analysis.text.polarity. These weigh the same in short and long clauses.
MARK = "~"


@dataclass(frozen=True, slots=True)
class Term:
    """A term as the model knows it (`key`) and as the customer wrote it (`words`)."""

    key: str
    words: str


def terms(clause: str, language: str) -> list[Term]:
    """The terms of one clause in order: words, pairs, and marks for what the word lists know, said or denied."""
    words = mark_negation(clause, language)
    single = [Term(word.term, _written(word)) for word in words]
    pairs = [Term(f"{a.key} {b.key}", f"{x.text} {y.text}") for (a, b), (x, y) in
             zip(pairwise(single), pairwise(words), strict=True)]  # fmt: skip
    return [*single, *pairs, *_marks(words, language)]


@dataclass(frozen=True, slots=True, eq=False)
class Hashed:
    """The terms of one row: ids in the hashed vocabulary, ascending, how often each occurs, and how it was written.

    All of length (number of distinct ids); `written` puts a slash between different spellings of one term.
    """

    ids: NDArray[np.uint32]
    counts: NDArray[np.uint16]
    written: tuple[str, ...]


def hashed(found: list[Term]) -> Hashed:
    """Count terms by their ids."""
    counts: dict[int, int] = {}
    spellings: dict[int, dict[str, None]] = {}
    for term in found:
        key = bucket(term.key)
        counts[key] = counts.get(key, 0) + 1
        spellings.setdefault(key, {})[term.words.lower()] = None
    order = sorted(counts)
    return Hashed(
        np.array(order, dtype=np.uint32),
        np.array([min(counts[key], 65_535) for key in order], dtype=np.uint16),
        tuple(" / ".join(spellings[key]) for key in order),
    )


@lru_cache(maxsize=200_000)
def bucket(key: str) -> int:
    """The id of a term: the same in every process and on every machine."""
    return crc32(key.encode()) % BUCKETS


def _written(word: Word) -> str:
    return f"{word.denied_by} … {word.text}" if word.denied_by else word.text


def _marks(words: Sequence[Word], language: str) -> Iterator[Term]:
    """Whole classes of words, so that "not expensive" teaches something about "not slow"."""
    found = polarity(words, language)
    for hit in found.hits:
        written = " ".join(word.text for word in words[hit.start : hit.end])
        if hit.denied_by:
            written = f"{hit.denied_by} … {written}"
        for name in hit.names:
            about = name.startswith("about ")
            denied = "not:" if hit.denied_by and not about else ""
            yield Term(f"{MARK}{denied}{name}", written)
            if len(words) <= _SHORT and not about and name not in ("complaint", "praise"):
                yield Term(f"{MARK}short {denied}{name}", written)
    if found.verdict:
        judging = [hit for hit in found.hits if hit.judges]
        yield Term(f"{MARK}{found.verdict}", " ".join(w.text for hit in judging for w in words[hit.start : hit.end]))
    if found.verdict == "complains":  # of what, where the complaint itself does not say ("the service was bad")
        for hit in found.hits:
            written = " ".join(word.text for word in words[hit.start : hit.end])
            yield from (Term(f"{MARK}complains {name}", written) for name in hit.names if name.startswith("about "))


@cache
def mark_weights() -> NDArray[np.float64]:
    """(BUCKETS,): what the marks weigh; 0 for all other terms."""
    found = np.zeros(BUCKETS)
    known = {name for language in LANGUAGES for names in lexicon(language).values() for name in names}
    reasons = sorted(name for name in known if not name.startswith("about ") and name not in ("complaint", "praise"))
    for name in mark_names(reasons):
        found[bucket(f"{MARK}{name}")] = VERDICT_WEIGHT if name in ("denies", "praises") else MARK_WEIGHT
    return found
