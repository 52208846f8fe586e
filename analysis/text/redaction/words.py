"""The words of a text with their places, and the lists by which people are named."""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache, lru_cache
from pathlib import Path
from typing import NamedTuple

from analysis.text.cleaning import fold

#: start, end, and what is put between brackets in its place
Mark = tuple[int, int, str]

PLACEHOLDER = re.compile(
    r"\[(?:E-MAIL|URL|IBAN|DATE|PHONE|BSN|ADDRESS|POSTCODE|PLATE|NUMBER|NAME|STAFF(?:-(?:\d+|x[a-z]{4}))?)\]"
)
_WORD = re.compile(PLACEHOLDER.pattern + r"|[^\W_]+")
_BLANKS = re.compile(r"[ \xa0]{1,3}| ?[-'’] ?")
_OPENING = re.compile(r"[.!?:;…\n\"“”„(*•>|#@]")


class Token(NamedTuple):
    """A word or placeholder. `joined`: nothing but a blank or a hyphen stands before it; `opens`: a sentence begins."""

    start: int
    end: int
    text: str
    folded: str
    joined: bool
    opens: bool


def tokenised(text: str) -> list[Token]:
    """The words of `text` in order. Linear."""
    found: list[Token] = []
    for match in _WORD.finditer(text):
        start, end = match.span()
        word = match[0]
        found.append(Token(start, end, word, folded(word), *_gap(text, found[-1] if found else None, start)))
    return found


def _gap(text: str, before: Token | None, start: int) -> tuple[bool, bool]:
    if before is None:
        return False, True
    gap = text[before.end : start]
    if gap in {".", ". "} and (before.folded in listed("abbreviations") or len(before.text) == 1):
        return True, False
    return _BLANKS.fullmatch(gap) is not None, _OPENING.search(gap) is not None


@lru_cache(maxsize=50_000)
def folded(word: str) -> str:
    """`word` as it is compared: without case and accents."""
    return fold(word)


def listed(name: str) -> frozenset[str]:
    """One list of people.txt or streets.txt, folded."""
    return _lists()[name]


@cache
def _lists() -> dict[str, frozenset[str]]:
    lists: dict[str, set[str]] = {}
    files = [Path(__file__).with_name(name) for name in ("people.txt", "streets.txt")]
    for line in "\n".join(file.read_text(encoding="utf-8") for file in files).splitlines():
        name, _, words = line.partition(":")
        if words and not line.startswith("#"):
            lists.setdefault(name, set()).update(fold(word) for word in words.split())
    return {name: frozenset(words) for name, words in lists.items()}


def one_of(name: str, style: Callable[[str], str] = str) -> str:
    """A pattern for any word of a list, each written as `style` writes it."""
    return "|".join(re.escape(style(word)) for word in sorted(listed(name), key=lambda word: (-len(word), word)))


def is_shouted(token: Token) -> bool:
    """Written in capitals throughout: its capital says nothing."""
    return len(token.text) > 1 and token.text.isupper()


def is_particle(token: Token) -> bool:
    return token.folded in listed("particles")


def name_like(token: Token) -> bool:
    """Written as a name is: a capital, letters only, and no word that begins sentences or names a role."""
    return (
        len(token.text) > 1
        and token.text[0].isupper()
        and not is_shouted(token)
        and token.text.isalpha()
        and token.folded not in _no_names()
    )


@cache
def _no_names() -> frozenset[str]:
    names = ("never", "roles", "titles", "persons", "departments", "brands", "particles")
    months = listed("months") - {"april", "may", "june", "august"}
    return frozenset().union(*map(listed, names)) | months


def name_end(tokens: Sequence[Token], at: int) -> int:
    """Where the name that begins at `at` ends: up to three words with a capital, particles between them."""
    end = at + 1
    for _ in range(2):
        following = skip_particles(tokens, end)
        if following == len(tokens) or not tokens[following].joined or not name_like(tokens[following]):
            break
        end = following + 1
    return end


def skip_particles(tokens: Sequence[Token], at: int) -> int:
    """The first place from `at` on, after four at most, that is neither a particle nor an initial."""
    for place in range(at, min(at + 4, len(tokens))):
        token = tokens[place]
        initial = len(token.text) == 1 and token.text.isupper() and token.text.isalpha() and token.folded != "i"
        if not (token.joined and (is_particle(token) or initial)):
            return place
    return min(at + 4, len(tokens))


def unmarked(tokens: Sequence[Token], marks: Iterable[Mark]) -> Iterator[tuple[int, Token]]:
    """The tokens that lie in no mark, with their places. Both are in order."""
    rest = iter(marks)
    mark = next(rest, None)
    for place, token in enumerate(tokens):
        while mark and mark[1] <= token.start:
            mark = next(rest, None)
        if not (mark and mark[0] < token.end):
            yield place, token
