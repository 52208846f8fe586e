"""How numbers, money and days are written: the Dutch or the English way, in the organisation's zone and currency."""

import re
from datetime import date, datetime
from decimal import Decimal

from flask import Flask
from flask_babel import format_currency, format_date, format_datetime, format_decimal, format_percent
from flask_babel import gettext as _
from markupsafe import Markup

from survey.web import language, settings

Number = int | float | Decimal

#: what stands where a figure is not known
UNKNOWN = "–"


def money(amount: Number | None, *, cents: bool = False) -> str:
    """An amount in the organisation's currency; whole unless cents are asked for."""
    if amount is None:
        return UNKNOWN
    shape = "¤#,##0.00;-¤#,##0.00" if cents else "¤#,##0;-¤#,##0"
    return str(format_currency(amount, settings().currency, format=_spaced(shape), currency_digits=False))


def percent(share: Number | None, digits: int = 1) -> str:
    """A share between 0 and 1 as a percentage."""
    if share is None:
        return UNKNOWN
    return str(format_percent(share, "#,##0." + "0" * digits + "%" if digits else "#,##0%"))


def count(number: Number | None) -> str:
    """A whole number with its thousands marked."""
    return UNKNOWN if number is None else str(format_decimal(number, "#,##0"))


def decimal(number: Number | None, digits: int = 1) -> str:
    """A number with a fixed number of decimals."""
    if number is None:
        return UNKNOWN
    return str(format_decimal(number, "#,##0." + "0" * digits if digits else "#,##0"))


def day(moment: date | datetime | None) -> str:
    """The organisation's date: 22 November 2026."""
    return UNKNOWN if moment is None else str(format_date(moment, "d MMMM y"))


def moment(at: datetime | None) -> str:
    """The organisation's date and time: 22 November 2026, 14:05."""
    return UNKNOWN if at is None else str(format_datetime(at, "d MMMM y, HH:mm"))


def short_day(moment: date | datetime | None) -> str:
    """A date for a narrow column: 22 Nov 2026."""
    return UNKNOWN if moment is None else str(format_date(moment, "d MMM y"))


def short_moment(at: datetime | None) -> str:
    """A date and time for a narrow column: 22 Nov 2026, 14:05."""
    return UNKNOWN if at is None else str(format_datetime(at, "d MMM y, HH:mm"))


def clock(at: datetime | None) -> str:
    """The organisation's time of day: 14:05."""
    return UNKNOWN if at is None else str(format_datetime(at, "HH:mm"))


def duration(seconds: Number | None) -> str:
    """About how long, in the largest unit that fits."""
    if seconds is None:
        return UNKNOWN
    whole = round(seconds)
    if whole < 90:
        return str(_("%(number)s seconds", number=whole))
    if whole < 90 * 60:
        return str(_("%(number)s minutes", number=round(whole / 60)))
    if whole < 36 * 3600:
        return str(_("%(number)s hours", number=round(whole / 3600)))
    return str(_("%(number)s days", number=round(whole / 86400)))


def breakable(address: str) -> Markup:
    """An e-mail address that may be broken over two lines after its @."""
    return Markup("<wbr>").join(part for part in re.split(r"(?<=@)", address) if part)


def _spaced(shape: str) -> str:
    """Dutch puts a (fixed) space after the sign of the currency, English does not."""
    return shape.replace("¤", "¤\u00a0") if language() == "nl" else shape


def init_app(app: Flask) -> None:
    for filter_ in (money, percent, count, decimal, day, moment, short_day, short_moment, clock, duration, breakable):
        app.jinja_env.filters[filter_.__name__] = filter_
