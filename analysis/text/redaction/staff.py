"""Names of staff become pseudonyms: the number of a known employee, letters for somebody else.

Known names are looked up word by word in tables made once, so 5,000 employees cost an answer no more than five.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from analysis.text.cleaning import decoded
from analysis.text.redaction.introductions import introduced_names
from analysis.text.redaction.words import (
    Mark,
    Token,
    is_particle,
    is_shouted,
    listed,
    name_end,
    name_like,
    skip_particles,
    tokenised,
    unmarked,
)

_SEVERAL = 0
_LONGEST = 6
_ARTICLES = frozenset(["de", "het", "een", "the", "a", "an", "my", "our", "your", "this", "that", "mijn", "onze"])


@dataclass(frozen=True, slots=True)
class Staff:
    """Who works there, by folded name: the number of the employee, or 0 where several are called so.

    `pseudonym` gives four letters a-z for the folded name of somebody who is not known here; without it such a person
    is just [STAFF].
    """

    whole: Mapping[str, int] = field(default_factory=dict)
    first: Mapping[str, int] = field(default_factory=dict)
    surnames: Mapping[str, int] = field(default_factory=dict)
    starts: frozenset[str] = frozenset()
    pseudonym: Callable[[str], str] | None = None

    @classmethod
    @lru_cache(maxsize=2)  # batch after batch asks for the same people, and 5,000 take a quarter of a second
    def of(cls, employees: tuple[tuple[int, str], ...], pseudonym: Callable[[str], str] | None = None) -> "Staff":
        """The tables for employees given as (number, full name); numbers are above 0."""
        exact: dict[str, int] = {}
        forms: dict[str, int] = {}
        first: dict[str, int] = {}
        surnames: dict[str, int] = {}
        for number, name in employees:
            given, family = _parts(name)
            written = {f"{given} {family}"} if given and family else set()
            _add(exact, written, number)
            _add(forms, _whole_forms(given, family), number)
            _add(first, {given, given.replace(" ", "")} if _is_spelt_out(given) else set(), number)
            _add(surnames, _surname_forms(family), number)
        whole = forms | exact
        return cls(whole, first, surnames, frozenset(key.partition(" ")[0] for key in (*whole, *first)), pseudonym)

    def stranger(self, tokens: Sequence[Token]) -> str:
        """What stands for a person who is not known here."""
        name = " ".join(token.folded for token in tokens if not is_particle(token))
        return f"STAFF-x{self.pseudonym(name)}" if self.pseudonym else "STAFF"


NOBODY = Staff()


def _parts(name: str) -> tuple[str, str]:
    """The folded first name and surname, also of "Kuiper, Ronald"; a hyphen parts words as a blank does."""
    last, _, rest = decoded(name).partition(",")
    given, _, family = " ".join(f"{rest} {last}".split()).partition(" ")
    return _key(given), _key(family)


def _key(words: str) -> str:
    return " ".join(token.folded for token in tokenised(words))


def _is_spelt_out(given: str) -> bool:
    return any(len(word) > 1 for word in given.split())


def _surname_forms(family: str) -> set[str]:
    """With particles left out in front; as one word; and the first of a double name."""
    words = family.split()
    while words and words[0] in listed("particles"):
        del words[0]
    return {" ".join(words), "".join(words), words[0]} if words else set()


def _whole_forms(given: str, family: str) -> set[str]:
    """As people write it: in either order, as one word, with an initial, particles left out or cut short."""
    if not given or not family:
        return set()
    words = family.split()
    front = [word for word in words[:-1] if word in listed("particles")]
    bare = " ".join(words[len(front) :])
    letters = [word[0] for word in front]
    families = {
        *_surname_forms(family),
        family,
        " ".join([*letters, bare]),
        " ".join(filter(None, ["".join(letters), bare])),
    }
    initials = [word[0] for word in given.split()]
    starts = {given, given.replace(" ", ""), "".join(initials), " ".join(initials)}
    forms = {f"{start} {rest}" for start in starts for rest in families}
    joined = family.replace(" ", "")
    return forms | {f"{family} {given}", f"{bare} {given}", given + joined, given.replace(" ", "") + joined}


def _add(table: dict[str, int], keys: set[str], number: int) -> None:
    for key in keys:
        table[key] = number if table.get(key, number) == number else _SEVERAL


def _label(number: int) -> str:
    return f"STAFF-{number}" if number != _SEVERAL else "STAFF"


def whole_names(text: str, staff: Staff, own: frozenset[str]) -> list[Mark]:
    """Full names of employees, and their surnames elsewhere in the same text; not those that are the respondent's own
    (`own`: the folded parts of that name)."""
    if not staff.whole:
        return []
    tokens = tokenised(text)
    marks: list[Mark] = []
    people: dict[str, str] = {}
    at = 0
    while at < len(tokens):
        end, number = _longest(tokens, at, staff.whole) if tokens[at].folded in staff.starts else (at, _SEVERAL)
        name = tokens[at:end]
        if name and _is_written_as_name(name) and not all(t.folded in own or is_particle(t) for t in name):
            marks.append((name[0].start, name[-1].end, _label(number)))
            people |= {t.folded: _label(number) for t in name if len(t.text) > 1 and not is_particle(t)}
        at = max(end, at + 1)
    elsewhere = {word: label for word, label in people.items() if word not in own and word not in staff.first}
    return _with_mentions(tokens, marks, elsewhere)


def _is_written_as_name(name: Sequence[Token]) -> bool:
    """An initial, or two words of the language, ask for capitals: "j. bos" and "will post" say nothing."""
    words = len(name) > 1 and _is_word(name[0].folded) and name[-1].folded in listed("surname_words")
    doubtful = len(name[0].text) == 1 or words
    return not doubtful or (name[0].text[0].isupper() and name[-1].text[0].isupper())


def _longest(tokens: Sequence[Token], at: int, table: Mapping[str, int]) -> tuple[int, int]:
    """End and number of the longest run of words from `at` on that is in `table`; (at, 0) where none is."""
    best, number = at, _SEVERAL
    key = ""
    for end in range(at, min(at + _LONGEST, len(tokens))):
        if end > at and not tokens[end].joined:
            break
        key = f"{key} {tokens[end].folded}" if key else tokens[end].folded
        if key in table:
            best, number = end + 1, table[key]
    return best, number


def people(text: str, staff: Staff) -> list[Mark]:
    """Employees by first name, or by surname behind a title, and others whom the text presents as people there."""
    tokens = tokenised(text)
    introduced = introduced_names(text, tokens)
    marks: list[Mark] = []
    strangers: dict[str, str] = {}
    at = 0
    while at < len(tokens):
        if at in introduced:
            end, label, known = _presented(tokens, introduced[at], staff)
        else:
            end, label, known = _by_first_name(tokens, at, staff)
        if end > at:
            marks.append((tokens[at].start, tokens[end - 1].end, label))
        if end > at and not known:
            strangers |= {t.folded: label for t in tokens[at:end] if len(t.text) > 1 and not is_particle(t)}
        at = max(end, at + 1)
    return _with_mentions(tokens, marks, strangers)


def _presented(tokens: Sequence[Token], name: tuple[int, int], staff: Staff) -> tuple[int, str, bool]:
    """Who the name is that a title, a role or the like presents; (end, label, known)."""
    at, end = name
    titled = at > 0 and tokens[at - 1].folded in listed("titles")
    tables = (staff.whole, staff.surnames, staff.first) if titled else (staff.first, staff.surnames)
    past = skip_particles(tokens, at) if tokens[at].joined else at
    for start, table in ((start, table) for table in tables for start in (at, past) if start < len(tokens)):
        known_end, number = _longest(tokens, start, table)
        word = table is staff.first and _is_word(tokens[start].folded)
        sure = tokens[start].text[0].isupper() or (not word and (titled or table is staff.first))
        if known_end > start and known_end >= end and sure:
            return known_end, _label(number), True
    return (end, staff.stranger(tokens[at:end]), False) if end > at else (at, "", True)


def _by_first_name(tokens: Sequence[Token], at: int, staff: Staff) -> tuple[int, str, bool]:
    """An employee's first name; with another surname behind it, it is somebody else's."""
    end, number = _longest(tokens, at, staff.first) if tokens[at].folded in staff.starts else (at, _SEVERAL)
    if end == at and _is_genitive(tokens[at], staff):
        end, number = at + 1, staff.first[tokens[at].folded[:-1]]
    if end == at or not (end > at + 1 or _is_meant(tokens, at)):
        return at, "", True
    whole = name_end(tokens, end - 1)
    if whole > end and name_like(tokens[at]):
        return whole, staff.stranger(tokens[at:whole]), False
    return end, _label(number), True


def _is_genitive(token: Token, staff: Staff) -> bool:
    """ "Ronalds gedrag": Dutch writes it without an apostrophe."""
    stem = token.folded[:-1]
    return token.folded[-1] == "s" and len(stem) > 3 and name_like(token) and stem in staff.first and not _is_word(stem)


def _is_meant(tokens: Sequence[Token], at: int) -> bool:
    """Whether the word is meant as a name: any way it is written, unless it is short or a word of the language."""
    token = tokens[at]
    if _is_month(tokens, at):
        return False
    if not _is_word(token.folded):
        return len(token.text) > 3 or token.text[0].isupper()
    if token.folded in listed("months") or token.opens or is_shouted(token) or not token.text[0].isupper():
        return False
    return not (at and tokens[at].joined and tokens[at - 1].folded in _ARTICLES)


def _is_month(tokens: Sequence[Token], at: int) -> bool:
    """ "Jan 7th", "3 Jan"."""
    beside = [token for token in tokens[max(0, at - 1) : at + 2] if token.text[0].isdigit()]
    return bool(beside) and (tokens[at].folded == "jan" or tokens[at].folded in listed("months"))


def _is_word(folded: str) -> bool:
    lists = ("also_words", "months", "never", "particles", "roles", "titles", "departments", "persons")
    return any(folded in listed(name) for name in lists) or (len(folded) < 4 and folded not in listed("first_names"))


def _with_mentions(tokens: Sequence[Token], marks: list[Mark], known: Mapping[str, str]) -> list[Mark]:
    """Who was named once is masked wherever the name stands with its capital."""
    return sorted([*marks, *_mentions(tokens, marks, known)]) if known else marks


def _mentions(tokens: Sequence[Token], marks: list[Mark], known: Mapping[str, str]) -> Iterator[Mark]:
    for at, token in unmarked(tokens, marks):
        label = known.get(token.folded)
        if label and token.text[0].isupper() and (not _is_word(token.folded) or _is_meant(tokens, at)):
            yield token.start, token.end, label
