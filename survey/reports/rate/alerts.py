"""The rate of a branch, a segment or a service leaves its band: told once a month, and over by itself.

The month that ended last is held against the twelve to twenty-four months before it, of the same unit. All units are
looked at together, so that among what is told at most one in twenty is a false alarm on average.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from operator import itemgetter
from typing import Any
from urllib.parse import urlencode

import numpy as np
from sqlalchemy import func, select

from survey.analyst import Flags, Ints, day_number, rating, standing_out
from survey.analyst.detecting import NEVER
from survey.analyst.rating import Days, Lives
from survey.customers.models import Branch, Transaction
from survey.defections.days import column, days_of, rows_of
from survey.defections.detection import batches
from survey.defections.facts import services_on_record
from survey.extensions import db
from survey.notices import N_, notify, settle_others
from survey.reports.period import Period, months_up_to
from survey.reports.rate.lives import People, gone_by, known_day, lives_of, people

PREFIX = "rate:"
#: months that the last one is held against
LEAST, MOST = 12, 24
#: services that are looked at, those with most buyers
SERVICES = 50
MORE = {
    "all": N_("More customers left than usual: %(now)s %% in %(month)s, where %(usual)s %% a month was usual."),
    "branch": N_("More customers of branch %(unit)s left: %(now)s %% in %(month)s, usually %(usual)s %% a month."),
    "segment": N_("More customers of segment %(unit)s left: %(now)s %% in %(month)s, usually %(usual)s %% a month."),
    "service": N_("More customers who bought %(unit)s left: %(now)s %% in %(month)s, usually %(usual)s %% a month."),
}
FEWER = {
    "all": N_("Fewer customers left than usual: %(now)s %% in %(month)s, where %(usual)s %% a month was usual."),
    "branch": N_("Fewer customers of branch %(unit)s left: %(now)s %% in %(month)s, usually %(usual)s %% a month."),
    "segment": N_("Fewer customers of segment %(unit)s left: %(now)s %% in %(month)s, usually %(usual)s %% a month."),
    "service": N_("Fewer customers who bought %(unit)s left: %(now)s %% in %(month)s, usually %(usual)s %% a month."),
}


@dataclass(frozen=True)
class Unit:
    """Customers whose rate is watched: all, or those of a branch or segment, or who bought a service."""

    kind: str
    name: str = ""
    branch_id: int | None = None

    @property
    def link(self) -> str:
        """Where to look: the page of the rate, or who left of the segment."""
        if self.kind == "segment":
            return f"/defections?{urlencode({'segment': self.name})}"
        return f"/rate?branch={self.branch_id}" if self.branch_id else "/rate"


@dataclass(frozen=True)
class Outside:
    """A unit of which more, or fewer, left in a month than its own past lets expect; shares."""

    unit: Unit
    month: Period
    now: float
    usual: float

    @property
    def key(self) -> str:
        unit = self.unit
        return f"{PREFIX}{self.month.first:%Y-%m}:{unit.kind}:{unit.branch_id or unit.name}"[:200]


@dataclass(frozen=True, eq=False)
class _Watched:
    """The lives of all who came, and the months: the last one is judged."""

    came: People
    lives: Lives
    months: list[Period]

    def counts(self, chosen: Flags) -> tuple[list[int], list[int]]:
        """Who left and who was at risk in each month, of some people (c,)."""
        rated = rating.month_rates(self.lives.of(chosen), [_days(month) for month in self.months])
        return [month.left for month in rated], [month.at_risk for month in rated]


def outside(today: date) -> list[Outside]:
    """Which units left their band in the month that ended last. Reads only; nothing before there are thirteen months
    that can be known whole."""
    watched = _watched(today)
    if watched is None:
        return []
    counted = list(_counted(watched))
    judged = [standing_out.month_against_past(left, at_risk) for _, left, at_risk in counted]
    real = standing_out.real_ones([each.p for each in judged])
    return [
        Outside(unit, watched.months[-1], left[-1] / at_risk[-1], each.expected)
        for (unit, left, at_risk), each, is_real in zip(counted, judged, real, strict=True)
        if is_real
    ]


def tell(found: Sequence[Outside]) -> None:
    """Notices of what is outside; what was told before and is not any more is over. Flushes."""
    for each in found:
        more = each.now > each.usual
        values: dict[str, Any] = {
            "now": round(100 * each.now, 1), "usual": round(100 * each.usual, 1), "month": f"{each.month.first:%Y-%m}",
        }  # fmt: skip
        if each.unit.name:
            values["unit"] = each.unit.name
        message = (MORE if more else FEWER)[each.unit.kind]
        notify(each.key, "warning" if more else "info", message, values, each.unit.link, each.unit.branch_id)
    settle_others(PREFIX, [each.key for each in found])


def _watched(today: date) -> _Watched | None:
    as_of = known_day(today)
    if as_of is None:
        return None
    came, lives = lives_of(people(), gone_by(as_of), as_of)
    data_from = int(came.first_visit.min())
    months = months_up_to(as_of, MOST + 1)
    known = rating.how_known(
        [_days(month) for month in months], lives.as_of_day, data_from, rating.days_until_known(lives)
    )
    whole = [month for month, how in zip(months, known, strict=True) if how == "whole"]
    return _Watched(came, lives, whole) if len(whole) > LEAST and whole[-1] == months[-1] else None


def _counted(watched: _Watched) -> Iterator[tuple[Unit, list[int], list[int]]]:
    came = watched.came
    yield Unit("all"), *watched.counts(np.ones(len(came.customer), dtype=np.bool_))
    for key, name in db.session.execute(select(Branch.id, Branch.name).order_by(Branch.id)):
        yield Unit("branch", name, key), *watched.counts(came.branch == key)
    for code, name in enumerate(came.segment.words):
        if name:
            yield Unit("segment", name), *watched.counts(came.segment.code == code)
    for name, first in _first_bought(came.customer).items():
        yield Unit("service", name), *_bought_before(watched, first)


def _bought_before(watched: _Watched, first: Ints) -> tuple[list[int], list[int]]:
    """The same of those who had bought something before each month; first: (c,) the day on which they first did. Who
    buys it later does not count before: that they were to come again is why they do."""
    left, at_risk, bought = [], [], first[watched.lives.person]
    for month in watched.months:
        days = _days(month)
        there = watched.lives.at_risk(days[0]) & (bought < days[0])
        at_risk.append(int(there.sum()))
        left.append(int((there & watched.lives.ended_within(days)).sum()))
    return left, at_risk


def _first_bought(customers: Ints) -> dict[str, Ints]:
    """By service, the day on which each customer (c,) first bought it, `NEVER` where nobody did: of the services that
    most customers bought. Read in ranges of customers, and not at all where purchases name no services."""
    if not services_on_record():
        return {}
    found: dict[str, list[tuple[Ints, Ints]]] = {}
    for some in batches():
        query = (
            select(Transaction.service, Transaction.customer_id, func.min(Transaction.occurred_on))
            .where(some.among(Transaction.customer_id), Transaction.service != "")
            .group_by(Transaction.service, Transaction.customer_id)
        )
        rows = rows_of(query.order_by(Transaction.service))
        for service, theirs in groupby(rows, key=itemgetter(0)):
            part = list(theirs)
            found.setdefault(service, []).append((column(part, 1), days_of([row[2] for row in part], NEVER)))
    buyers = sorted(found, key=lambda service: (-sum(len(keys) for keys, _ in found[service]), service))
    return {service: _by_customer(customers, found[service]) for service in buyers[:SERVICES]}


def _by_customer(customers: Ints, parts: list[tuple[Ints, Ints]]) -> Ints:
    keys, days = (np.concatenate(column) for column in zip(*parts, strict=True))
    first = np.full(len(customers), NEVER, dtype=np.int64)
    there = np.isin(keys, customers)
    first[np.searchsorted(customers, keys[there])] = days[there]
    return first


def _days(period: Period) -> Days:
    return day_number(period.first), day_number(period.last)
