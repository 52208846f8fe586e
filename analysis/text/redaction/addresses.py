"""Addresses: a street with its house number, and the postcode and town behind it. Dutch, Flemish, British."""

import re
from collections.abc import Iterator

from analysis.text.redaction.words import folded, listed, one_of

Span = tuple[int, int]

_NUMBER_BEHIND = r"(?:,? ?(?:nr\.? ?|no\.? ?|huisnummer |number )?\d{1,4}(?:[ -]?[a-zA-Z])?(?!\w))?"
_BRITISH = r"(?:[A-Z]{1,2}\d[A-Z\d]? ?\d[A-Z]{2}|[a-z]{1,2}\d[a-z\d]? \d[a-z]{2})(?!\w)"
_DUTCH = rf"(?:[1-9]\d{{3}} ?[A-Z]{{2}}(?!\w)|[1-9]\d{{3}} ?(?!(?:{one_of('two_letters')})\b)[a-z]{{2}}(?!\w))"
_POSTCODE = re.compile(rf"(?<!\w){_DUTCH}{_NUMBER_BEHIND}|(?<!\w){_BRITISH}")
_SHOUTED_WORDS = {"EN", "IN", "IS", "OP", "OF", "TE", "ZE", "WE", "JE", "AL", "DE", "OM", "IK", "MY", "TO", "AT", "IT"}

_NUMBER = (
    r"[1-9]\d{0,3}(?!\d)"
    rf"(?! ?(?i:{one_of('units')})(?!\w)|[.:]\d|,\d{{1,2}}(?!\d)|(?:ste|st|nd|rd|th)(?!\w)| ?[%€£])"
    r"(?: ?[-/] ?\d{1,4}(?![\d-]))?"
    r"(?:-?[a-zA-Z]\d{0,2}(?!\w)|[ -][B-HJ-Zb-h](?!\w)|[ -][aA](?=$|[\n,.;:!?)]| (?:te|in|en)\b| ?\d)"
    r"|-(?:[IVX]{1,4}|\d)(?!\w))?"
    r"(?i:[ -]?(?:bis|hs|huis|rood|zwart|boven|beneden|I{2,3}|[1-9](?:e|de)? ?-?hoog)(?!\w))?"
    r"(?i:,? (?:bus|bte|box) ?\w{1,4}(?!\w))?(?!\w)"
)
_BEFORE_NUMBER = (
    r"(?:[- ](?:Noord|Zuid|Oost|West|[NOZW]\.?Z\.?))?"
    r"(?i:\.?(?:,? (?:huisnummer|huisnr\.?|nummer|nr\.?|no\.?|number) ?|,? ?))"
)
_NAME = r"[A-ZÀ-Þ][\w'’-]{0,40}"

_COMPOUND = re.compile(
    rf"(?<![\w-])([^\W\d_][\w'’-]{{1,40}}?(?i:{one_of('strong')})){_BEFORE_NUMBER}{_NUMBER}"
    rf"|(?<![\w-])([A-ZÀ-Þ][\w'’-]{{1,40}}?(?:{one_of('weak')})){_BEFORE_NUMBER}{_NUMBER}"
)
_ALONE = re.compile(rf"(?<![\w-])(?:{one_of('alone', str.title)}){_BEFORE_NUMBER}{_NUMBER}")
_OF_SOMEBODY = re.compile(
    rf"(?<![\w-])(?i:laan|weg|plein|straat|dreef|hof|park|kade|singel|pad) (?:van|der|naar|op|ter|ten)"
    rf"(?: (?:de|den|der|het|'t))? (?:{_NAME}|[a-z]{{4,40}})(?: {_NAME}){{0,3}}{_BEFORE_NUMBER}{_NUMBER}"
)
_FRENCH_NAME = (
    r"(?i:rue|avenue|boulevard|chauss[ée]e|place|quai|square|all[ée]e) "
    rf"(?:(?:de la|du|des|de|la|le) |(?:de )?[dl]['’])?{_NAME}(?:[ -]{_NAME}){{0,2}}"
)
_FRENCH = re.compile(
    rf"(?<![\w-])(?:{_FRENCH_NAME}{_BEFORE_NUMBER}{_NUMBER}|[1-9]\d{{0,3}}[a-z]?,? {_FRENCH_NAME})(?!\w)"
)

_FLAT = r"(?:(?<!\w)(?i:flat|apartment|apt\.?|unit|suite) ?\d{0,3}[A-Za-z]?,? ?)?"
_ENGLISH_NUMBER = r"(?<![\w.:£€/-])(?!(?:19|20)\d\d\b)[1-9]\d{0,3}(?:[a-zA-Z](?!\w))?(?:[-/]\d{1,4})?(?!\d),? "
_NO_MONTH = rf"(?!(?:{one_of('months', str.title)})\b)"
_ENGLISH = re.compile(
    rf"{_FLAT}{_ENGLISH_NUMBER}(?:{_NO_MONTH}(?:(?:St\.?|[A-Z][\w'’-]{{1,30}}) ){{1,4}}?"
    rf"(?:{one_of('english', str.title)})|The (?:{one_of('small', str.title)}|Green|Hill))(?!\w)\.?"
    rf"(?! (?:shops?|stores?|banks?|brands?|chains?|retailers?|names?|lights?)\b)"
)
_WORD = rf"(?!(?:{one_of('no_names')}|{one_of('units')})\b)[a-z'’]{{2,30}} "
_ENGLISH_SMALL = re.compile(
    rf"{_FLAT}{_ENGLISH_NUMBER}{_WORD}(?:{_WORD})?(?:{one_of('small')})"
    rf"(?=$|[\n.,;:!?)]| (?:is|was|in|and|on|at|for|to|but|since|twice|again|near|with|not|when|they|it|we|i|"
    r"you|has|had|never|instead|although|though|until|because|last|every|today|yesterday|"
    rf"{_BRITISH}|[A-Z])\b)"
)
_ENGLISH_LAST = re.compile(
    rf"(?<![\w-]){_NAME} (?:Street|Road|Avenue|Lane|Crescent|Terrace|Gardens|Mews|Square){_BEFORE_NUMBER}{_NUMBER}"
)

_NO_TOWN = (
    r"(?!(?:Ik|De|Het|En|Maar|Er|Die|Dat|Dit|We|Wij|Je|U|Ze|Zij|Hij|Toen|Nu|Daar|The|I|It|They|We|But|And|He|She)\b)"
)
_TOWN = (
    r"(?:['’]s[ -]|Den |Sint[ -]|St\.? |New |Great )?" + _NO_TOWN + r"[A-ZÀ-Þ][\w'’-]{1,30}"
    r"(?:[ -](?:aan|op|a/d|bij|upon|on|under)(?:[ -](?:de|den|het))?[ -][A-Z][\w-]{1,30})?"
)
_GAP = r"(?:,? ?\n|, ?| - | ?\(| )"
_TAIL = re.compile(
    rf"(?:{_GAP}{_TOWN}(?: {_TOWN})?){{0,2}}{_GAP}(?:postcode:? )?(?:NL[- ])?(?:{_DUTCH}|{_BRITISH})"
    rf"(?:(?:{_GAP}|,? (?:te|in) ){_TOWN}(?: {_TOWN})?)?"
    rf"|{_GAP}(?:BE?-)?[1-9]\d{{3}},? {_TOWN}"
    rf"|, ?{_TOWN}(?: {_TOWN})?(?=$|[\n.,;:!?)]| [a-z])"
    rf"| te {_TOWN}"
)
_WITH_POSTCODE = re.compile(
    rf"(?<![\w-])({_NAME}) ?{_NUMBER}{_GAP}(?:NL[- ])?{_DUTCH}(?:{_GAP}{_TOWN}(?: {_TOWN})?)?"
    rf"|(?<![\w-])({_NAME}) (?!\d{{4}}){_NUMBER}, (?:BE?-)?[1-9]\d{{3}} {_TOWN}"
)

_BEFORE = re.compile(r"(?:^|(?<=[^\w'’.-]))(['’]?\w[\w'’-]*\.?)[ -]$")
_PARTICLES = frozenset(["van", "der", "de", "den", "ten", "ter", "het", "'t", "v.", "d."])


def addresses(text: str) -> list[Span]:
    """Every address, in order; where two overlap the longer."""
    found = [_with_tail(text, span) for span in (*_dutch(text), *_others(text))]
    for match in _WITH_POSTCODE.finditer(text):
        if folded(match[1] or match[2]) not in listed("never"):
            found.append((_with_names_before(text, match.start()), match.end()))
    kept: list[Span] = []
    for start, end in sorted(found):
        if kept and start < kept[-1][1]:
            kept[-1] = (kept[-1][0], max(kept[-1][1], end))
        else:
            kept.append((start, end))
    return kept


def _dutch(text: str) -> Iterator[Span]:
    for match in _COMPOUND.finditer(text):
        street = match[1] or match[2]
        at_head = match[2] and _opens(text, match.start())
        if folded(street) not in listed("no_streets") and not at_head:
            yield _with_names_before(text, match.start()), match.end()
    for match in _ALONE.finditer(text):
        start = _with_names_before(text, match.start())
        if start < match.start() or not _opens(text, start):
            yield start, match.end()


def _others(text: str) -> Iterator[Span]:
    for pattern in (_OF_SOMEBODY, _FRENCH, _ENGLISH, _ENGLISH_SMALL, _ENGLISH_LAST):
        yield from (match.span() for match in pattern.finditer(text))


def _with_tail(text: str, span: Span) -> Span:
    tail = _TAIL.match(text, span[1])
    return (span[0], tail.end()) if tail else span


def _with_names_before(text: str, start: int) -> int:
    """Where the street's name begins: words with a capital, and those that streets are named with, before it."""
    at = first = start
    for _ in range(5):
        match = _BEFORE.search(text, max(0, at - 40), at)
        if match is None:
            break
        at = match.start(1)
        word = match[1]
        if folded(word.rstrip(".")) in listed("street_words") or (
            word[0].isupper() and _is_of_the_name(text, at, word)
        ):
            first = at
        elif folded(word) not in _PARTICLES:
            break
    return first


def _is_of_the_name(text: str, at: int, word: str) -> bool:
    name = folded(word.rstrip("."))
    if word.endswith("."):
        return True
    if name in listed("never") or name in {"woon", "woonde", "adres", "address", "live", "lived"}:
        return False
    return not _opens(text, at) or name in listed("first_names")


def _opens(text: str, at: int) -> bool:
    before = text[max(0, at - 3) : at].rstrip(" ")
    return not before or before[-1] in '.!?:\n"(“'


def postcodes(text: str) -> Iterator[Span]:
    """Dutch and British postcodes; in a text written in capitals "2019 EN" is a year and a word."""
    shouted = text.isupper()
    for match in _POSTCODE.finditer(text):
        letters = match[0].removesuffix(" ")[4:].split()
        if not (shouted and letters and letters[0] in _SHOUTED_WORDS):
            yield match.span()
