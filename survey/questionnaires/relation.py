"""The relation, put in words: from when until when somebody was a customer, how often they came, and only if so.

What can be filled in for a person is what is true of that person: a rhythm that was kept until the last visit, a number
of visits of which none can be missing. A text that asks for more gives way to a sentence of our own.
"""

import re
import struct
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from itertools import pairwise
from typing import NamedTuple

from babel.dates import format_date
from flask_babel import gettext as _
from flask_babel import lazy_gettext

from survey.questionnaires.versions import Version

#: what is filled in for each person, by the name of the text in which it may stand; the editor refuses all else
PLACEHOLDERS: dict[str, tuple[str, ...]] = {
    "intro": ("since", "until", "rhythm", "times", "last"),
    "intro_once": ("when",),
}
#: the intro that every installation begins with; as nobody wrote it, it gives way to what is known of the person
SHIPPED = {
    "nl": "U was klant bij ons van {since} tot {until}. We willen graag leren waarom u bent gestopt.",
    "en": "You came to us from {since} to {until}. We would like to learn why you stopped.",
}
#: a month of the last so many months needs no year beside it
RECENT_MONTHS = 11
#: from which number of visits on it is said, and above which it would sound like spying
FEWEST_TIMES, MOST_TIMES = 3, 60
#: a first visit so soon after joining was the first
JOINED_DAYS = 31

#: name, shortest and longest interval in days that keep it, and the visits that it takes
_BANDS = (
    ("week", 5, 9, 8),
    ("two_weeks", 11, 17, 6),
    ("month", 24, 38, 6),
    ("two_months", 50, 72, 5),
    ("quarter", 78, 106, 5),
    ("half_year", 160, 205, 4),
    ("year", 330, 400, 4),
)
RHYTHMS = {
    "week": lazy_gettext("every week"),
    "two_weeks": lazy_gettext("every two weeks"),
    "month": lazy_gettext("every month"),
    "two_months": lazy_gettext("every two months"),
    "quarter": lazy_gettext("every three months"),
    "half_year": lazy_gettext("every half year"),
    "year": lazy_gettext("every year"),
}
#: a rhythm is that of the last so many visits
_LOOKED_AT = 13
#: the share of intervals that keep a rhythm; and none may be as long as two of them
_KEPT = 0.8

_EPOCH = date(1970, 1, 1)
_PLACE = re.compile(r"\{([a-z]+)\}")


class Spell(NamedTuple):
    """A relation. first: the first day known, if any. last: the last visit. rhythm: a key of RHYTHMS, empty where none
    was kept. times: visits in all, 0 where some may be missing."""

    first: date | None
    last: date
    rhythm: str = ""
    times: int = 0


def spell_of(since: date | None, joined_on: date | None, last: date, packed: bytes | None) -> Spell:
    """The relation as the packed visits of `customer_history` tell it, up to the last visit of the episode."""
    visits = [day for day in _days_in(packed or b"") if day <= last]
    whole = bool(visits) and joined_on is not None and timedelta() <= visits[0] - joined_on <= timedelta(JOINED_DAYS)
    return Spell(since, last, rhythm_of(visits), len(visits) if whole else 0)


def rhythm_of(visits: Sequence[date]) -> str:
    """The rhythm that these visits, sorted, kept until the last of them; empty where they kept none."""
    days = [(after - before).days for before, after in pairwise(visits[-_LOOKED_AT:])]
    for name, least, most, needed in _BANDS:
        kept = sum(least <= number <= most for number in days)
        if len(days) + 1 >= needed and kept >= _KEPT * len(days) and max(days) < 2 * least:
            return name
    return ""


def relation_sentence(version: Version, language: str, spell: tuple[date | None, date] | Spell, today: date) -> str:
    """The intro of the questionnaire with what is known of the person, such as "You came every month until March. ...".

    Where first and last day fall in one month there is no from and to: then the version's `intro_once` is used if it
    has one. Where the text asks for what is not so of this person, or is the one that everybody begins with, a sentence
    of our own is used, for which the locale in force must be that of `language`.
    """
    known = Spell(*spell)
    values = _values(known, today, language)
    if "since" not in values and not known.rhythm:
        return _once(version, language, values["until"])
    intro = version.text(language, "intro")
    is_true = set(_PLACE.findall(intro)) <= set(values)
    if is_true and intro != SHIPPED[language]:
        return filled(intro, values)
    more = _own(values, known)
    return more or (filled(intro, values) if is_true else _plainly(values))


def filled(text: str, values: Mapping[str, str]) -> str:
    """The text with its places filled, all at once; nothing in it is run, and what is no place of ours stays."""
    return _PLACE.sub(lambda place: values.get(place[1], place[0]), text)


def _values(known: Spell, today: date, language: str) -> dict[str, str]:
    """What can be filled in for this person."""
    first, last, rhythm, times = known
    values = {"until": _month(last, today, language), "last": _day(last, today, language)}
    if first is not None and not _same_month(first, last):
        values["since"] = f"{first.year}" if first.year != last.year else format_date(first, "LLLL", locale=language)
    if rhythm:
        values["rhythm"] = str(RHYTHMS[rhythm])
    if times >= FEWEST_TIMES:
        values["times"] = str(times)
    return values


def _own(values: Mapping[str, str], known: Spell) -> str:
    """A sentence of our own that says more than from when to when; empty where no more is known."""
    if "rhythm" in values:
        return str(_("You came to us %(rhythm)s until %(until)s. We would like to learn why you stopped.", **values))
    if "times" in values and known.times <= MOST_TIMES:
        return str(
            _("You came to us %(times)s times, last on %(last)s. We would like to learn why you stopped.", **values)
        )
    return ""


def _plainly(values: Mapping[str, str]) -> str:
    return str(_("You came to us from %(since)s to %(until)s. We would like to learn why you stopped.", **values))


def _once(version: Version, language: str, when: str) -> str:
    own = version.texts[language].get("intro_once")
    if own:
        return filled(own, {"when": when})
    return str(_("You came to us in %(when)s. We would like to learn why you stopped.", when=when))


def _days_in(packed: bytes) -> list[date]:
    return [_EPOCH + timedelta(days=day) for day, _cents in struct.iter_unpack(">iq", packed)]


def _month(day: date, today: date, language: str) -> str:
    return format_date(day, "LLLL" if _is_recent(day, today) else "LLLL y", locale=language)


def _day(day: date, today: date, language: str) -> str:
    return format_date(day, "d MMMM" if _is_recent(day, today) else "d MMMM y", locale=language)


def _is_recent(day: date, today: date) -> bool:
    return (today.year - day.year) * 12 + today.month - day.month <= RECENT_MONTHS


def _same_month(first: date, last: date) -> bool:
    return (first.year, first.month) == (last.year, last.month)
