"""The terms of a clause (word and word-pair stems with negation marks) in a frozen hashed vocabulary.

Stored readings hold hashed ids only, so what is said here may not change without a new PREPROCESSING: numbers
stored under another one are not comparable.
"""

from collections.abc import Iterator, Sequence
from functools import cache, lru_cache
from itertools import pairwise
from typing import NamedTuple
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from analysis.text.language import LANGUAGES
from analysis.text.polarity import VETO, VETO_OF_US, Hit, lexicon, mark_names, polarity, veto_name, veto_names
from analysis.text.words import Word, mark_negation

PREPROCESSING = "terms-4"
BUCKETS = 2**22

# How much the two unit vectors of a clause, its terms and its sentence vector, weigh against each other.
TERM_WEIGHT = 2.0
VECTOR_WEIGHT = 1.5
MARK_WEIGHT = 1.5
# A clause in which nothing but one reason is complained of.
CLEAR_WEIGHT = 2.5
# A denial turns the whole clause round, against all that its words and its vector say.
VERDICT_WEIGHT = 4.0
# What a clause takes back it does not give, whatever its words and its vector say: this is set, not learnt, for the
# starter model; labels of people may speak against it (see fitting).
VETO_WEIGHT = 1.0
VETO_COEFFICIENT = -7.0
_NO_FAULT_OF_OURS = frozenset(["competitor", "circumstances"])
# In so few words ("the shop was dirty") one that complains of a reason is all there is to go by.
_SHORT = 7

# What the word lists say of a clause; see analysis.text.polarity. These weigh the same in short and long clauses.
MARK = "~"
_VETO = f"{MARK}{VETO}"


class Term(NamedTuple):
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


def terms_of_rows(rows: Sequence[str], language: str) -> list[list[Term]]:
    """The terms of an answer and of its clauses (see reading.segments). An answer of several clauses takes back only
    what every one of them takes back."""
    found = [terms(row, language) for row in rows]
    if len(found) > 1:
        vetoes = [[term for term in clause if term.key.startswith(_VETO)] for clause in found[1:]]
        found[0] = [term for term in found[0] if not term.key.startswith(_VETO)]
        if all(vetoes):
            found[0].append(_weakest(vetoes))
    return found


def _weakest(vetoes: Sequence[Sequence[Term]]) -> Term:
    """What several clauses take back together: all but what is no fault of ours, unless each takes back everything."""
    first = [each[0] for each in vetoes]
    key = _VETO if all(term.key == _VETO for term in first) else f"{MARK}{VETO_OF_US}"
    return Term(key, " / ".join(dict.fromkeys(term.words for term in first)))


class Hashed(NamedTuple):
    """The terms of one row: ids in the hashed vocabulary, ascending, how often each occurs, and how it was written.

    All of length (number of distinct ids); `written` puts a slash between different spellings of one term. Plain lists,
    since many rows become one array.
    """

    ids: list[int]
    counts: list[int]
    written: list[str]


def hashed(found: list[Term]) -> Hashed:
    """Count terms by their ids."""
    counts: dict[int, int] = {}
    written: dict[int, str] = {}
    others: dict[int, dict[str, None]] = {}
    for term in found:
        key, words = bucket(term.key), term.words.lower()
        counts[key] = counts.get(key, 0) + 1
        if written.setdefault(key, words) != words:
            others.setdefault(key, {written[key]: None})[words] = None
    for key, spellings in others.items():
        written[key] = " / ".join(spellings)
    order = sorted(counts)
    return Hashed(order, [min(counts[key], 65_535) for key in order], [written[key] for key in order])


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
    if found.verdict == "complains":
        yield from _complaints(words, found.hits)
    if found.vetoes:
        judged = {at for hit in found.hits if hit.judges for at in range(hit.start, hit.end)}
        denial = " ".join(word.text for at, word in enumerate(words) if word.negates or at in judged)
        yield from (Term(f"{MARK}{veto_name(name)}", denial) for name in found.vetoes)


def _complaints(words: Sequence[Word], hits: Sequence[Hit]) -> Iterator[Term]:
    """Of what a clause complains where the complaint itself does not say ("the service was bad"), and whether it is
    clear: all that is heard in it is of one reason."""
    named: dict[str, str] = {}
    subjects: dict[str, str] = {}
    for hit in hits:
        written = " ".join(word.text for word in words[hit.start : hit.end])
        named |= dict.fromkeys(hit.reasons if hit.complains else (), written)
        subjects |= dict.fromkeys((name for name in hit.names if name.startswith("about ")), written)
    yield from (Term(f"{MARK}complains {name}", written) for name, written in subjects.items())
    clear = named or subjects
    if len(clear) == 1:
        yield from (Term(f"{MARK}clear {name}", written) for name, written in clear.items())


@cache
def mark_weights() -> NDArray[np.float64]:
    """(BUCKETS,): what the marks weigh; 0 for all other terms."""
    found = np.zeros(BUCKETS)
    known = {name for language in LANGUAGES for names in lexicon(language).values() for name in names}
    reasons = sorted(name for name in known if not name.startswith("about ") and name not in ("complaint", "praise"))
    for name in mark_names(reasons):
        found[bucket(f"{MARK}{name}")] = _mark_weight(name)
    for name in veto_names(reasons):
        found[bucket(f"{MARK}{name}")] = VETO_WEIGHT
    return found


def _mark_weight(name: str) -> float:
    if name in ("denies", "praises"):
        return VERDICT_WEIGHT
    return CLEAR_WEIGHT if name.startswith("clear ") else MARK_WEIGHT


def veto_coefficients(reasons: Sequence[str]) -> dict[int, NDArray[np.float32]]:
    """By the id of each mark that takes reasons back, what it counts for these reasons, (k,)."""
    every = {VETO: set(reasons), VETO_OF_US: set(reasons) - _NO_FAULT_OF_OURS}
    every |= {f"{VETO} {reason}": {reason} for reason in reasons}
    return {
        bucket(f"{MARK}{name}"): np.float32(VETO_COEFFICIENT) * np.array([r in those for r in reasons], np.float32)
        for name, those in every.items()
    }
