"""The reviews made so far: who found what in which answer, and where people differ."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, exists, func, select

from survey.accounts.access import visible
from survey.accounts.models import User
from survey.customers.models import Customer
from survey.extensions import db
from survey.invitations.models import Invitation
from survey.paging import Page
from survey.reasons.differing import disputed
from survey.reasons.models import HumanLabel, Review
from survey.reasons.reviewing import labels_of
from survey.responses.models import Response
from survey.taxonomy.models import Reason

PAGE = 25


@dataclass(frozen=True)
class Filters:
    """Which reviews: of everybody or only mine, only where people differ, only where somebody found this reason."""

    mine: bool = False
    differ: bool = False
    reason: str = ""


@dataclass(frozen=True)
class Opinion:
    """What one person found, and when. `model_shown`: saw what the model thinks before choosing."""

    review_id: int
    user_id: int
    name: str
    at: datetime
    state: str
    model_shown: bool
    reasons: tuple[Reason, ...]


@dataclass(frozen=True)
class ReviewedAnswer:
    """One answer with what everybody found in it, the first reader first. `text` is None once it was erased."""

    response_id: int
    language: str
    text: str | None
    differ: bool
    opinions: tuple[Opinion, ...]


def filters_from(given: Mapping[str, str]) -> Filters:
    return Filters(given.get("who") == "me", given.get("differ") == "1", given.get("reason", ""))


def reviewed(user: User, filters: Filters, page: int) -> Page[ReviewedAnswer]:
    """A page of answers that were reviewed, those read last first."""
    query = _answers(user, filters)
    total = db.session.scalar(select(func.count()).select_from(query.subquery())) or 0
    keys = db.session.scalars(
        query.order_by(func.max(Review.created_at).desc(), Review.response_id.desc())
        .limit(PAGE)
        .offset((page - 1) * PAGE)
    ).all()
    return Page(_completed(keys), page, total, PAGE)


def _answers(user: User, filters: Filters) -> Select[Any]:
    """The ids of the answers, each once."""
    query = select(Review.response_id).join(Response, Response.id == Review.response_id).group_by(Review.response_id)
    if filters.mine:
        query = query.where(Review.user_id == user.id)
    if filters.differ:
        query = query.where(Review.response_id.in_(disputed()))
    if filters.reason:
        reason = select(Reason.id).where(Reason.code == filters.reason).scalar_subquery()
        query = query.where(exists().where(HumanLabel.review_id == Review.id, HumanLabel.reason_id == reason))
    if user.branch_ids:
        theirs = select(Invitation.id).join(Customer, Customer.id == Invitation.customer_id)
        query = query.where(Response.invitation_id.in_(theirs.where(visible(user, Customer.branch_id))))
    return query


def _completed(keys: Sequence[int]) -> list[ReviewedAnswer]:
    rows = db.session.execute(
        select(Response.id, Response.language, Response.masked_words).where(Response.id.in_(keys))
    )
    answers = {row.id: row for row in rows}
    opinions, differing = _opinions(keys), set(db.session.scalars(disputed(keys)))
    return [
        ReviewedAnswer(key, answers[key].language, answers[key].masked_words, key in differing, tuple(opinions[key]))
        for key in keys
    ]


def _opinions(keys: Sequence[int]) -> dict[int, list[Opinion]]:
    rows = db.session.execute(
        select(Review, func.coalesce(func.nullif(User.name, ""), User.email).label("name"))
        .join(User, User.id == Review.user_id)
        .where(Review.response_id.in_(keys))
        .order_by(Review.id)
    ).all()
    labels = labels_of([row.Review.id for row in rows])
    found: dict[int, list[Opinion]] = defaultdict(list)
    for each, name in rows:
        opinion = Opinion(
            each.id, each.user_id, name, each.created_at, each.state, each.model_shown, tuple(labels[each.id])
        )
        found[each.response_id].append(opinion)
    return found
