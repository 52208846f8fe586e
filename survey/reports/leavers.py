"""Everybody who left in a period, answered or not, in columns: what their answers are weighted and estimated by."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Select, and_, func, select

from survey.analyst import Flags, Ints
from survey.customers.models import Customer, CustomerHistory
from survey.defections.models import Defection
from survey.extensions import db
from survey.invitations.models import Invitation
from survey.reasons.models import Classification
from survey.reports.counting import answers, in_period, serving_model_id
from survey.reports.lens import Lens
from survey.responses.models import Response, ResponseReason
from survey.taxonomy.models import Reason
from survey.taxonomy.queries import as_counted

Numbers = NDArray[np.float64]
#: rows turned into columns at a time
BATCH = 20_000
NO_ANSWER = -1


@dataclass(frozen=True, eq=False)
class Leavers:
    """n departures, one row each, in equally long columns.

    `tenure`: days from joining (or the first visit) to the last visit, nan where unknown. `value`: what is taken to be
    lost, in the currency. `day`: of leaving, days since 1970-01-01. `answer`: key of the response, -1 for none;
    `wrote`: it has words; `scores`: what the serving model made of it, as stored, empty where it has not read it.
    """

    segment: NDArray[np.object_]
    branch: NDArray[np.object_]
    channel: NDArray[np.object_]
    tenure: Numbers
    value: Numbers
    day: Ints
    answer: Ints
    wrote: Flags
    scores: NDArray[np.object_]

    def __len__(self) -> int:
        return len(self.answer)

    @property
    def answered(self) -> Flags:
        return np.asarray(self.answer != NO_ANSWER)

    def only(self, chosen: Flags) -> "Leavers":
        """Some of them."""
        return replace(self, **{name: column[chosen] for name, column in vars(self).items()})


def leavers(lens: Lens) -> Leavers:
    """All departures of the period in view, in the order in which they were found."""
    rows = db.session.execute(_departures(lens).execution_options(yield_per=BATCH))
    parts = [_columns(batch) for batch in rows.partitions(BATCH)] or [_columns([])]
    return Leavers(*(np.concatenate(column) for column in zip(*parts, strict=True)))


def _departures(lens: Lens) -> Select[*tuple[Any, ...]]:
    read = and_(Classification.response_id == Response.id, Classification.model_version_id == serving_model_id())
    usable = and_(read, Classification.state.in_(("given", "unsure")))
    return (
        select(
            Customer.segment, Customer.branch_id, Customer.acquired_via,
            func.coalesce(Customer.joined_on, CustomerHistory.first_on), Defection.last_visit_on,
            Defection.lost_value, Defection.defected_on, Response.id, Response.has_words, Classification.scores,
        )
        .join(Customer, Customer.id == Defection.customer_id)
        .outerjoin(CustomerHistory, CustomerHistory.customer_id == Customer.id)
        .outerjoin(Invitation, Invitation.defection_id == Defection.id)
        .outerjoin(Response, Response.invitation_id == Invitation.id)
        .outerjoin(Classification, usable)
        .where(*in_period(lens))
        .order_by(Defection.id)
    )  # fmt: skip


def _columns(batch: Sequence[Any]) -> tuple[NDArray[Any], ...]:
    segment, branch, channel, joined, last, value, left, answer, wrote, scores = (
        zip(*batch, strict=True) if batch else [()] * 10
    )
    return (
        _objects(segment), _objects(branch), _objects(channel), _days(last) - _days(joined),
        np.array(value, dtype=np.float64), _days(left).astype(np.int64),
        np.array([NO_ANSWER if key is None else key for key in answer], dtype=np.int64),
        np.array([bool(has) for has in wrote], dtype=np.bool_), _objects([blob or b"" for blob in scores]),
    )  # fmt: skip


def _objects(values: Sequence[Any]) -> NDArray[np.object_]:
    column = np.empty(len(values), dtype=np.object_)
    column[:] = values
    return column


def _days(dates: Sequence[Any]) -> Numbers:
    """(n,) days since 1970-01-01; nan where there is no date."""
    days = np.array(dates, dtype="datetime64[D]")
    return np.where(np.isnat(days), np.nan, days.astype(np.int64).astype(np.float64))


@dataclass(frozen=True, eq=False)
class Ticks:
    """(r, k) which of k reasons each of r answers ticked at all, and which as the main one; as they count now."""

    any: Flags
    main: Flags


def ticks(lens: Lens, keys: Ints, reasons: Sequence[Reason]) -> Ticks:
    """What was ticked in the answers with these keys (r,), all of this lens."""
    columns = (Response.id, as_counted(ResponseReason.reason_id), ResponseReason.main)
    query = answers(lens, *columns).join(ResponseReason, ResponseReason.response_id == Response.id)
    place, column = {key: row for row, key in enumerate(keys.tolist())}, {r.id: k for k, r in enumerate(reasons)}
    found = Ticks(*(np.zeros((len(keys), len(reasons)), dtype=np.bool_) for _ in range(2)))
    for key, reason, is_main in db.session.execute(query):
        if key in place and reason in column:
            found.any[place[key], column[reason]] = True
            found.main[place[key], column[reason]] |= bool(is_main)
    return found
