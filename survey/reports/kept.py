"""The views that are kept worked out from night to night, and whether anything changed since.

Kept are the periods with a name, for whoever may see them, as comparisons always take a job; and the ordinary periods
(each month, quarter and year, everything) in which more left than can be worked out while a page waits, for all
customers, each branch and each segment.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date

from sqlalchemy import extract, func, select

from survey.accounts.models import User, UserBranch
from survey.customers.models import Branch, Customer
from survey.defections.models import Defection
from survey.extensions import db
from survey.invitations.models import Invitation
from survey.reasons.models import Classification, Review
from survey.reports import findings
from survey.reports.contrasts import quarters_up_to
from survey.reports.counting import serving_model_id
from survey.reports.estimates import widened
from survey.reports.lens import Lens, everything
from survey.reports.models import StoredFigure
from survey.reports.period import DAY, NAMED, Period, month_number, months_up_to, named
from survey.responses.models import Response
from survey.taxonomy.queries import active_reasons

#: whom a view is about: the branches seen (none: all), and the segment
Whom = tuple[tuple[int, ...], str | None]
#: departures, what was lost, answers
Cell = tuple[int, float, int]


@dataclass(frozen=True)
class Counts:
    """By month (as `period.month_number` counts), branch (0: none) and segment: departures, what was lost, answers; and
    what else the estimates hang on, as one text: the model, the reasons and what people have read."""

    cells: dict[tuple[int, int, str], Cell]
    besides: str
    _known: dict[Whom, dict[int, Cell]] = field(default_factory=dict)

    def within(self, whom: Whom, period: Period) -> int:
        """How many left."""
        first, last = month_number(period.first), month_number(period.last)
        return sum(cell[0] for month, cell in self._months(whom).items() if first <= month <= last)

    def mark(self, whom: Whom, period: Period) -> str:
        """What the figures of a view hang on: the same mark, the same figures. Comparisons reach back before it."""
        last = month_number(period.last)
        known = [cell for month, cell in self._months(whom).items() if month <= last]
        lost = sum(cell[1] for cell in known)
        # values are learnt anew every night, and shown in three figures
        return f"{sum(c[0] for c in known)} {lost:.3g} {sum(c[2] for c in known)} {self.besides}"

    def _months(self, whom: Whom) -> dict[int, Cell]:
        if whom not in self._known:
            branches, segment = whom
            found: dict[int, Cell] = {}
            for (month, branch, of_segment), cell in self.cells.items():
                if (not branches or branch in branches) and segment in (None, of_segment):
                    left, lost, answers = found.get(month, (0, 0.0, 0))
                    found[month] = (left + cell[0], lost + cell[1], answers + cell[2])
            self._known[whom] = found
        return self._known[whom]


def counts() -> Counts:
    """Three questions, however many left."""
    month = (extract("year", Defection.defected_on), extract("month", Defection.defected_on))
    group = (*month, func.coalesce(Customer.branch_id, 0), Customer.segment)
    query = (
        select(*group, func.count(), func.sum(Defection.lost_value), func.count(Response.id))
        .select_from(Defection)
        .join(Customer, Customer.id == Defection.customer_id)
        .outerjoin(Invitation, Invitation.defection_id == Defection.id)
        .outerjoin(Response, Response.invitation_id == Invitation.id)
        .group_by(*group)
    )
    cells = {
        (month_number(date(int(year), int(number), 1)), branch, segment): (left, float(lost), answers)
        for year, number, branch, segment, left, lost, answers in db.session.execute(query)
    }
    return Counts(cells, _besides())


def _besides() -> str:
    model = serving_model_id()
    read = select(func.count()).where(Classification.model_version_id == model).scalar_subquery()
    newest = select(model, read, func.count(Review.id), func.max(Review.id), func.max(Review.created_at))
    codes = [f"{reason.code}:{reason.influence}" for reason in active_reasons()]
    return " ".join(map(str, [*db.session.execute(newest).one(), *codes]))


def views(day: date, found: Counts) -> list[Lens]:
    """Every view that is kept, each once, where anybody left."""
    kept: dict[str, Lens] = {}
    for lens in (*_named(day), *_ordinary(day, found)):
        for view in (lens, widened(lens, day)) if lens.period_name in NAMED else (lens,):
            if found.within(whom_of(view), view.period):
                kept.setdefault(findings.scope_of(view), view)
    return list(kept.values())


def whom_of(lens: Lens) -> Whom:
    branches = lens.user.branch_ids if lens.branch_id is None else (lens.branch_id,)
    return tuple(sorted(branches)), lens.segment


def _named(day: date) -> Iterator[Lens]:
    """Each period with a name, for each set of branches that anybody may see or filter by; the quarters of everybody,
    which the decision packs are made of."""
    for name in NAMED:
        for somebody in _readers():
            yield Lens(somebody, named(name, day), name)
    for quarter in quarters_up_to(Period(day, day)):
        yield view_of(((), None), quarter)


def _readers() -> list[User]:
    tied: set[tuple[int, ...]] = {(), *((key,) for key in db.session.scalars(select(Branch.id)))}
    tied |= {tuple(sorted(user.branch_ids)) for user in db.session.scalars(select(User))}
    return [User(email="", tied_to=[UserBranch(branch_id=key) for key in keys]) for keys in sorted(tied)]


def _ordinary(day: date, found: Counts) -> Iterator[Lens]:
    whole = everything(day)
    groups: list[Whom] = [((), None)]
    groups += [((branch,), None) for branch in sorted({cell[1] for cell in found.cells} - {0})]
    groups += [((), segment) for segment in sorted({cell[2] for cell in found.cells} - {""})]
    for whom in groups:
        for period in (whole, *ordinary_periods(whole.first, day)):
            if found.within(whom, period) > findings.LIVE:
                yield view_of(whom, period)


def ordinary_periods(first: date, day: date) -> list[Period]:
    """Each month, quarter and year that was over by a day and began on `first` or later, and the last 12 months."""
    count = month_number(day + DAY) - month_number(first)
    months = months_up_to(day, count)
    found = [named("last-12-months", day), *months]
    for length in (3, 12):
        ends = [n for n, month in enumerate(months) if month.last.month % length == 0 and n >= length - 1]
        found += [Period(months[n - length + 1].first, months[n].last) for n in ends]
    return found


def view_of(whom: Whom, period: Period) -> Lens:
    branches, segment = whom
    return Lens(User(email="", tied_to=[UserBranch(branch_id=key) for key in branches]), period, segment=segment)


def marks() -> dict[str, str]:
    """Of all that is stored, by scope, the mark it was stored under; empty where there was none."""
    query = select(StoredFigure.scope, StoredFigure.payload["mark"].as_string())
    rows = db.session.execute(query.where(StoredFigure.name == findings.NAME))
    return {scope: mark or "" for scope, mark in rows}
