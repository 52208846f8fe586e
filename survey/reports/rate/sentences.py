"""What the page says of its figures, in sentences."""

from __future__ import annotations

from typing import Any

from flask_babel import gettext as _
from flask_babel import ngettext

from survey import formats
from survey.reports.phrases import month_in_words, period_in_words
from survey.reports.rate.page import Page, month_of
from survey.reports.rate.sentences_beside import funnel_sentence as funnel_sentence
from survey.reports.rate.sentences_beside import funnel_title as funnel_title
from survey.reports.rate.sentences_beside import place_of as place_of
from survey.reports.rate.sentences_breaks import break_sentence as break_sentence
from survey.reports.rate.sentences_breaks import recount_intro as recount_intro
from survey.reports.rate.sentences_breaks import recounted_sentence as recounted_sentence
from survey.reports.rate.sentences_staying import contracts_sentences as contracts_sentences
from survey.reports.rate.sentences_staying import hazard_sentence as hazard_sentence
from survey.reports.rate.sentences_staying import hazard_title as hazard_title
from survey.reports.rate.sentences_staying import survival_sentence as survival_sentence
from survey.reports.rate.sentences_staying import survival_title as survival_title
from survey.reports.rate.sentences_staying import unkept_sentence as unkept_sentence
from survey.reports.rate.sentences_staying import unkept_title as unkept_title
from survey.reports.rate.shares import between as between
from survey.reports.rate.shares import interval as interval
from survey.reports.rate.shares import share as share

MONTHS_OF_A_YEAR = 12


def state_of(known: str) -> str:
    """How far a month can be known, in words; empty where it is."""
    told = {"running": _("not over yet"), "too_old": _("before all could be found")}
    return str(told.get(known, ""))


def headline(page: Page) -> str:
    """The answer to the question of the page."""
    month = page.last_whole
    if month is None or not month.rated.at_risk:
        return str(_("How many leave is not known yet"))
    return str(
        ngettext(
            "%(left)s of %(at_risk)s customers left %(period)s",
            "%(left)s of %(at_risk)s customers left %(period)s",
            month.rated.left,
            left=formats.count(month.rated.left),
            at_risk=formats.count(month.rated.at_risk),
            period=period_in_words(month_of(month.period)),
        )
    )


def month_sentence(page: Page) -> str:
    """The rate of that month, and how sure it is."""
    month = page.last_whole
    if month is None or not month.rated.at_risk:
        return str(_("A month counts once it is over and your purchases of it are in. The first such month comes."))
    rate = month.rated.share
    return str(_("That is %(rate)s of them, %(between)s.", rate=share(rate.estimate), between=between(rate)))


def year_sentence(page: Page) -> str:
    """The mean of the last twelve months against those before."""
    year = page.figures.year
    if year is None or year.now.share.estimate is None:
        return ""
    mean = _(
        "Over the year up to %(last)s it was %(rate)s a month on average, %(between)s.",
        last=formats.day(year.period.last),
        rate=share(year.now.share.estimate),
        between=between(year.now.share),
    )
    return f"{mean} {_against(year)}"


def _against(year: Any) -> str:
    if year.change is None:
        return str(_("There is no year before to hold it against."))
    months = year.compared
    given = {"before": share(year.before.share.estimate), "now": share(year.paired.share.estimate), "months": months}
    if months == MONTHS_OF_A_YEAR:
        said = (
            _("In the year before it was %(before)s a month: a real rise.", **given),
            _("In the year before it was %(before)s a month: a real fall.", **given),
            _("In the year before it was %(before)s a month: no clear difference.", **given),
        )
    else:
        said = (
            _("In its last %(months)s months it was %(now)s, a year earlier %(before)s: a real rise.", **given),
            _("In its last %(months)s months it was %(now)s, a year earlier %(before)s: a real fall.", **given),
            _("In its last %(months)s months it was %(now)s, a year earlier %(before)s: no clear difference.", **given),
        )
    return str(said[0 if year.change.low > 0 else 1 if year.change.high < 0 else 2])


def pace_sentence(page: Page) -> str:
    """What that comes to in a year."""
    year = page.figures.year
    if year is None or not year.now.share.estimate:
        return ""
    ends = [round(1000 * (1 - (1 - each) ** 12)) for each in (year.now.share.estimate, *_ends(year.now.share))]
    return str(
        _(
            "At this pace %(many)s in 1,000 customers leave in a year (%(low)s to %(high)s).",
            many=formats.count(ends[0]),
            low=formats.count(ends[1]),
            high=formats.count(ends[2]),
        )
    )


def _ends(found: Any) -> tuple[float, float]:
    return found.low, found.high


def change_detail(page: Page) -> str:
    """The difference of the two years in percentage points."""
    year = page.figures.year
    if year is None or year.change is None:
        return ""
    points = [formats.decimal(100 * each, 2) for each in (year.change.estimate, year.change.low, year.change.high)]
    return str(
        _(
            "The monthly rate changed by %(points)s percentage points from a year earlier (95%% interval "
            "%(low)s to %(high)s).",
            points=points[0],
            low=points[1],
            high=points[2],
        )
    )


def avoidable_sentence(page: Page) -> str:
    """The part that somebody could have done something about."""
    apart, told = page.figures.apart, page.figures.told
    if apart is None:
        return str(_("Which part was avoidable is not known: nobody who left that year has told a main reason yet."))
    return str(
        _(
            "Avoidable, by the reasons told: %(rate)s a month, %(between)s. The rest left for a reason that nobody "
            "here could have changed. %(answered)s of the %(leavers)s who left have told such a reason.",
            rate=share(apart.avoidable.estimate),
            between=between(apart.avoidable),
            answered=formats.count(told.avoidable + told.unavoidable),
            leavers=formats.count(told.leavers),
        )
    )


def apart_detail(page: Page) -> str:
    """How the parts are made, and how far silence reaches."""
    apart = page.figures.apart
    if apart is None:
        return ""
    return str(
        _(
            "By the main reasons ticked, %(share)s of those who answered left for a reason that you can influence or "
            "partly influence (by chance alone %(between)s). Who did not answer is given the same share, and the "
            "interval lets their odds be half or twice as high: %(widened)s. If all who kept silent had one kind of "
            "reason, the share would lie anywhere %(widest)s.",
            share=formats.percent(apart.share.estimate),
            between=between(apart.share),
            widened=between(apart.widened),
            widest=between(apart.widest),
        )
    )


def as_of_sentence(page: Page) -> str:
    """Up to when the figures go."""
    return str(
        _(
            "Worked out with the purchases known up to %(day)s; your records begin on %(begin)s.",
            day=formats.day(page.figures.as_of),
            begin=formats.day(page.figures.data_from),
        )
    )


def trend_title(page: Page) -> str:
    """What the picture of the months shows."""
    month, year = page.last_whole, page.figures.year
    if month is None or year is None:
        return str(_("No month is known yet"))
    return str(
        _(
            "%(rate)s left in %(month)s; the mean of the year is %(mean)s a month",
            rate=share(month.rated.share.estimate),
            month=month_in_words(month_of(month.period)),
            mean=share(year.now.share.estimate),
        )
    )


def trend_sentence(page: Page) -> str:
    """How to read it, and what the date of a departure means."""
    return str(
        _(
            "Each dot is a month, its bar the 95%% interval; the line is the mean of the twelve months up to then. "
            "Somebody counts as having left on the first day on which your definition held, so a month that is over "
            "does not change."
        )
        % ()
    )


def unknown_sentence(page: Page) -> str:
    """The months that are drawn hollow, and why."""
    months = page.months
    old = [month for month in months if month.known == "too_old"]
    running = [month for month in months if month.known == "running"]
    said = []
    if running:
        said.append(
            _("Hollow: %(month)s is not over, or its purchases are not all in.", month=_name(running[-1].period))
        )
    if old:
        said.append(
            _(
                "Hollow up to %(month)s: 19 of 20 departures are known %(days)s days after the last visit, and your "
                "records do not go back far enough to find everybody who left then.",
                month=_name(old[-1].period),
                days=formats.count(page.figures.rule_days),
            )
        )
    return " ".join(map(str, said))


def stopped_title(page: Page) -> str:
    """What the picture by last visit shows."""
    known = [month for month in page.stopped if month.known == "whole" and month.at_risk]
    if not known:
        return str(_("No month can be known yet by the last visit"))
    return str(
        _(
            "%(rate)s of those who were there came for the last time in %(month)s",
            rate=share(known[-1].gone / known[-1].at_risk),
            month=_name(known[-1].period),
        )
    )


def stopped_sentence(page: Page) -> str:
    """How to read it: the newest months cannot be known."""
    return str(
        _(
            "The same departures, dated back to the last visit. Who came for the last time less than %(days)s days ago "
            "may still come back, so the newest months are dashed lines: somewhere on them the share will lie, from "
            "nobody gone to everybody who is silent since.",
            days=formats.count(page.figures.rule_days),
        )
    )


def _name(period: Any) -> str:
    return month_in_words(month_of(period))
