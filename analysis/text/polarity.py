"""Which words of a clause complain, praise or name a subject, and which of them are denied. By word lists.

The sentence encoder hardly hears a denial ("niet slecht" is to it .92 like "slecht"), so it is found by rule.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from pathlib import Path

from analysis.text.cleaning import fold
from analysis.text.words import Word, is_negator, stem

LEXICON = Path(__file__).parent / "lexicon"
#: a negator denies what the lists know among so many words behind it, else the nearest before it
_BEHIND, _BEFORE = 6, 8
#: it reaches back only from the end of a phrase: so few words may follow it
_LAST = 2
_SUCH = frozenset(["so", "such", "zo", "zulke", "zulk", "better", "beter", "worse", "erger", "mind", "stand"])
_NO_DENIAL = {("don't", "mind"), ("can't", "stand"), ("no", "better"), ("nooit", "meer"), ("never", "again")}
#: "I would not say that ...": behind these a negator denies the rest of the clause
_SAYING = {
    "nl": frozenset(["zeggen", "beweren", "noemen", "zo", "waar", "sprake"]),
    "en": frozenset(["say", "claim", "call", "true", "case", "point", "time", "once"]),
}
#: with these another thought begins
_TURNS = {"nl": frozenset(["en", "maar", "want", "dus"]), "en": frozenset(["and", "but", "so", "yet"])}
VERDICTS = ("complains", "denies", "praises")
#: one entry of a list: a stem, or two in a row
Entry = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Hit:
    """Words that stand in a list: from word `start` up to `end`, the names of the lists, and what denies them."""

    start: int
    end: int
    names: tuple[str, ...]
    denied_by: str = ""

    @property
    def judges(self) -> bool:
        """Whether it complains or praises, said or denied. Praise of somebody else is no praise of us."""
        return "complaint" in self.names or ("praise" in self.names and "about competitor" not in self.names)

    @property
    def complains(self) -> bool:
        """A complaint that is said, or praise that is denied."""
        return self.judges and ("complaint" in self.names) != bool(self.denied_by)

    @property
    def praises(self) -> bool:
        """Praise that is said."""
        return self.judges and "complaint" not in self.names and not self.denied_by


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
    if any(hit.complains for hit in hits):
        return "complains"
    if any("complaint" in hit.names for hit in hits):
        return "denies"
    return "praises" if any(hit.praises for hit in hits) else ""


def _hits(words: Sequence[Word], language: str) -> Iterator[Hit]:
    """The longest entry at each place; words inside one, or inside a negator of two words, are not looked up again."""
    entries = lexicon(language)
    at = 0
    while at < len(words):
        if at + 1 < len(words) and words[at + 1].negates and not is_negator(words[at + 1].text, language):
            at += 2
            continue
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
    judging = [i for i, hit in enumerate(hits) if hit.judges]
    denied: dict[int, str] = {}
    for at, word in enumerate(words):
        if at in inside or not word.negates:
            continue
        reach = len(words) if _is_saying(words[at + 1 : at + 3], language) else at + 1 + _BEHIND
        here = [i for i in judging if words[hits[i].start].phrase == word.phrase or reach == len(words)]
        behind = [i for i in here if at < hits[i].start < reach and not _strengthens(words[at : hits[i].start])]
        last = sum(other.phrase == word.phrase for other in words[at + 1 :]) <= _LAST
        before = [i for i in here if last and at - _BEFORE <= hits[i].end - 1 < at]
        for reached in _one_breath(behind, words, hits, language) or before[-1:]:
            denied[reached] = word.text
    return denied


def _strengthens(words: Sequence[Word]) -> bool:
    """ "Never been treated so badly" and "nooit zo slecht gegeten" complain all the more; "don't mind" denies
    nothing either."""
    folded = [fold(word.text) for word in words]
    return any(word in _SUCH for word in folded[1:]) or any(pair in _NO_DENIAL for pair in pairwise(folded))


def _one_breath(behind: list[int], words: Sequence[Word], hits: Sequence[Hit], language: str) -> list[int]:
    """The first of them and those that follow it before another thought begins ("no surgery, and I work out")."""
    reached: list[int] = []
    for i in behind:
        between = words[hits[reached[-1]].end : hits[i].start] if reached else ()
        if len(between) > 1 and any(fold(word.text) in _TURNS[language] for word in between):
            break
        reached.append(i)
    return reached


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
    about = [f"{before}about {reason}" for reason in reasons for before in ("", "complains ")]
    short = [f"short {denied}{reason}" for reason in reasons for denied in ("", "not:")]
    return (*judged, *about, *short, *VERDICTS)
