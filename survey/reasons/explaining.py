"""What spoke for a reason, from the stored numbers back to the customer's own words. Loads no text model.

A page marks words and draws bars with it; the door `classifying` packs what the model says.
"""

import re
import struct
from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import ceil
from unicodedata import normalize

from markupsafe import Markup, escape

_HEAD = struct.Struct("<Idd")
_WORD = re.compile(r"[\w\[\]'’-]+")
_REPEATED = re.compile(r"(.)\1+")
#: words that add less than this share of what the strongest adds are not marked
_FAINT = 0.25
#: what adds less than this is neither marked nor named: it moves a chance of one half by one in a hundred
_NOTHING = 0.04
#: how many words a page names on each side
NAMED = 4
#: the longest bar, in the steps that the style sheet knows
LONGEST = 20
#: words that hold a sentence together and are no reason by themselves: they count, but are neither marked nor named
_SMALL = """
de het een en of maar want dat die dit deze er je jij u uw ik mij me mijn we wij ons onze hij zij ze hun hen
is was waren ben bent zijn wordt werd heb heeft hebben had hadden kan kon zou van in op aan bij met voor naar om te
uit als dan ook nog al af door over na tot wat wie zo
the a an and or but that this these those it its i me my we us our you your he she they them their is was were am
are be been has have had can could would of in on at by with for to from as than also so what who
"""
SMALL = frozenset(_SMALL.split())


@dataclass(frozen=True)
class Spoken:
    """Why a reason was given: `words` by strength with what each adds; all of it adds up to `logit`."""

    words: tuple[tuple[str, float], ...]
    sentence: float
    intercept: float

    @property
    def logit(self) -> float:
        return self.intercept + self.sentence + sum(value for _, value in self.words)


@dataclass(frozen=True)
class Part:
    """One line of an explanation. `kind`: word, others, sentence or start; `bar`: 0 to LONGEST."""

    kind: str
    words: str
    value: float
    bar: int


@dataclass(frozen=True)
class Explained:
    """An explanation as a page shows it. The values of the parts add up to `total`, up to rounding of floats."""

    text: Markup
    parts: tuple[Part, ...]
    total: float

    @property
    def strongest(self) -> tuple[str, ...]:
        """The words that spoke most for the reason; () where it was the sentence as a whole."""
        return tuple(part.words for part in self.parts if part.kind == "word" and part.value > 0)


def pack(row: int, intercept: float, sentence: float, terms: bytes) -> bytes:
    """The form that is stored: the strongest clause of the answer, then all that adds up to the logit as float64.

    `terms`: what each of the answer's stored terms adds, as float64, up to the last that counts.
    """
    return _HEAD.pack(row, intercept, sentence) + terms


def pack_all(heads: Iterable[tuple[int, float, float]], terms: bytes, ends: Sequence[int]) -> list[bytes]:
    """Many of them. `heads`: the first three of each; `terms`: those of all, one after the other; those of number i
    stand from `ends[i]` to `ends[i + 1]`."""
    cuts = zip(heads, pairwise(8 * end for end in ends), strict=True)
    return [pack(*head, terms[start:end]) for head, (start, end) in cuts]


def unpack(spoke: bytes, terms: str) -> Spoken | None:
    """What was stored, in words; None where it was erased or the answer was read anew since. `terms`: a line each."""
    if len(spoke) < _HEAD.size or (len(spoke) - _HEAD.size) % 8:
        return None
    _row, intercept, sentence = _HEAD.unpack_from(spoke)
    values = array("d", spoke[_HEAD.size :])
    written = terms.split("\n")[: len(values)]
    if len(written) != len(values):
        return None
    sums: dict[str, float] = {}
    for words, value in zip(written, values, strict=True):
        sums[words] = sums.get(words, 0.0) + value
    strongest = sorted(sums.items(), key=lambda item: (-abs(item[1]), item[0]))
    return Spoken(tuple((words, value) for words, value in strongest if value), sentence, intercept)


def explained(text: str, spoken: Spoken) -> Explained:
    """The text with its words marked, and what it was made of: the strongest words, the rest, the sentence, the start.

    `text`: the masked words of the customer.
    """
    words = named(spoken)
    others = spoken.logit - spoken.intercept - spoken.sentence - sum(value for _, value in words)
    lines = [("word", written, value) for written, value in words]
    lines += [("others", "", others), ("sentence", "", spoken.sentence), ("start", "", spoken.intercept)]
    if len(words) == len(spoken.words):
        lines = [line for line in lines if line[0] != "others"]
    return Explained(marked(text, spoken), _with_bars(lines), spoken.logit)


def named(spoken: Spoken) -> list[tuple[str, float]]:
    """The strongest words that say something by themselves, those for the reason first."""
    telling = [item for item in spoken.words if abs(item[1]) >= _NOTHING and not _is_small(item[0])]
    speaks_for = [item for item in telling if item[1] > 0][:NAMED]
    return speaks_for + [item for item in telling if item[1] < 0][:NAMED]


def marked(text: str, spoken: Spoken) -> Markup:
    """The text, escaped, with the words that spoke for the reason in <mark> and those against it in <s>."""
    values = _single_words(spoken)
    pieces: list[Markup] = []
    at = 0
    for match in _WORD.finditer(text):
        pieces += [escape(text[at : match.start()]), _as_marked(match[0], values)]
        at = match.end()
    return Markup("").join([*pieces, escape(text[at:])])


def _with_bars(lines: Sequence[tuple[str, str, float]]) -> tuple[Part, ...]:
    longest = max((abs(value) for _, _, value in lines), default=0.0)
    return tuple(
        Part(kind, words, value, min(LONGEST, ceil(LONGEST * abs(value) / longest)) if longest else 0)
        for kind, words, value in lines
    )


def _is_small(written: str) -> bool:
    return all(word in SMALL for spelling in _spellings(written) for word in spelling)


def _spellings(written: str) -> list[list[str]]:
    """A term as it is stored, "niet … duur / niet … dure", as lists of words."""
    return [spelling.replace("…", " ").split() for spelling in written.split(" / ")]


def _single_words(spoken: Spoken) -> dict[str, float]:
    """What each single word adds, pairs shared between their words; small words and faint ones left out."""
    sums: dict[str, float] = {}
    for written, value in spoken.words:
        for words in _spellings(written) if abs(value) >= _NOTHING else ():
            for word in words:
                if word not in SMALL:
                    sums[_key(word)] = sums.get(_key(word), 0.0) + value / len(words)
    strongest = max(map(abs, sums.values()), default=0.0)
    return {word: value for word, value in sums.items() if abs(value) >= max(_NOTHING, _FAINT * strongest)}


def _key(word: str) -> str:
    """How a word is told from others here: "Duuuur" is the "duur" that the model read."""
    folded = normalize("NFKC", word).casefold().replace("’", "'").strip("'-")
    return _REPEATED.sub(r"\1", folded)


def _as_marked(word: str, values: dict[str, float]) -> Markup:
    value = values.get(_key(word), 0.0)
    if not value:
        return escape(word)
    if value > 0:
        return Markup("<mark>{}</mark>").format(word)
    return Markup('<s class="against">{}</s>').format(word)
