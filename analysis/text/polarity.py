"""Which words of a clause complain, praise or name a subject, and which of them are denied. By word lists.

The sentence encoder hardly hears a denial ("niet slecht" is to it .92 like "slecht"), so it is found by rule.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from itertools import product
from pathlib import Path

from analysis.text.cleaning import fold
from analysis.text.denying import Clause
from analysis.text.words import Word, is_negator, stem
from analysis.text.words import folded as plain

LEXICON = Path(__file__).parent / "lexicon"
VERDICTS = ("complains", "denies", "praises")
#: what a denial takes back: every reason, or all but those that are no fault of ours (a competitor, one's own life)
VETO, VETO_OF_US = "veto", "veto of us"
#: a denial in a longer clause takes back what it denies only; praise in a longer one takes nothing back
_SHORT_DENIAL, _SHORT_PRAISE = 16, 11
#: behind these comes what it was instead: "not rude, just too expensive"
_INSTEAD = {
    "nl": frozenset(["maar", "alleen", "enkel", "echter", "behalve", "toch", "anders", "nul", "verder", "tenzij"]),
    "en": frozenset(["but", "just", "only", "simply", "though", "although", "except", "however", "yet",
                     "until", "than", "if"]),
}  # fmt: skip
#: who says these only does not know why ("weet ik niet", "no idea")
_NO_ANSWER = frozenset(
    ["weet", "weten", "idee", "zeker", "know", "idea", "sure", "ik", "we", "i", "i'm", "het", "echt", "eigenlijk",
     "not", "really", "it", "why", "waarom", "meer", "so", "zo", "have", "heb", "just", "am"]
)  # fmt: skip
_NOBODY = frozenset(["no", "nobody", "nowhere", "none", "geen", "niemand", "nergens"])
_BETTER = frozenset(["better", "beter", "betere", "cheaper", "goedkoper", "goedkopere"])
#: one entry of a list: a stem or a form ("=friendly"), or up to three in a row
Entry = tuple[str, ...]
_LONGEST = 3


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
    def reasons(self) -> tuple[str, ...]:
        """The reasons of which it complains by itself."""
        return tuple(name for name in self.names if _is_reason(name))

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
    `vetoes`: what the clause takes back by that: VETO, VETO_OF_US, or reasons.
    """

    hits: tuple[Hit, ...]
    verdict: str
    vetoes: tuple[str, ...] = ()


def polarity(words: Sequence[Word], language: str) -> Polarity:
    """Look the words of one clause up. Linear in their number."""
    folded = [plain(word.text) for word in words]
    hits = list(_hits(words, folded, language))
    negators = [at for at, word in enumerate(words) if word.negates]
    if not negators:
        verdict = _verdict(hits)
        return Polarity(tuple(hits), verdict, _vetoes(words, folded, hits, verdict, language))
    clause = Clause(words, folded, language)
    denied = _denied(clause, hits, negators)
    hits = [replace(hit, denied_by=denied.get(i, hit.denied_by)) for i, hit in enumerate(hits)]
    verdict = _verdict(hits)
    if not verdict and any(clause.frames(at) for at in negators):
        verdict = "denies"
    return Polarity(tuple(hits), verdict, _vetoes(words, folded, hits, verdict, language))


def _verdict(hits: Sequence[Hit]) -> str:
    if any(hit.complains for hit in hits):
        return "complains"
    if any("complaint" in hit.names for hit in hits):
        return "denies"
    return "praises" if any(hit.praises for hit in hits) else ""


def _vetoes(
    words: Sequence[Word], folded: Sequence[str], hits: Sequence[Hit], verdict: str, language: str
) -> tuple[str, ...]:
    """What is taken back: nothing where something else follows ("not rude, just too expensive")."""
    if any(word in _BETTER and _is_denied_better(words, folded, at) for at, word in enumerate(folded)):
        return ("competitor",)
    if any(word.negates for word in words) and all(w.negates or w.text.lower() in _NO_ANSWER for w in words):
        return (VETO,)
    if verdict not in ("denies", "praises"):
        return ()
    if any(word in _INSTEAD[language] and not _is_of_a_negator(words, at) for at, word in enumerate(folded[1:], 1)):
        return ()
    if verdict == "denies":
        if len(words) <= _SHORT_DENIAL:
            return (VETO,)
        return tuple(sorted({name for hit in hits if hit.denied_by for name in hit.reasons}))
    plain = len(words) <= _SHORT_PRAISE and words[0].phrase == words[-1].phrase
    return (VETO_OF_US,) if plain and not any(word == "too" or word[:1].isdigit() for word in folded) else ()


def _is_denied_better(words: Sequence[Word], folded: Sequence[str], at: int) -> bool:
    """ "No other bank is better", "bij de concurrent is het niet beter"."""
    return folded[0] in _NOBODY or any(word.negates for word in words[max(at - 2, 0) : at])


def _is_of_a_negator(words: Sequence[Word], at: int) -> bool:
    """ "Anything but", "geen enkele"."""
    return words[at].negates or words[at - 1].negates or (at + 1 < len(words) and words[at + 1].negates)


def _hits(words: Sequence[Word], folded: Sequence[str], language: str) -> Iterator[Hit]:
    """The longest entry at each place; words inside one, or inside a negator of two words, are not looked up again."""
    entries, heads = lexicon(language), _heads(language)
    at = 0
    while at < len(words):
        if at + 1 < len(words) and words[at + 1].negates and not is_negator(words[at + 1].text, language):
            at += 2
            continue
        longest = max(heads.get(words[at].stem, 0), heads.get(f"={folded[at]}", 0))
        found = _longest(words, folded, at, longest, entries) if longest else None
        if found:
            yield found
            at = found.end
        else:
            at += 1


def _longest(
    words: Sequence[Word], folded: Sequence[str], at: int, longest: int, entries: dict[Entry, tuple[str, ...]]
) -> Hit | None:
    forms = [(f"={folded[i]}", words[i].stem) for i in range(at, min(at + _LONGEST, len(words)))]
    for length in range(len(forms), 0, -1):
        if length <= longest:
            for key in product(*forms[:length]):
                if key in entries:
                    return Hit(at, at + length, entries[key])
        if length == 3 and longest > 1 and words[at + 1].negates:  # "viel nooit uit"
            for key in product(forms[0], forms[2]):
                if {"complaint", "praise"} & {*entries.get(key, ())}:
                    return Hit(at, at + 3, entries[key], words[at + 1].text)
    return None


def _denied(clause: Clause, hits: Sequence[Hit], negators: Sequence[int]) -> dict[int, str]:
    """By position of the hit: the negator that denies it. A negator inside an entry ("geen gehoor") denies nothing."""
    inside = {at for hit in hits for at in range(hit.start, hit.end)}
    judging = [i for i, hit in enumerate(hits) if hit.judges]
    spans = [(hits[i].start, hits[i].end) for i in judging]
    complains = ["complaint" in hits[i].names for i in judging]
    denied: dict[int, str] = {}
    for at in negators:
        if at not in inside:
            for reached in clause.reached(at, spans, complains):
                denied[judging[reached]] = clause.words[at].text
    return denied


@cache
def lexicon(language: str) -> dict[Entry, tuple[str, ...]]:
    """The lists of a language: entries with the names of the lists they stand in.

    Names are complaint, praise, a reason, and "about " with a reason; what complains of a reason is a complaint too.
    """
    found: dict[Entry, list[str]] = {}
    for name, entry in _entries(language):
        names = found.setdefault(entry, [])
        names += [each for each in ([name, "complaint"] if _is_reason(name) else [name]) if each not in names]
    return {entry: tuple(names) for entry, names in found.items()}


@cache
def _heads(language: str) -> dict[str, int]:
    """The first words of all entries, with the length of the longest that begins so."""
    found: dict[str, int] = {}
    for entry in lexicon(language):
        found[entry[0]] = max(found.get(entry[0], 0), len(entry))
    return found


def _is_reason(name: str) -> bool:
    return name not in ("complaint", "praise") and not name.startswith("about ")


def _entries(language: str) -> Iterator[tuple[str, Entry]]:
    for path in (LEXICON / f"{language}.txt", LEXICON / f"reasons_{language}.txt"):
        for line in path.read_text(encoding="utf-8").splitlines():
            heading, _, words = line.partition(":")
            if words and not line.startswith("#"):
                name = _name(heading.strip())
                yield from ((name, tuple(_form(w, language) for w in entry.split("_"))) for entry in words.split())


def _form(word: str, language: str) -> str:
    """A stem, or the one form that was meant: the stem of "friendly" is that of "friends"."""
    return f"={fold(word[1:])}" if word.startswith("=") else stem(word, language)


def _name(heading: str) -> str:
    return f"about {heading.removesuffix(' about')}" if heading.endswith(" about") else heading


def mark_names(reasons: Sequence[str]) -> tuple[str, ...]:
    """Every name that a mark of `features` can have, for these reasons."""
    judged = [f"{denied}{name}" for name in ("complaint", "praise", *reasons) for denied in ("", "not:")]
    about = [f"{before}about {reason}" for reason in reasons for before in ("", "complains ", "clear ")]
    short = [f"short {denied}{reason}" for reason in reasons for denied in ("", "not:")]
    return (*judged, *about, *short, *(f"clear {reason}" for reason in reasons), *VERDICTS)


def veto_names(reasons: Sequence[str]) -> tuple[str, ...]:
    """The names of the marks by which a clause takes reasons back."""
    return tuple(veto_name(taken) for taken in (VETO, VETO_OF_US, *reasons))


def veto_name(taken: str) -> str:
    """The name of the mark that takes this back: VETO, VETO_OF_US, or a reason."""
    return taken if taken in (VETO, VETO_OF_US) else f"{VETO} {taken}"
