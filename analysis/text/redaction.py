"""Mask personal data before anything is stored for pages or learnt from. Loads neither NLTK nor scikit-learn.

Patterns and checksums find what has a form; names are found only if they are passed in. It is a safety net, not
anonymity: tests state the recall on a planted set.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from phonenumbers import PhoneNumberMatcher
from stdnum import iban
from stdnum.nl import bsn

from analysis.text.cleaning import decoded, fold

Span = tuple[int, int]

_REGIONS = ("NL", "BE", "GB")
_PLACEHOLDER = re.compile(r"\[[A-Z-]+\]")
_EMAIL = re.compile(
    r"(?<![\w.+-])[\w.+-]{1,64}\s?(?:@|[\[(](?:at|apenstaart)[\])])\s?[\w-]{1,63}(?:\.[\w-]{1,63}){1,5}", re.IGNORECASE
)
_URL = re.compile(
    r"(?<![\w.@-])(?:https?://\S+|www\.\S+|[\w-]{1,63}(?:\.[\w-]{1,63}){0,4}"
    r"\.(?:nl|be|com|org|net|eu|uk|info|io|frl|amsterdam)\b(?:/\S*)?)",
    re.IGNORECASE,
)
_IBAN = re.compile(r"(?<![A-Z0-9])[A-Z]{2}\d{2}(?:[ .-]?[A-Z0-9]){10,30}", re.IGNORECASE)
_NATIONAL_PHONE = re.compile(r"(?<![\w+])(?:\+|00)?\(?0?\)?\d(?:[ ./()-]{0,3}\d){7,13}(?!\w)")
_NINE_DIGITS = re.compile(r"(?<![\w.])\d{3}[. ]?\d{3}[. ]?\d{3}(?!\w)|(?<![\w.])\d{4}[. ]?\d{2}[. ]?\d{3}(?!\w)")
_MONTH = (
    r"(?:jan(?:uari|uary)?|feb(?:ruari|ruary)?|m(?:aart|rt|ar(?:ch)?)|apr(?:il)?|mei|may|jun[ie]?|jul[iy]?|"
    r"aug(?:ustus|ust)?|sep(?:t(?:ember)?)?|o[kc]t(?:ober)?|nov(?:ember)?|dec(?:ember)?)\.?"
)
_DATE = re.compile(
    r"(?<![\w/.-])(?:\d{1,2}([-/.])\d{1,2}\1(?:\d{4}|\d{2})|\d{4}([-/.])\d{1,2}\2\d{1,2}|"
    rf"\d{{1,2}}(?:st|nd|rd|th|e)?[ -](?:of )?{_MONTH}[ ,-]{{1,2}}\d{{4}}|"
    rf"{_MONTH} \d{{1,2}}(?:st|nd|rd|th)?,? \d{{4}})(?!\w)",
    re.IGNORECASE,
)
_HOUSE_NUMBER = r"(?:,? ?(?:nr\.? ?|no\.? ?|huisnummer |number )?\d{1,4}(?:[ -]?[a-zA-Z])?(?!\w))?"
_POSTCODE = re.compile(
    r"(?<!\w)(?:[1-9]\d{3} ?[A-Z]{2}(?!\w)|[1-9]\d{3}(?!k[mg]|[mgk]b|[mc]m|ml)[a-z]{2}(?!\w))" + _HOUSE_NUMBER
    + r"|(?<!\w)(?:[A-Z]{1,2}\d[A-Z\d]? ?\d[A-Z]{2}|[a-z]{1,2}\d[a-z\d]? \d[a-z]{2})(?!\w)"
)  # fmt: skip
_SHOUTED_WORDS = {"EN", "IN", "IS", "OP", "OF", "TE", "ZE", "WE", "JE", "AL", "DE", "OM", "IK", "MY", "TO", "AT", "IT"}
_PLATE = re.compile(
    r"(?<![\w-])(?:[A-Z]{1,3}|\d{1,3})-(?:[A-Z]{1,3}|\d{1,3})-(?:[A-Z]{1,3}|\d{1,3})(?![\w-])", re.IGNORECASE
)
_PLATE_ABROAD = re.compile(r"(?<![\w-])(?:[1-9]-?[A-Z]{3}-?\d{3}|[A-Z]{3}-\d{3}|[A-Z]{2}\d{2} ?[A-Z]{3})(?![\w-])")
_NAMED_PLATE = re.compile(r"(?i:\b(?:kenteken|nummerplaat|plate|registration)(?: is|:)?) ([A-Z\d]{5,7})(?!\w)")
_WORD = re.compile(r"\w+(?:'\w+)?")
_PARTICLES = frozenset(
    ["van", "de", "der", "den", "het", "ter", "te", "ten", "la", "le", "du", "von", "und", "of", "and", "el", "al"]
)


@dataclass(frozen=True, slots=True)
class Redacted:
    """A text that may be shown, and the kinds of what was masked in it, in the order masked (never the data itself)."""

    text: str
    found: tuple[str, ...]


def redact(text: str, names: Iterable[str] = ()) -> Redacted:
    """Put typed placeholders in the place of personal data: [E-MAIL] [URL] [IBAN] [DATE] [PHONE] [BSN] [POSTCODE]
    [PLATE] [NAME].

    `names`: the respondent's own names, each part of which is masked wherever it stands as a word. Entities and
    invisible characters are resolved first, so that they hide nothing; what lies beyond 8,000 characters is dropped.
    Masking a masked text changes nothing.
    """
    text = decoded(text)
    found: list[str] = []
    for kind, find in _finders(names):
        text, count = _mask(text, kind, find)
        found += [kind] * count
    return Redacted(text, tuple(found))


def _finders(names: Iterable[str]) -> list[tuple[str, Callable[[str], Iterable[Span]]]]:
    """What is looked for, the surest first: a date must not be taken for a phone number."""
    parts = _name_parts(names)
    return [
        ("E-MAIL", lambda text: _spans(_EMAIL, text)),
        ("URL", lambda text: _spans(_URL, text)),
        ("IBAN", _ibans),
        ("DATE", lambda text: _spans(_DATE, text)),
        ("PHONE", _phones),
        ("BSN", _bsns),
        ("POSTCODE", _postcodes),
        ("PLATE", _plates),
        ("NAME", lambda text: _names(text, parts)),
    ]


def _mask(text: str, kind: str, find: Callable[[str], Iterable[Span]]) -> tuple[str, int]:
    """Replace what `find` finds, outside of earlier placeholders."""
    taken = _spans(_PLACEHOLDER, text)
    pieces, at, count = [], 0, 0
    for start, end in sorted(find(text)):
        if start < at or any(start < t_end and t_start < end for t_start, t_end in taken):
            continue
        pieces += [text[at:start], f"[{kind}]"]
        at, count = end, count + 1
    return "".join([*pieces, text[at:]]), count


def _spans(pattern: re.Pattern[str], text: str) -> list[Span]:
    return [match.span() for match in pattern.finditer(text)]


def _ibans(text: str) -> Iterator[Span]:
    """The longest run of whole groups with a right checksum: words that follow are not part of the number."""
    for match in _IBAN.finditer(text):
        start, longest = match.span()
        for end in range(longest, start + 14, -1):
            at_edge = end == len(text) or not text[end].isalnum()
            if at_edge and text[end - 1].isalnum() and _is_iban(text[start:end]):
                yield start, end
                break


def _is_iban(digits: str) -> bool:
    """By its checksum and length alone: a bank that no list knows is an account number all the same."""
    return bool(iban.is_valid(digits.replace(".", ""), check_country=False))


def _phones(text: str) -> Iterator[Span]:
    """What one of the regions calls a number, and anything with a leading 0 or + and nine digits or more."""
    for region in _REGIONS:
        for match in PhoneNumberMatcher(text, region):
            yield match.start, match.end
    for start, end in _spans(_NATIONAL_PHONE, text):
        digits = sum(c.isdigit() for c in text[start:end])
        if digits >= 9 and text[start:end].lstrip("(")[0] in "0+":
            yield start, end


def _bsns(text: str) -> Iterator[Span]:
    return (span for span in _spans(_NINE_DIGITS, text) if bsn.is_valid(text[slice(*span)].replace(" ", "")))


def _postcodes(text: str) -> Iterator[Span]:
    """Dutch and British postcodes; in a text written in capitals "2019 EN" is a year and a word."""
    shouted = text.isupper()
    for start, end in _spans(_POSTCODE, text):
        letters = text[start:end].removesuffix(" ")[4:].split()
        if not (shouted and letters and letters[0] in _SHOUTED_WORDS):
            yield start, end


def _plates(text: str) -> Iterator[Span]:
    """Dutch plates are three groups of letters or digits, six characters in all; Belgian ones have seven."""
    for start, end in _spans(_PLATE, text):
        characters = text[start:end].replace("-", "")
        mixed = not characters.isdigit() and not characters.isalpha()
        if mixed and len(characters) in (6, 7):
            yield start, end
    yield from _spans(_PLATE_ABROAD, text)
    for match in _NAMED_PLATE.finditer(text):
        if any(c.isdigit() for c in match[1]):
            yield match.span(1)


def _name_parts(names: Iterable[str]) -> frozenset[str]:
    words = [word for name in names for word in _WORD.findall(decoded(name))]
    return frozenset(word for word in words if len(word) > 1 and fold(word) not in _PARTICLES)


def _names(text: str, parts: frozenset[str]) -> Iterator[Span]:
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
