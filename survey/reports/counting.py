"""Departures of a period, counted once: the query behind the page, the export and everything that quotes them.

The population of every figure but the rate is the same: the departures (episodes) whose `defected_on` lies in the
period, of the customers in view. Each falls in exactly one row, so the rows add up to the totals. A reason that was
merged counts as what it is now (`survey.taxonomy.queries.as_counted`), everywhere.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, case, exists, func, or_, select

from survey.customers.models import Customer
from survey.defections.models import Defection
from survey.extensions import db
from survey.invitations.models import Invitation, Mailing
from survey.reasons.models import Classification, ClassifiedReason, ServingModel
from survey.reports.asking.stages import SPOKEN_TO, calls
from survey.reports.lens import Lens
from survey.reports.period import Period
from survey.responses.models import Response, ResponseReason
from survey.taxonomy.queries import answers_counted, as_counted, counted_as

ANSWERED, NO_ANSWER, NOT_ASKED = "answered", "no_answer", "not_asked"
CENT = Decimal("0.01")


@dataclass(frozen=True)
class Departures:
    """Departures that share an outcome and, where they answered, the reason ticked as the main one."""

    outcome: str
    #: None: not answered, or answered without naming a main reason
    reason_id: int | None
    count: int
    lost_value: Decimal
    #: how many of them have come back since, and what was taken to be lost with those
    returned: int
    returned_value: Decimal
    remaining_years: float


@dataclass(frozen=True)
class ReadInText:
    """What the serving model found in the answers; an answer may count under several reasons."""

    by_reason: dict[int, int]
    given: int
    unsure: int
    #: the model has not come to them, or failed on them
    not_read: int
    no_words: int

    @property
    def answers(self) -> int:
        return self.given + self.unsure + self.not_read + self.no_words


def in_period(lens: Lens) -> list[ColumnElement[bool]]:
    """The conditions on Defection and Customer that make the population of the page."""
    return [within(lens), *lens.customers()]


def within(lens: Lens) -> ColumnElement[bool]:
    """The condition on Defection alone: the day lies in the period."""
    day = Defection.last_visit_on if lens.by_last_visit else Defection.defected_on
    return day.between(lens.period.first, lens.period.last)


def departures(lens: Lens) -> list[Departures]:
    """All departures of the period in rows that add up, by outcome and by main reason ticked.

    Asked are those whose mail a mail server accepted, or who were spoken to on the phone; an answer proves that too.
    """
    return [
        Departures(outcome, reason, count, _money(lost), back, _money(back_value), float(years))
        for outcome, reason, count, lost, back, back_value, years in db.session.execute(_departures(lens))
    ]


def _departures(lens: Lens) -> Select[str, int | None, int, Decimal, int, Decimal, float]:
    # coalesce keeps SQLite from searching all mails that were sent, by the index on the state, for each invitation
    accepted = exists().where(Mailing.invitation_id == Invitation.id, func.coalesce(Mailing.state, "") == "sent")
    spoken_to = exists().where(calls().invitation_id == Invitation.id, calls().outcome.in_(SPOKEN_TO))
    by_phone = and_(Invitation.channel == "phone", spoken_to)
    outcome = case(
        (Invitation.id.is_(None), NOT_ASKED),
        (Response.id.is_not(None), ANSWERED),
        (or_(accepted, by_phone), NO_ANSWER),
        else_=NOT_ASKED,
    )
    back = Defection.returned_on.is_not(None)
    rows = (
        select(
            outcome.label("outcome"),
            as_counted(ResponseReason.reason_id).label("reason_id"),
            Defection.lost_value,
            case((back, 1), else_=0).label("back"),
            case((back, Defection.lost_value), else_=0).label("back_value"),
            Defection.remaining_years,
        )
        .select_from(Defection)
        .outerjoin(Invitation, Invitation.defection_id == Defection.id)
        .outerjoin(Response, Response.invitation_id == Invitation.id)
        .outerjoin(ResponseReason, and_(ResponseReason.response_id == Response.id, ResponseReason.main))
        .where(within(lens))
    )
    each = lens.narrowed(rows, Defection.customer_id).subquery("departure").c
    sums = (func.sum(each.lost_value), func.sum(each.back), func.sum(each.back_value), func.sum(each.remaining_years))
    return select(each.outcome, each.reason_id, func.count(), *sums).group_by(each.outcome, each.reason_id)


def read_in_text(lens: Lens) -> ReadInText:
    """What the serving model made of the answers of the period's departures."""
    states = {state: count for state, count in db.session.execute(_states(lens))}
    reasons = {reason: count for reason, count in db.session.execute(_reasons(lens))}
    return ReadInText(
        reasons,
        given=states.get("given", 0),
        unsure=states.get("unsure", 0),
        not_read=states.get("not_read", 0) + states.get("failed", 0),
        no_words=states.get("no_words", 0),
    )


def serving_model_id() -> ColumnElement[int]:
    """The model whose classifications pages show; NULL before there is one."""
    return select(ServingModel.model_version_id).scalar_subquery()


def _states(lens: Lens) -> Select[str, int]:
    erased_unread = and_(Response.words.is_(None), Response.masked_words.is_(None), Classification.id.is_(None))
    state = case(
        (or_(Response.has_words.is_(False), Classification.state == "no_words", erased_unread), "no_words"),
        else_=func.coalesce(Classification.state, "not_read"),
    ).label("state")
    by_serving = and_(Classification.response_id == Response.id, Classification.model_version_id == serving_model_id())
    query = answers(lens, state).outerjoin(Classification, by_serving).subquery("answer")
    return select(query.c.state, func.count()).group_by(query.c.state)


def _reasons(lens: Lens) -> Select[int, int]:
    merged = counted_as()
    each = (
        answers(lens, as_counted(ClassifiedReason.reason_id, merged).label("reason_id"), Response.id)
        .join(Classification, Classification.response_id == Response.id)
        .join(ClassifiedReason, ClassifiedReason.classification_id == Classification.id)
        .where(
            Classification.model_version_id == serving_model_id(),
            Classification.state == "given",
            Response.has_words,
        )
        .subquery("read")
    ).c
    return select(each.reason_id, answers_counted(each.id, merged)).group_by(each.reason_id)


def answers(lens: Lens, *columns: Any) -> Select[*tuple[Any, ...]]:
    """These columns of the answers of the period's departures."""
    return (
        select(*columns)
        .select_from(Response)
        .join(Invitation, Invitation.id == Response.invitation_id)
        .join(Defection, Defection.id == Invitation.defection_id)
        .join(Customer, Customer.id == Defection.customer_id)
        .where(*in_period(lens))
    )


def customers_in_view(lens: Lens) -> int:
    return db.session.scalar(select(func.count()).select_from(Customer).where(*lens.customers())) or 0


def lost_in(lens: Lens, periods: Sequence[Period]) -> list[Decimal]:
    """What was taken to be lost in each of these periods with customers in view, in one question."""
    sums = [
        func.sum(case((Defection.defected_on.between(each.first, each.last), Defection.lost_value), else_=0))
        for each in periods
    ]
    query = select(*sums).select_from(Defection).join(Customer, Customer.id == Defection.customer_id)
    return [_money(amount or 0) for amount in db.session.execute(query.where(*lens.customers())).one()]


def last_departure(lens: Lens) -> date | None:
    """The latest day on which one of the customers in view left."""
    return db.session.scalar(lens.narrowed(select(func.max(Defection.defected_on)), Defection.customer_id))


def total(rows: Sequence[Departures], outcome: str | None = None) -> int:
    return sum(row.count for row in rows if outcome in (None, row.outcome))


def _money(amount: Decimal | float) -> Decimal:
    return Decimal(amount).quantize(CENT)
