"""Full dates, and what stands behind "geboren" and "born", however short."""

import re
from collections.abc import Iterator

Span = tuple[int, int]

_MONTH = (
    r"(?:jan(?:uari|uary)?|feb(?:ruari|ruary)?|m(?:aart|rt|ar(?:ch)?)|apr(?:il)?|mei|may|jun[ie]?|jul[iy]?|"
    r"aug(?:ustus|ust)?|sep(?:t(?:ember)?)?|o[kc]t(?:ober)?|nov(?:ember)?|dec(?:ember)?)\.?"
)
_DATE = re.compile(
    r"(?<![\w/.-])(?:\d{1,2}([-/.])\d{1,2}\1(?:\d{4}|\d{2})|\d{4}([-/.])\d{1,2}\2\d{1,2}|"
    rf"\d{{1,2}}(?:st|nd|rd|th|e)?[ -](?:of )?{_MONTH}[ ,-]{{1,2}}\d{{4}}|"
    rf"{_MONTH} \d{{1,2}}(?:st|nd|rd|th)?,? \d{{4}})(?!\w|[-/.]\d)",
    re.IGNORECASE,
)
_YEAR = r"(?:(?:19|20)\d\d|['’]?\d\d)"
_BORN = re.compile(
    r"(?<!\w)(?:geboren|geb\.?(?:datum|jaar)?|geboortedatum|geboortejaar|geboortedag|born|birthday|birth ?date|"
    r"(?:date|year) of birth|d\.? ?o\.? ?b\.?|verjaardag)"
    rf"(?:,? (?:in|te|at) (?!{_MONTH}(?!\w))[^\W\d_][\w'’-]{{1,30}},?)?[ :=]{{0,2}}"
    rf"(?:(?:is|was|op|in|on|the|de|van|:)[ :]{{1,2}}){{0,3}}"
    rf"((?:19|20)\d\d[-/.]\d{{1,2}}[-/.]\d{{1,2}}|\d{{1,2}}[-/. ]{{1,2}}\d{{1,2}}[-/. ]{{1,2}}{_YEAR}|\d{{6}}(?:\d\d)?|"
    rf"\d{{1,2}}(?:st|nd|rd|th|e|ste|de)?[ -]?(?:of )?{_MONTH}(?:[ ,-]{{0,2}}{_YEAR})?|"
    rf"{_MONTH}(?: \d{{1,2}}(?:st|nd|rd|th)?(?!\d))?(?:,? ?{_YEAR})?|(?:19|20)\d\d|['’]\d\d)(?!\w|[-/.]\d)",
    re.IGNORECASE,
)


def dates(text: str) -> Iterator[Span]:
    """Full dates anywhere, and dates and bare years of birth."""
    yield from (match.span() for match in _DATE.finditer(text))
    yield from (match.span(1) for match in _BORN.finditer(text))
