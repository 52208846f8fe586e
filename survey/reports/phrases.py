"""Small phrases that sentences, tables and pictures share: periods, months, intervals, estimated amounts."""

from decimal import Decimal

from babel.dates import get_month_names
from flask_babel import gettext as _

from survey import formats
from survey.analyst import Share
from survey.reports.period import Period
from survey.web import language


def period_in_words(period: Period) -> str:
    """Such as “in the third quarter of 2026”, or the two days."""
    months = (period.last.year - period.first.year) * 12 + period.last.month - period.first.month + 1
    if period.is_whole_months and months == 12 and period.first.month == 1:
        return str(_("in %(year)s", year=period.first.year))
    if period.is_whole_months and months == 3 and period.first.month % 3 == 1:
        return _quarter(period)
    if period.is_whole_months and months == 1:
        return str(_("in %(month)s", month=month_in_words(period)))
    if period.days == 1:
        return str(_("on %(day)s", day=formats.day(period.first)))
    return str(_("from %(first)s to %(last)s", first=formats.day(period.first), last=formats.day(period.last)))


def _quarter(period: Period) -> str:
    words = (
        _("in the first quarter of %(year)s", year=period.first.year),
        _("in the second quarter of %(year)s", year=period.first.year),
        _("in the third quarter of %(year)s", year=period.first.year),
        _("in the fourth quarter of %(year)s", year=period.first.year),
    )
    return str(words[period.first.month // 3])


def month_in_words(period: Period, width: str = "wide") -> str:
    """The month in which a period begins, with its year."""
    names = get_month_names(width, locale=language())  # type: ignore[arg-type]  # one of babel's widths
    return f"{names[period.first.month]} {period.first.year}"


def about(amount: Decimal) -> str:
    """An estimated amount, as precisely as an estimate deserves: three figures."""
    places = min(0, 2 - amount.adjusted()) if amount else 0
    return formats.money(round(amount, places))


def between(share: Share) -> str:
    """The interval of a share."""
    low = formats.decimal(100 * share.low)
    return str(_("between %(low)s and %(high)s", low=low, high=formats.percent(share.high)))


def interval(share: Share) -> str:
    """The interval of a share, for a cell of a table."""
    return f"{formats.decimal(100 * share.low)} – {formats.percent(share.high)}"  # noqa: RUF001
