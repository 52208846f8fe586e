"""Which words of a clause complain, praise or name a subject, and which of them are denied. By word lists.

The sentence encoder hardly hears a denial ("niet slecht" is to it .92 like "slecht"), so it is found by rule.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from analysis.text.cleaning import fold
from analysis.text.words import Word, stem

LEXICON = Path(__file__).parent / "lexicon"
#: a negator denies what the lists know among so many words behind it, else the nearest before it
_BEHIND, _BEFORE = 6, 8
#: "I would not say that ...": behind these a negator denies the rest of the clause
_SAYING = {
    "nl": frozenset(["zeggen", "beweren", "noemen", "zo", "waar", "sprake"]),
    "en": frozenset(["say", "claim", "call", "true", "case", "point", "time", "once"]),
}
#: one entry of a list: a stem, or two in a row
Entry = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Hit:
    """Words that stand in a list: from word `start` up to `end`, the names of the lists, and what denies them."""

    start: int
    end: int
    names: tuple[str, ...]
    denied_by: str = ""


@dataclass(frozen=True, slots=True)
class Polarity:
    """What the lists find in a clause.

    `verdict`: complains, denies (a complaint, and nothing else), praises, or "" where the lists know no word of it.
    """

    hits: tuple[Hit, ...]
    verdict: str


def polarity(words: Sequence[Word], language: str) -> Polarity:
    """Look the words of one clause up. Linear in their number."""
    hits = list(_hits(words, language))
    denied = _denied(words, hits, language)
    found = tuple(Hit(h.start, h.end, h.names, denied.get(i, "")) for i, h in enumerate(hits))
    return Polarity(found, _verdict(found))


def _verdict(hits: Sequence[Hit]) -> str:
    complains = any(("complaint" in h.names and not h.denied_by) or ("praise" in h.names and h.denied_by) for h in hits)
    if complains:
        return "complains"
    if any("complaint" in hit.names for hit in hits):
        return "denies"
    return "praises" if any("praise" in hit.names for hit in hits) else ""


def _hits(words: Sequence[Word], language: str) -> Iterator[Hit]:
    """The longest entry at each place; words inside one are not looked up again."""
    entries = lexicon(language)
    at = 0
    while at < len(words):
        for length in (2, 1):
            key = tuple(word.stem for word in words[at : at + length])
            if len(key) == length and key in entries:
                yield Hit(at, at + length, entries[key])
                at += length
                break
        else:
            at += 1


def _denied(words: Sequence[Word], hits: Sequence[Hit], language: str) -> dict[int, str]:
    """By position of the hit: the negator that denies it. A negator inside an entry ("geen gehoor") denies nothing."""
    inside = {at for hit in hits for at in range(hit.start, hit.end)}
    judging = [i for i, hit in enumerate(hits) if {"complaint", "praise"} & set(hit.names)]
    denied: dict[int, str] = {}
    for at, word in enumerate(words):
        if at in inside or not word.negates:
            continue
        reach = len(words) if _is_saying(words[at + 1 : at + 3], language) else at + 1 + _BEHIND
        behind = [i for i in judging if at < hits[i].start < reach]
        before = [i for i in judging if at - _BEFORE <= hits[i].end - 1 < at]
        for reached in behind or before[-1:]:
            denied[reached] = word.text
    return denied


def _is_saying(words: Sequence[Word], language: str) -> bool:
    return any(fold(word.text) in _SAYING[language] for word in words)


@cache
def lexicon(language: str) -> dict[Entry, tuple[str, ...]]:
    """The lists of a language: stems (one or two) with the names of the lists they stand in.

    Names are complaint, praise, a reason, and "about " with a reason; what complains of a reason is a complaint too.
    """
    found: dict[Entry, list[str]] = {}
    for name, entry in _entries(language):
        names = found.setdefault(entry, [])
        names += [each for each in ([name, "complaint"] if _is_reason(name) else [name]) if each not in names]
    return {entry: tuple(names) for entry, names in found.items()}


def _is_reason(name: str) -> bool:
    return name not in ("complaint", "praise") and not name.startswith("about ")


def _entries(language: str) -> Iterator[tuple[str, Entry]]:
    for path in (LEXICON / f"{language}.txt", LEXICON / f"reasons_{language}.txt"):
        for line in path.read_text(encoding="utf-8").splitlines():
            heading, _, words = line.partition(":")
            if words and not line.startswith("#"):
                name = _name(heading.strip())
                yield from ((name, tuple(stem(w, language) for w in entry.split("_"))) for entry in words.split())


def _name(heading: str) -> str:
    return f"about {heading.removesuffix(' about')}" if heading.endswith(" about") else heading


def mark_names(reasons: Sequence[str]) -> tuple[str, ...]:
    """Every name that a mark of `features` can have, for these reasons."""
    judged = [f"{denied}{name}" for name in ("complaint", "praise", *reasons) for denied in ("", "not:")]
    return (*judged, *(f"about {reason}" for reason in reasons), "complains", "denies", "praises")
