"""The monthly series read from the tables: departures, answers, what the serving model reads, who is at risk."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Any

import numpy as np
from sqlalchemy import Select, and_, func, select

from survey.analyst import EPOCH, Flags, Ints, day_number, rating
from survey.customers.models import Customer
from survey.defections.days import column, days_of
from survey.defections.models import Defection
from survey.extensions import db
from survey.investments.models import InvestmentReason
from survey.investments.monthly import (
    UNCLEAR,
    Monthly,
    Numbers,
    Span,
    Sums,
    first_day,
    last_day,
    month_of,
    months_of,
    weighted,
)
from survey.invitations.models import Invitation
from survey.reasons.models import Classification, ModelVersion
from survey.reasons.versions import serving
from survey.reports.rate.lives import gone_by, known_day, lives_of, people
from survey.responses.models import Response, ResponseReason
from survey.taxonomy.models import Reason
from survey.taxonomy.queries import active_reasons, as_counted, meaning

#: departures turned into columns at a time
BATCH = 20_000
Codes = frozenset[str]


@dataclass(frozen=True, eq=False)
class Read:
    """The series of all, and for each set of targeted reasons one in which a departure counts for them as far as its
    answer gives any of them, whatever else it gives."""

    whole: Monthly
    aimed: dict[Codes, Monthly]


def read_monthly(today: date, targets: Collection[Codes] = ()) -> Read | None:
    """The series as known today; None where no month is complete, or hardly anybody has answered. Reads only.

    `targets`: sets of reasons that investments are against, for each of which the series is read once more.
    """
    as_of = known_day(today)
    if as_of is None:
        return None
    came, lives = lives_of(people(), gone_by(as_of), as_of)
    wait = rating.days_until_known(lives)
    span = _span(int(came.first_visit.min()), day_number(as_of) - wait, came.branch, wait)
    if span is None:
        return None
    model = serving()
    known = meaning() if model else {}
    sums = Sums.nothing(span.months, len(span.branches), len(span.reasons))
    aimed = {codes: Sums.nothing(span.months, len(span.branches), len(span.reasons)) for codes in targets}
    for rows in _departures(span, model):
        columns = _Columns.of(rows, span, model, known)
        _add(sums, columns)
        for codes, those in aimed.items():
            _add(those, columns.aimed_at(np.isin(span.reasons, list(codes))))
    at_risk = _at_risk(lives, came.branch, span)
    whole = weighted(sums, at_risk, span)
    if whole is None:
        return None
    found = {codes: weighted(those, at_risk, span) for codes, those in aimed.items()}
    return Read(whole, {codes: series for codes, series in found.items() if series})


def _span(first_visit: int, known: int, branch: Ints, wait: int) -> Span | None:
    """The whole months from the first purchase on record to the last of which all departures are known."""
    known_until = EPOCH + timedelta(days=known)
    first = month_of(EPOCH + timedelta(days=first_visit)) + 1
    last = month_of(known_until) if known_until == last_day(month_of(known_until)) else month_of(known_until) - 1
    if last < first:
        return None
    codes = dict.fromkeys([*(reason.code for reason in active_reasons()), *targeted_codes()])
    return Span(first, last - first + 1, np.unique(branch).tolist(), [*codes, UNCLEAR], last_day(last), wait)


def targeted_codes() -> list[str]:
    """The reasons that investments are against, in use or not."""
    query = select(Reason.code).join(InvestmentReason, InvestmentReason.reason_id == Reason.id)
    return list(db.session.scalars(query.distinct().order_by(Reason.code)))


def _departures(span: Span, model: ModelVersion | None) -> Any:
    """Every departure by its last visit, with its answer, in batches of rows."""
    rows = db.session.connection().execute(_query(span, model).execution_options(yield_per=BATCH))
    return rows.partitions(BATCH)


def _query(span: Span, model: ModelVersion | None) -> Select[*tuple[Any, ...]]:
    read = and_(
        Classification.response_id == Response.id, Classification.model_version_id == (model.id if model else 0)
    )
    ticked = select(Reason.id, Reason.code).subquery()
    return (
        select(
            func.coalesce(Customer.branch_id, 0), Defection.last_visit_on, Response.id, Classification.scores,
            ticked.c.code,
        )
        .join(Customer, Customer.id == Defection.customer_id)
        .outerjoin(Invitation, Invitation.defection_id == Defection.id)
        .outerjoin(Response, Response.invitation_id == Invitation.id)
        .outerjoin(Classification, read)
        .outerjoin(ResponseReason, and_(ResponseReason.response_id == Response.id, ResponseReason.main))
        .outerjoin(ticked, ticked.c.id == as_counted(ResponseReason.reason_id))
        .where(Defection.last_visit_on.between(first_day(span.first), span.known_until))
    )  # fmt: skip


@dataclass(frozen=True, eq=False)
class _Columns:
    """n departures: place of the month and of the branch, whether it was answered, what the answer gives of each reason
    (n, k), adding up to 1 (not known: the last), and the same as probabilities each by itself."""

    month: Ints
    branch: Ints
    answered: Flags
    given: Numbers = field(repr=False)
    alone: Numbers = field(repr=False)

    @classmethod
    def of(
        cls, rows: Sequence[Any], span: Span, model: ModelVersion | None, known: Mapping[str, tuple[str, ...] | None]
    ) -> _Columns:
        month = months_of(days_of([row[1] for row in rows], 0)) - span.first
        branch = np.searchsorted(np.array(span.branches), column(rows, 0))
        answered = np.array([row[2] is not None for row in rows], dtype=np.bool_)
        place = {code: k for k, code in enumerate(span.reasons)}
        ticked = np.array([place.get(row[4], len(place) - 1) for row in rows], dtype=np.int64)
        given = np.zeros((len(rows), len(place)))
        given[np.arange(len(rows)), ticked] = 1.0
        read = [n for n, row in enumerate(rows) if model and row[3]]
        alone = given.copy()
        if model and read:
            alone[read] = _read([rows[n][3] for n in read], model.reason_codes, place, known)
            given[read] = _adding_up(alone[read])
        return cls(month, branch, answered, given, alone)

    def aimed_at(self, targeted: Flags) -> _Columns:
        """The same with a departure counted for the targeted reasons (k,) as far as it gives any of them; the rest goes
        to its other reasons."""
        any_of = 1 - np.prod(1 - np.clip(self.alone[:, targeted], 0, 1), axis=1)
        given = self.given.copy()
        for chosen, part in ((targeted, any_of), (~targeted, 1 - any_of)):
            whole = given[:, chosen].sum(axis=1)
            scale = np.divide(part, whole, out=np.zeros_like(part), where=whole > 0)
            given[:, chosen] *= scale[:, None]
        given[:, -1] += np.maximum(1 - given.sum(axis=1), 0.0)
        return replace(self, given=given)


def _read(
    stored: Sequence[bytes], codes: Sequence[str], place: Mapping[str, int], known: Mapping[str, tuple[str, ...] | None]
) -> Numbers:
    """(n, k) what the model reads: the probability of each reason by what it counts as now."""
    scores = np.frombuffer(b"".join(stored), "<f4").reshape(len(stored), len(codes)).astype(np.float64)
    into = np.zeros((len(codes), len(place)))
    for row, code in enumerate(codes):
        now = known.get(code, (code,)) or (UNCLEAR,)
        into[row, place.get(now[0], len(place) - 1)] = 1.0
    return np.asarray(np.clip(scores @ into, 0.0, 1.0))


def _adding_up(alone: Numbers) -> Numbers:
    """(n, k) the same scaled to one departure; what is left is not clear."""
    given = alone / np.maximum(alone.sum(axis=1, keepdims=True), 1.0)
    given[:, -1] += np.maximum(1 - given.sum(axis=1), 0.0)
    return np.asarray(given)


def _add(sums: Sums, each: _Columns) -> None:
    month, branch, told = each.month, each.branch, each.answered
    np.add.at(sums.departures, (month, branch), 1)
    where = (month[told], branch[told])
    np.add.at(sums.answers, where, 1)
    np.add.at(sums.scores, where, each.given[told])
    np.add.at(sums.scores_squared, where, each.given[told] ** 2)


def _at_risk(lives: rating.Lives, branch_of: Ints, span: Span) -> Numbers:
    """(t, b) spells that had begun by the end of the month and in which the last visit had not yet been made before it.

    Who is still there is at risk to the end: when the last visit of somebody who is still there will have been, nobody
    knows yet.
    """
    began = months_of(lives.began) - span.first
    is_over = lives.ended != rating.STILL_THERE
    last = np.where(is_over, months_of(lives.last_visit) - span.first, span.months)
    branch = np.searchsorted(np.array(span.branches), branch_of[lives.person])
    changes = np.zeros((span.months + 1, len(span.branches)))
    np.add.at(changes, (np.clip(began, 0, span.months), branch), 1)
    np.add.at(changes, (np.clip(last + 1, 0, span.months), branch), -1)
    return np.asarray(np.cumsum(changes, axis=0)[:-1])
