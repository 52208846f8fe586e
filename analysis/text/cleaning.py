"""One clean form of a text, and the clauses it consists of. Every step is linear in the length of the text."""

import html
import re
import unicodedata

MAX_CHARACTERS = 2_000
MAX_CLAUSES = 40

# Raw text may carry entities and invisible characters that cleaning takes out again, so it is cut twice.
RAW_CHARACTERS = 4 * MAX_CHARACTERS

_INVISIBLE = {"Cc", "Cf", "Co", "Cs", "Cn"}
_PLAIN = str.maketrans(
    {
        "\u2018": "'", "\u2019": "'", "\u201a": "'", "\u00b4": "'", "\u0060": "'",
        "\u201c": '"', "\u201d": '"', "\u201e": '"',
        "\u2013": "-", "\u2014": "-", "\u2212": "-", "\u2026": "...",
        "\r": "\n", "\u2028": "\n", "\u2029": "\n", "\t": " ",
    }
)  # fmt: skip
_ELONGATED = re.compile(r"([^\W\d_])\1{2,}")
_REPEATED_MARK = re.compile(r"([!?,;:])\1+")
_BLANKS = re.compile(r"[^\S\n]+")
_LINES = re.compile(r" ?\n[ \n]*")

# A sentence ends at a mark followed by a blank ("3.50" and "i.v.m." stay whole), a clause at a contrast or a cause.
_SENTENCE_END = re.compile(r"(?<=[.!?;])(?<!\.\w\.)\s+|\n+")
_CLAUSE_START = re.compile(
    r",?\s+(?=(?:maar|echter|omdat|want|daarnaast|bovendien|terwijl|but|however|because|whereas|although|besides)\b)"
    r"|,\s+(?=(?:en|and|toen|dus|so|plus|also|ook)\b)",
    re.IGNORECASE,
)
_WORD = re.compile(r"\w+")
_WORDS_IN_A_CLAUSE = 3


def normalise(text: str) -> str:
    """Return `text` in its one clean form, at most MAX_CHARACTERS long.

    1. cut, 2. invisible characters and entities out, NFC, plain quotes and dashes,
    3. letters written three times or more become two ("heeeel" -> "heel"), marks written twice become one,
    4. blanks become one blank, empty lines one line end.
    """
    text = decoded(text).translate(_PLAIN)
    text = _REPEATED_MARK.sub(r"\1", _ELONGATED.sub(r"\1\1", text))
    return _LINES.sub("\n", _BLANKS.sub(" ", text)).strip()[:MAX_CHARACTERS].rstrip()


def decoded(text: str) -> str:
    """The characters a reader sees: cut, no invisible characters, no entities, NFC."""
    text = _visible(text[:RAW_CHARACTERS])
    for _ in range(2):  # "&amp;eacute;" is common in pasted mail; deeper nesting is not a person writing
        text = html.unescape(text)
    return unicodedata.normalize("NFC", _visible(text))


def fold(text: str) -> str:
    """Lower case without accents: what words are compared by ("Één" and "een" are one word)."""
    if text.isascii():
        return text.lower()
    decomposed = unicodedata.normalize("NFD", text.casefold())
    return "".join(c for c in decomposed if not unicodedata.combining(c))


def clauses(text: str) -> list[str]:
    """The sentences and clauses of a normalised text in order, at most MAX_CLAUSES; [] for a text without a word.

    A sentence may be one word ("Onvriendelijk!"); part of a sentence stands alone from three words on.
    """
    found = [c for sentence in _SENTENCE_END.split(text) for c in _clauses_of_sentence(sentence)]
    kept = found[:MAX_CLAUSES]
    if len(found) > MAX_CLAUSES:
        kept[-1] = " ".join(found[MAX_CLAUSES - 1 :])
    return kept


def _clauses_of_sentence(sentence: str) -> list[str]:
    found: list[str] = []
    for piece in _CLAUSE_START.split(sentence):
        if found and (_is_fragment(piece) or _is_fragment(found[-1])):
            found[-1] = f"{found[-1]} {piece.strip()}"
        elif _WORD.search(piece):
            found.append(piece.strip())
    return found


def _is_fragment(piece: str) -> bool:
    return len(_WORD.findall(piece)) < _WORDS_IN_A_CLAUSE


def _visible(text: str) -> str:
    if text.isascii() and text.isprintable():
        return text
    return "".join(c for c in text if c in "\n\r\t" or unicodedata.category(c) not in _INVISIBLE)
