"""What has a form or a checksum: addresses of mail and web, numbers of accounts, phones, people and cars."""

import re
from collections.abc import Iterable, Iterator

from phonenumbers import PhoneNumberMatcher
from stdnum import iban
from stdnum.nl import bsn

Span = tuple[int, int]

_REGIONS = ("NL", "BE", "GB")
_TRIES = 300  # a person's answer has fewer runs of digits that are no phone number
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
_PLATE = re.compile(
    r"(?<![\w-])(?:[A-Z]{1,3}|\d{1,3})-(?:[A-Z]{1,3}|\d{1,3})-(?:[A-Z]{1,3}|\d{1,3})(?![\w-])", re.IGNORECASE
)
_PLATE_ABROAD = re.compile(r"(?<![\w-])(?:[1-9]-?[A-Z]{3}-?\d{3}|[A-Z]{3}-\d{3}|[A-Z]{2}\d{2} ?[A-Z]{3})(?![\w-])")
_NAMED_PLATE = re.compile(r"(?i:\b(?:kenteken|nummerplaat|plate|registration)(?: is|:)?) ([A-Z\d]{5,7})(?!\w)")
_SEPARATORS = re.compile(r"[ ._\-/]{0,2}")
_SHORTEST_ID = 4


def emails(text: str) -> list[Span]:
    return _spans(_EMAIL, text)


def urls(text: str) -> list[Span]:
    return _spans(_URL, text)


def _spans(pattern: re.Pattern[str], text: str) -> list[Span]:
    return [match.span() for match in pattern.finditer(text)]


def ibans(text: str) -> Iterator[Span]:
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


def phones(text: str) -> Iterator[Span]:
    """What one of the regions calls a number, and anything with a leading 0 or + and nine digits or more."""
    for region in _REGIONS:
        for match in PhoneNumberMatcher(text, region, max_tries=_TRIES):
            yield match.start, match.end
    for start, end in _spans(_NATIONAL_PHONE, text):
        digits = sum(c.isdigit() for c in text[start:end])
        if digits >= 9 and text[start:end].lstrip("(")[0] in "0+":
            yield start, end


def bsns(text: str) -> Iterator[Span]:
    return (span for span in _spans(_NINE_DIGITS, text) if bsn.is_valid(text[slice(*span)].replace(" ", "")))


def plates(text: str) -> Iterator[Span]:
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


def known_numbers(text: str, numbers: Iterable[str]) -> Iterator[Span]:
    """Where one of `numbers` (of a card, a customer) stands by itself, with or without the marks within it."""
    wanted = {number for given in numbers if len(number := _bare(given)) >= _SHORTEST_ID}
    plain = _bare(text) if wanted else ""
    if not any(number in plain for number in wanted):
        return
    places = [(place, letter) for place, c in enumerate(text) if c.isalnum() for letter in c.casefold()]
    plain = "".join(letter for _, letter in places)
    for number in wanted:
        at = plain.find(number)
        while at >= 0:
            run = [place for place, _ in places[at : at + len(number)]]
            if _stands_alone(text, run):
                yield run[0], run[-1] + 1
            at = plain.find(number, at + len(number))


def _bare(number: str) -> str:
    return "".join(filter(str.isalnum, number)).casefold()


def _stands_alone(text: str, run: list[int]) -> bool:
    before, after = text[run[0] - 1 : run[0]], text[run[-1] + 1 : run[-1] + 2]
    gaps = (text[a + 1 : b] for a, b in zip(run, run[1:], strict=False))
    return not before.isalnum() and not after.isalnum() and all(_SEPARATORS.fullmatch(gap) for gap in gaps)
