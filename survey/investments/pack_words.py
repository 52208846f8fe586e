"""The sentences of the decision pack; those of other pages where they have them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from flask_babel import gettext as _
from flask_babel import ngettext

from survey import formats
from survey.investments import overview
from survey.investments.models import Investment
from survey.investments.overview import STOPPED, Overview, verdicts_of
from survey.investments.saying import NAMES, Told, known_sentence, listed
from survey.investments.spending import spent_on, spent_sentence
from survey.reports import sentences, telling
from survey.reports.breakdown import Breakdown
from survey.reports.counting import lost_in
from survey.reports.findings import Findings
from survey.reports.period import Period
from survey.reports.phrases import about

#: a verdict stood at the end of a quarter where it was given so many days after it, when its pack is made
DAYS_AFTER = 14


@dataclass(frozen=True, eq=False)
class Reader:
    """What the pack is made of: the breakdown and its estimates, the overview of the investments, and for whom."""

    found: Breakdown
    shown: Findings | None
    money: Overview
    quarter: Period
    language: str

    @property
    def top(self) -> int | None:
        """The place of the reason that costs most; None where nobody answered."""
        return self.shown.top if self.shown else None


@dataclass(frozen=True)
class Line:
    """An investment: its number, what it is called and costs, and what was found of it."""

    investment_id: int
    name: str
    cost: str
    verdict: str
    tone: str
    sentence: str


def title(quarter: Period) -> str:
    """Such as “Third quarter of 2026”."""
    year = quarter.first.year
    words = (
        _("First quarter of %(year)s", year=year), _("Second quarter of %(year)s", year=year),
        _("Third quarter of %(year)s", year=year), _("Fourth quarter of %(year)s", year=year),
    )  # fmt: skip
    return str(words[quarter.first.month // 3])


def stop(read: Reader) -> str:
    """What would you stop paying for on Monday?"""
    lines = read.money.lines
    if not lines:
        return str(_("Nothing stands in the register of investments, so it cannot be said what to stop paying for"))
    if not any(line.told for line in lines):
        return str(_("No investment has been checked yet, so it cannot be said what to stop paying for"))
    wrong = [line.investment for line in lines if line.told and line.told.row.verdict in STOPPED]
    going, over = ([one for one in wrong if _is_paid_for(one, read) is is_going] for is_going in (True, False))
    if going and over:
        words = _(
            "Stop paying for %(going)s, and put no more money into %(over)s",
            going=_named(going, read.language),
            over=_named(over, read.language),
        )
    elif going:
        words = _("Stop paying for %(going)s", going=_named(going, read.language))
    elif over:
        words = _("Put no more money into %(over)s", over=_named(over, read.language))
    else:
        words = _("By what is known now, there is nothing to stop paying for")
    return str(words)


def _is_paid_for(one: Investment, read: Reader) -> bool:
    """Something can still be stopped: it costs money every year, or has not begun."""
    day = read.quarter.last
    is_over = one.ends_on is not None and one.ends_on <= day
    return not is_over and (one.yearly_cost > 0 or one.starts_on > day)


def _named(those: Sequence[Investment], language: str) -> str:
    return listed([_quoted(one.name, language) for one in those])


def _quoted(name: str, language: str) -> str:
    return f"‘{name}’" if language == "nl" else f"“{name}”"  # noqa: RUF001


def because(read: Reader) -> list[str]:
    """Why, for each of them; and where most is lost."""
    lines = read.money.lines
    said = [
        f"{_quoted(line.investment.name, read.language)}: {line.told.sentence}"
        for line in lines
        if line.told and line.told.row.verdict in STOPPED
    ]
    if lines and not said:
        told = [line.told.name for line in lines if line.told]
        said = [_counted(told)] if told else []
    return [*said, *_dearest(read)]


def _dearest(read: Reader) -> list[str]:
    """The reason that costs most, and whether money goes to it."""
    if read.shown is None or read.top is None:
        return []
    spent = spent_on(read.shown.shares.reasons[read.top], read.found.lens, read.quarter.last)
    return [f"{telling.top_sentence(read.shown, read.top, read.language)} {spent_sentence(spent)}"]


def _counted(names: Sequence[str]) -> str:
    counted = [f"{name.lower()} ({formats.count(names.count(name))})" for name in dict.fromkeys(names)]
    all_of_them = formats.count(len(names))
    return str(
        _("What was found of the %(number)s that were checked: %(names)s.", number=all_of_them, names=listed(counted))
    )


def rate(read: Reader) -> list[str]:
    """How many left."""
    headline = f"{sentences.headline(read.found)}."
    return [headline, sentences.rate_sentence(read.found)]


def lost(read: Reader) -> list[str]:
    """What that cost."""
    return [sentences.value_sentence(read.found)] if read.found.count else []


def reasons_title(read: Reader) -> str:
    return telling.reasons_title(read.shown, "value", read.language) if read.shown else str(_("No reasons yet"))


def reasons(read: Reader) -> list[str]:
    """Why they left: how the answers were come by, what costs most, and how much of it can be influenced."""
    shown = read.shown
    if shown is None or read.top is None:
        return [sentences.response_sentence(read.found)]
    note = telling.period_note(shown, read.found.lens)
    said = [
        sentences.response_sentence(read.found), note, telling.basis_sentence(shown.shares),
        telling.influence_sentence(shown), telling.silence_sentence(shown.shares, read.top, read.language),
    ]  # fmt: skip
    return [each for each in said if each]


def money(read: Reader) -> list[str]:
    """Where the money goes, beside what was lost in the last year of which all who turned away are known."""
    figure = read.money.figure
    if not read.money.lines or not figure:
        return []
    days = {name: formats.day(date.fromisoformat(figure[name])) for name in ("from", "known_until")}
    year = _("Money is held against what was lost with customers who turned away from %(first)s to %(last)s.",
             first=days["from"], last=days["known_until"])  # fmt: skip
    loss, mismatch = overview.loss_sentence(read.money), overview.mismatch_sentence(read.money)
    return [each for each in (f"{overview.headline(read.money)}.", loss, mismatch, str(year)) if each]


def lines(read: Reader) -> list[Line]:
    """Every investment in the register, the most profitable money first."""
    return [_line(line.investment, line.told) for line in read.money.lines]


def _line(one: Investment, told: Told | None) -> Line:
    cost = [formats.money(one.amount)] if one.amount else []
    cost += [str(_("%(money)s a year", money=formats.money(one.yearly_cost)))] if one.yearly_cost else []
    if told is None:
        return Line(one.id, one.name, listed(cost), str(_("Not checked yet")), "", "")
    return Line(one.id, one.name, listed(cost), told.name, told.tone, told.sentence)


def changed(read: Reader) -> list[str]:
    """What differs from the quarter before: how many left, what was lost, reasons, investments."""
    said = [_rate_against_before(read), _lost_against_before(read)]
    if read.shown and read.shown.contrasts:
        real = [telling.changed(each, read.shown, read.language) for each in read.shown.contrasts.since]
        if real and read.shown.shares.lens.period != read.quarter:
            said.append(str(_("Over that longer period, held against the one before it:")))
        said += real or [str(_("No reason clearly became more or less common than in the period before."))]
    return [each for each in (*said, *_investments_changed(read)) if each]


def _rate_against_before(read: Reader) -> str:
    found = read.found
    if found.difference is None:
        return ""
    now, before = (formats.percent(each.share.estimate) for each in (found.now, found.before))
    if not found.difference.is_real:
        words = _("%(now)s left, after %(before)s in the quarter before: no clear difference.", now=now, before=before)
    elif found.difference.estimate > 0:
        words = _("%(now)s left, after %(before)s in the quarter before: a real rise.", now=now, before=before)
    else:
        words = _("%(now)s left, after %(before)s in the quarter before: a real fall.", now=now, before=before)
    return str(words)


def _lost_against_before(read: Reader) -> str:
    lens, before = read.found.lens, read.quarter.before()
    now, earlier = lost_in(lens, [read.quarter, before])
    if not now and not earlier:
        return ""
    return str(
        _("About %(now)s was lost, after %(before)s in the quarter before.", now=about(now), before=about(earlier))
    )


def _investments_changed(read: Reader) -> list[str]:
    """Those that began in the quarter, and those of which something else is found than when it began."""
    began = [line.investment for line in read.money.lines if _is_within(line.investment.starts_on, read.quarter)]
    said = [
        str(_("“%(name)s” began on %(day)s.", name=one.name, day=formats.day(one.starts_on))) for one in began
    ]  # fmt: skip
    known = verdicts_of([line.investment.id for line in read.money.lines])
    for line in read.money.lines:
        before = [row for row in known[line.investment.id] if (row.as_of - read.quarter.first).days <= DAYS_AFTER]
        if line.told and before and before[0].verdict != line.told.row.verdict:
            values = {
                "name": line.investment.name,
                "now": line.told.name,
                "before": str(NAMES[before[0].verdict]).lower(),
            }
            said.append(str(_("“%(name)s”: %(now)s (was: %(before)s).", **values)))
    return said


def _is_within(day: date, quarter: Period) -> bool:
    return quarter.first <= day <= quarter.last


def notes(read: Reader) -> list[str]:
    """How the figures are made, for who asks."""
    figure = read.money.figure
    said = [
        str(_("The defection rate is the share of those who were customers when the period began that left within it. "
              "Intervals are 95%% intervals.") % ()),
        sentences.difference_detail(read.found),
        sentences.value_formula(read.found) if read.found.count else "",
        known_sentence(figure["known_until"], figure["days_until_known"]) if figure else "",
        _left_out(read),
    ]  # fmt: skip
    return [each for each in said if each]


def _left_out(read: Reader) -> str:
    """What people and the model have read."""
    if read.shown is None or not read.shown.shares.reviewed:
        return ""
    return str(
        ngettext(
            "People have read %(num)s answer of this period to check the model.",
            "People have read %(num)s answers of this period to check the model.",
            read.shown.shares.reviewed,
        )
    )
