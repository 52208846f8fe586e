"""The relation, put in words: from when until when somebody was a customer."""

from datetime import date

from babel.dates import format_date
from flask_babel import gettext as _

from survey.questionnaires.versions import Version

#: a month of the last so many months needs no year beside it
RECENT_MONTHS = 11


def relation_sentence(version: Version, language: str, spell: tuple[date | None, date], today: date) -> str:
    """The intro of the questionnaire with its dates filled in, such as "You came to us from 2021 to March. ...".

    `spell` is the first day known, if any, and the day of the last visit. Where both fall in one month there is no
    from and to: then the version's `intro_once` is used if it has one, else a sentence of our own, for which the
    locale in force must be that of `language`.
    """
    first, last = spell
    if first is None or _same_month(first, last):
        return _once(version, language, _month(last, today, language))
    since = f"{first.year}" if first.year != last.year else format_date(first, "LLLL", locale=language)
    return version.text(language, "intro").format(since=since, until=_month(last, today, language))


def _once(version: Version, language: str, when: str) -> str:
    own = version.texts[language].get("intro_once")
    if own:
        return own.format(when=when)
    return str(_("You came to us in %(when)s. We would like to learn why you stopped.", when=when))


def _month(day: date, today: date, language: str) -> str:
    months_ago = (today.year - day.year) * 12 + today.month - day.month
    return format_date(day, "LLLL" if months_ago <= RECENT_MONTHS else "LLLL y", locale=language)


def _same_month(first: date, last: date) -> bool:
    return (first.year, first.month) == (last.year, last.month)
