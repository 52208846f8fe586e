"""Mask personal data before anything is stored for pages or learnt from. Loads neither NLTK nor scikit-learn.

Patterns and checksums find what has a form; names are found where they are passed in or presented as names. It is a
safety net, not anonymity: tests state the recall on a planted set.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from analysis.text.cleaning import decoded
from analysis.text.redaction import numbers as digits
from analysis.text.redaction.addresses import addresses, postcodes
from analysis.text.redaction.dates import dates
from analysis.text.redaction.names import name_parts, own_names
from analysis.text.redaction.staff import NOBODY, Staff, people, whole_names
from analysis.text.redaction.words import PLACEHOLDER, Mark, tokenised

__all__ = ["Redacted", "Staff", "redact"]

_SURE_LENGTH = 7


@dataclass(frozen=True, slots=True)
class Redacted:
    """A text that may be shown, and the kinds of what was masked in it, in the order masked (never the data itself)."""

    text: str
    found: tuple[str, ...]


def redact(text: str, names: Iterable[str] = (), numbers: Iterable[str] = (), staff: Staff = NOBODY) -> Redacted:
    """Put typed placeholders in the place of personal data: [E-MAIL] [URL] [IBAN] [DATE] [PHONE] [BSN] [ADDRESS]
    [POSTCODE] [PLATE] [NUMBER] [NAME] and, for staff, [STAFF-12], [STAFF] or [STAFF-xabcd] (see `Staff`).

    `names`: the respondent's own names, each part of which is masked wherever it stands as a word. `numbers`: those
    under which the respondent is known, from four letters or digits on. Entities and invisible characters are resolved
    first, so that they hide nothing; what lies beyond 8,000 characters is dropped. Masking a masked text changes
    nothing.
    """
    text = decoded(text)
    found: list[str] = []
    for find in (*_numbered(tuple(numbers)), *_named(names, staff)):
        text, kinds = _mask(text, find(text))
        found += kinds
    return Redacted(text, tuple(found))


Find = Callable[[str], Iterable[Mark]]


def _numbered(known: tuple[str, ...]) -> list[Find]:
    """What is looked for by its form, the surest first: a date must not be taken for a phone number, and a short
    customer number not for a part of one."""
    long = [number for number in known if len(number) >= _SURE_LENGTH]
    return [
        _as("E-MAIL", digits.emails),
        _as("URL", digits.urls),
        _as("NUMBER", lambda text: digits.known_numbers(text, long)),
        _as("IBAN", digits.ibans),
        _as("DATE", dates),
        _as("PHONE", digits.phones),
        _as("BSN", digits.bsns),
        _as("ADDRESS", addresses),
        _as("POSTCODE", postcodes),
        _as("PLATE", digits.plates),
        _as("NUMBER", lambda text: digits.known_numbers(text, known)),
    ]


def _named(names: Iterable[str], staff: Staff) -> list[Find]:
    """The full name of an employee is surer than a first name that the respondent happens to share; all else that is
    the respondent's goes first."""
    parts = name_parts(names)
    own = frozenset(token.folded for part in parts for token in tokenised(part))
    return [
        lambda text: whole_names(text, staff, own),
        _as("NAME", lambda text: own_names(text, parts)),
        lambda text: people(text, staff),
    ]


def _as(kind: str, find: Callable[[str], Iterable[tuple[int, int]]]) -> Find:
    return lambda text: [(start, end, kind) for start, end in find(text)]


def _mask(text: str, marks: Iterable[Mark]) -> tuple[str, list[str]]:
    """Replace what was found, outside of earlier placeholders; gives the kinds too."""
    taken = [match.span() for match in PLACEHOLDER.finditer(text)]
    pieces, at, kinds = [], 0, []
    for start, end, label in sorted(marks):
        if start < at or any(start < t_end and t_start < end for t_start, t_end in taken):
            continue
        pieces += [text[at:start], f"[{label}]"]
        kinds.append("STAFF" if label.startswith("STAFF") else label)
        at = end
    return "".join([*pieces, text[at:]]), kinds
