"""What spoke for a reason, from the stored numbers back to the customer's own words. Loads no text model.

A page marks words with it; the door `classifying` packs what the model says.
"""

import re
import struct
from array import array
from collections.abc import Iterable
from dataclasses import dataclass

from markupsafe import Markup, escape

_HEAD = struct.Struct("<II")
_WORD = re.compile(r"[\w\[\]'-]+")
#: words that add less than this share of what the strongest adds are not marked
_FAINT = 0.15


@dataclass(frozen=True)
class Spoken:
    """Why a reason was given: `words` by strength with what each adds; all of it adds up to `logit`."""

    words: tuple[tuple[str, float], ...]
    sentence: float
    intercept: float

    @property
    def logit(self) -> float:
        return self.intercept + self.sentence + sum(value for _, value in self.words)


def pack(row: int, first: int, values: Iterable[float]) -> bytes:
    """The form that is stored: the row of the answer, its first term, then intercept, sentence and terms as float64."""
    return _HEAD.pack(row, first) + array("d", values).tobytes()


def unpack(spoke: bytes, terms: str) -> Spoken | None:
    """What was stored, in words; None where it was erased or the answer was read anew since. `terms`: a line each."""
    if len(spoke) < _HEAD.size + 16:
        return None
    _row, first = _HEAD.unpack_from(spoke)
    intercept, sentence, *values = array("d", spoke[_HEAD.size :])
    written = terms.split("\n")[first : first + len(values)]
    if len(written) != len(values):
        return None
    sums: dict[str, float] = {}
    for words, value in zip(written, values, strict=True):
        sums[words] = sums.get(words, 0.0) + value
    strongest = sorted(sums.items(), key=lambda item: (-abs(item[1]), item[0]))
    return Spoken(tuple((words, value) for words, value in strongest if value), sentence, intercept)


def marked(text: str, spoken: Spoken) -> Markup:
    """The text, escaped, with the words that spoke for the reason in <mark> and those against it in <s>."""
    values = _single_words(spoken)
    pieces: list[Markup] = []
    at = 0
    for match in _WORD.finditer(text):
        pieces += [escape(text[at : match.start()]), _as_marked(match[0], values)]
        at = match.end()
    return Markup("").join([*pieces, escape(text[at:])])


def _single_words(spoken: Spoken) -> dict[str, float]:
    """What each single word adds, pairs shared between their words; faint ones left out."""
    sums: dict[str, float] = {}
    for written, value in spoken.words:
        spellings = [spelling.replace("…", " ").split() for spelling in written.split(" / ")]
        for words in spellings:
            for word in words:
                sums[word] = sums.get(word, 0.0) + value / len(words)
    strongest = max(map(abs, sums.values()), default=0.0)
    return {word: value for word, value in sums.items() if abs(value) >= _FAINT * strongest}


def _as_marked(word: str, values: dict[str, float]) -> Markup:
    value = values.get(word.lower().strip("'-"), 0.0)
    if not value:
        return escape(word)
    if value > 0:
        return Markup("<mark>{}</mark>").format(word)
    return Markup('<s class="against">{}</s>').format(word)
