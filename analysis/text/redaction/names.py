"""The respondent's own names: each part, wherever it stands as a word."""

import re
from collections.abc import Iterable, Iterator, Sequence

from analysis.text.cleaning import decoded, fold

Span = tuple[int, int]

_WORD = re.compile(r"\w+(?:'\w+)?")
_PARTICLES = frozenset(
    ["van", "de", "der", "den", "het", "ter", "te", "ten", "la", "le", "du", "von", "und", "of", "and", "el", "al"]
)


def name_parts(names: Iterable[str]) -> frozenset[str]:
    words = [word for name in names for word in _WORD.findall(decoded(name))]
    return frozenset(word for word in words if len(word) > 1 and fold(word) not in _PARTICLES)


def own_names(text: str, parts: frozenset[str]) -> Iterator[Span]:
    """Words that are part of a name; the shortest only with their capital ("An" is a name, "an" is not)."""
    folded = {fold(part) for part in parts if len(part) > 3}
    short = {fold(part) for part in parts if len(part) <= 3}
    run: list[Span] = []
    for match in _WORD.finditer(text):
        word = fold(match[0]).removesuffix("'s")
        if word in folded or (word in short and match[0][0].isupper()):
            run.append(match.span())
    yield from _joined(text, run)


def _joined(text: str, spans: Sequence[Span]) -> Iterator[Span]:
    """Parts of one name with nothing but blanks and particles between them are one name ("Jan van der Berg")."""
    start, end = -1, -1
    for span in spans:
        between = text[end : span[0]] if end >= 0 else "."
        if not between.strip(" -") or all(fold(word) in _PARTICLES for word in between.split()):
            end = span[1]
            continue
        if end >= 0:
            yield start, end
        start, end = span
    if end >= 0:
        yield start, end
