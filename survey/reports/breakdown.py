"""Why customers left in a period: every figure of the page and of its export, put together once."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from sqlalchemy import select

from survey import analyst
from survey.analyst import RateDifference, Share
from survey.extensions import db
from survey.reports.counting import (
    ANSWERED,
    NO_ANSWER,
    NOT_ASKED,
    Departures,
    ReadInText,
    customers_in_view,
    departures,
    last_departure,
    read_in_text,
    total,
)
from survey.reports.lens import Lens
from survey.reports.period import months_up_to
from survey.reports.spells import Rate, rates
from survey.taxonomy.models import Reason

MONTHS = 24
NOTHING = Decimal("0.00")
#: the row of those who answered but ticked no reason as the main one
NO_MAIN_REASON = "no_main_reason"


@dataclass(frozen=True)
class MeasuredRate:
    """A defection rate with its interval."""

    rate: Rate
    share: Share


@dataclass(frozen=True)
class ReasonRow:
    """A reason, as ticked: the departures for which it was the main one, and what was lost with them."""

    reason: Reason
    count: int
    #: out of those who answered
    share: Share
    lost_value: Decimal
    #: answers in which the serving model reads it; unchecked, so never ranked by
    read: int


@dataclass(frozen=True)
class OtherRow:
    """Departures without a reason: `no_main_reason`, `no_answer` or `not_asked`."""

    kind: str
    count: int
    lost_value: Decimal


@dataclass(frozen=True)
class Breakdown:
    """All that the page says. The rows of `reasons` and `others` add up to `count` and `lost_value`."""

    lens: Lens
    now: MeasuredRate
    before: MeasuredRate
    #: None where one of the two periods has nobody at risk
    difference: RateDifference | None
    months: Sequence[MeasuredRate]
    reasons: Sequence[ReasonRow]
    others: Sequence[OtherRow]
    text: ReadInText
    count: int
    lost_value: Decimal
    returned: int
    returned_value: Decimal
    #: the mean of the further years that the lost values take for granted
    remaining_years: float | None
    asked: int
    answered: int
    response: Share
    answered_value: Decimal
    customers: int
    last_departure: date | None

    @property
    def beyond_rate(self) -> int:
        """Departures of customers who came, or came back, after the period began."""
        return self.count - self.now.rate.left


def break_down(lens: Lens) -> Breakdown:
    """Ask the database and the analyst; the reasons stand in the order of the taxonomy."""
    rows, text = departures(lens), read_in_text(lens)
    now, before, *months = _measured(lens)
    count, answered = total(rows), total(rows, ANSWERED)
    asked = answered + total(rows, NO_ANSWER)
    reasons = _reason_rows(rows, answered, text)
    years = sum(row.remaining_years for row in rows)
    return Breakdown(
        lens=lens,
        now=now,
        before=before,
        difference=_difference(now.rate, before.rate),
        months=months,
        reasons=reasons,
        others=_other_rows(rows),
        text=text,
        count=count,
        lost_value=_lost(rows),
        returned=sum(row.returned for row in rows),
        returned_value=sum((row.returned_value for row in rows), NOTHING),
        remaining_years=years / count if count else None,
        asked=asked,
        answered=answered,
        response=analyst.share_intervals([answered], [asked])[0],
        answered_value=_lost([row for row in rows if row.outcome == ANSWERED]),
        customers=customers_in_view(lens),
        last_departure=last_departure(lens),
    )


def ranked(rows: Sequence[ReasonRow], order: str) -> list[ReasonRow]:
    """By lost `value` or by `count`, the largest first; what is equal stays in the order of the taxonomy."""
    key: Callable[[ReasonRow], Decimal | int] = (
        (lambda row: row.lost_value) if order == "value" else (lambda row: row.count)
    )
    return sorted(rows, key=key, reverse=True)


def whole_amounts(found: Breakdown) -> dict[ReasonRow | OtherRow, int]:
    """The lost value of every row in whole units of the currency, for the eye.

    Each is rounded up or down so that together they are the rounded total: shown figures add up as the exact do.
    """
    rows: list[ReasonRow | OtherRow] = [*found.reasons, *found.others]
    whole = {row: int(row.lost_value) for row in rows}
    missing = int(found.lost_value.quantize(Decimal(1))) - sum(whole.values())
    by_fraction = sorted(rows, key=lambda row: row.lost_value % 1, reverse=True)
    for row in by_fraction[:missing]:
        whole[row] += 1
    return whole


def _measured(lens: Lens) -> list[MeasuredRate]:
    """The period, the one before it, and the months up to its end."""
    periods = [lens.period, lens.period.before(), *months_up_to(lens.period.last, MONTHS)]
    found = rates(lens, periods)
    shares = analyst.share_intervals([rate.left for rate in found], [rate.at_risk for rate in found])
    return [MeasuredRate(rate, share) for rate, share in zip(found, shares, strict=True)]


def _difference(now: Rate, before: Rate) -> RateDifference | None:
    """The rate less the rate before. The two periods share customers, which makes the interval a little wide."""
    if not now.at_risk or not before.at_risk:
        return None
    return analyst.rate_difference((now.left, now.at_risk), (before.left, before.at_risk))


def _reason_rows(rows: Sequence[Departures], answered: int, text: ReadInText) -> list[ReasonRow]:
    """Every reason in use, also those that nobody gives, and every one no longer offered that somebody gave.

    One that was merged has no row: `counting` counts it under what it is now.
    """
    by_reason = {row.reason_id: row for row in rows if row.reason_id is not None}
    shown = [
        reason
        for reason in db.session.scalars(select(Reason).order_by(Reason.position, Reason.id))
        if reason.active or reason.id in by_reason or reason.id in text.by_reason
    ]
    counts = [by_reason[reason.id].count if reason.id in by_reason else 0 for reason in shown]
    shares = analyst.share_intervals(counts, [answered] * len(counts))
    return [
        ReasonRow(
            reason,
            count,
            share,
            by_reason[reason.id].lost_value if reason.id in by_reason else NOTHING,
            text.by_reason.get(reason.id, 0),
        )
        for reason, count, share in zip(shown, counts, shares, strict=True)
    ]


def _other_rows(rows: Sequence[Departures]) -> list[OtherRow]:
    """Those without a reason. `no_answer` always stands, the others where there are any."""
    named = {NO_ANSWER: NO_ANSWER, NOT_ASKED: NOT_ASKED, ANSWERED: NO_MAIN_REASON}
    found = {named[row.outcome]: row for row in rows if row.reason_id is None}
    return [
        OtherRow(kind, found[kind].count if kind in found else 0, found[kind].lost_value if kind in found else NOTHING)
        for kind in (NO_MAIN_REASON, NO_ANSWER, NOT_ASKED)
        if kind in found or kind == NO_ANSWER
    ]


def _lost(rows: Sequence[Departures]) -> Decimal:
    return sum((row.lost_value for row in rows), NOTHING)
