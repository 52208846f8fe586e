"""How much the reasons are used: what was ticked, what the serving model reads, and what people labelled."""

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, exists, func, literal, select, union_all

from survey.accounts.access import visible
from survey.accounts.models import User
from survey.customers.models import Customer
from survey.extensions import db
from survey.invitations.models import Invitation
from survey.reasons.models import Classification, ClassifiedReason, HumanLabel, Review, ServingModel
from survey.responses.models import Response, ResponseReason
from survey.taxonomy.queries import answers_counted, as_counted, counted_as


@dataclass(frozen=True)
class Usage:
    """How many answers ticked a reason, as the main one or among others, and in how many the serving model reads it."""

    ticked: int = 0
    read: int = 0


@dataclass(frozen=True)
class Stock:
    """All that was ever stored under some reasons: answers, labels of people, and the answers that carry those."""

    ticked: int
    read: int
    labels: int
    #: answers with such a label whose words are still there to be read again
    readable: int
    #: those whose words are gone
    unreadable: int


def usage_since(moment: datetime, user: User) -> dict[int, Usage]:
    """By key of the reason under which each counts now: the answers since then that this user may see."""
    merged = counted_as()
    ticked = (
        select(as_counted(ResponseReason.reason_id, merged).label("reason_id"), Response.id)
        .select_from(Response)
        .join(ResponseReason, ResponseReason.response_id == Response.id)
    )
    read = _read_by_serving(
        select(as_counted(ClassifiedReason.reason_id, merged).label("reason_id"), Response.id)
        .select_from(Response)
        .join(Classification, Classification.response_id == Response.id)
    )
    found: dict[int, dict[str, int]] = defaultdict(dict)
    parts = [_by_reason(how, _seen(q, moment, user), merged) for how, q in (("ticked", ticked), ("read", read))]
    for how, reason_id, count in db.session.execute(union_all(*parts)):
        found[reason_id][how] = count
    return {reason_id: Usage(**counts) for reason_id, counts in found.items()}


def _by_reason(how: str, answers: Select[*tuple[Any, ...]], merged: Mapping[int, int]) -> Select[*tuple[Any, ...]]:
    each = answers.subquery().c
    return select(literal(how), each.reason_id, answers_counted(each.id, merged)).group_by(each.reason_id)


def _seen(query: Select[*tuple[Any, ...]], moment: datetime, user: User) -> Select[*tuple[Any, ...]]:
    """The answers since then, of customers whom this user may see."""
    query = query.where(Response.created_at >= moment)
    if not user.branch_ids:
        return query
    query = query.join(Invitation, Invitation.id == Response.invitation_id)
    return query.join(Customer, Customer.id == Invitation.customer_id).where(visible(user, Customer.branch_id))


def _read_by_serving(query: Select[*tuple[Any, ...]]) -> Select[*tuple[Any, ...]]:
    serving = select(ServingModel.model_version_id).scalar_subquery()
    return query.join(ClassifiedReason, ClassifiedReason.classification_id == Classification.id).where(
        Classification.model_version_id == serving, Classification.state == "given"
    )


def stock_of(keys: Collection[int]) -> Stock:
    """What is stored under the reasons with these keys."""
    labelled = select(func.count()).select_from(Response).where(is_labelled(keys))
    read = select(func.count(Classification.response_id.distinct())).select_from(Classification)
    counts = (
        select(func.count(ResponseReason.response_id.distinct())).where(ResponseReason.reason_id.in_(keys)),
        _read_by_serving(read).where(ClassifiedReason.reason_id.in_(keys)),
        select(func.count(HumanLabel.id)).where(HumanLabel.reason_id.in_(keys)),
        labelled.where(Response.masked_words.is_not(None)),
        labelled.where(Response.masked_words.is_(None)),
    )
    return Stock(*db.session.execute(select(*(count.scalar_subquery() for count in counts))).one())


def is_labelled(keys: Collection[int]) -> Any:
    """The condition on an answer: people found one of these reasons in it."""
    return exists().where(
        Review.response_id == Response.id, HumanLabel.review_id == Review.id, HumanLabel.reason_id.in_(keys)
    )
