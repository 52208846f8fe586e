"""The answers that win or lose a reason where another version would serve, for people to read."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, func, select

from survey.accounts.models import User
from survey.customers.models import Customer
from survey.extensions import db
from survey.invitations.models import Invitation
from survey.reasons.changes import answers_changed
from survey.reasons.labels import settled
from survey.reasons.models import Classification, ClassifiedReason, ModelVersion, Review
from survey.reasons.quality import only_seen_by
from survey.responses.models import Response, ResponseReason
from survey.taxonomy.models import Reason

PAGE = 25


@dataclass(frozen=True)
class Search:
    """Which answers: those that win, or lose, this reason where `new` serves in the place of `old`."""

    old: ModelVersion
    new: ModelVersion
    reason: Reason
    won: bool
    user: User


@dataclass(frozen=True)
class ChangedAnswer:
    """One of them. `text` is None once the person is erased; `found` is None where nobody has reviewed it."""

    response_id: int
    at: datetime
    language: str
    text: str | None
    erased: bool
    ticked: Sequence[Reason]
    before: Sequence[Reason]
    after: Sequence[Reason]
    found: Sequence[Reason] | None


def count(search: Search) -> int:
    return db.session.scalar(select(func.count()).select_from(_ids(search).subquery())) or 0


def page_of(search: Search, number: int) -> list[ChangedAnswer]:
    """A page of them, counted from 1, the newest answer first."""
    rows = db.session.execute(
        _ids(search)
        .join(Invitation, Invitation.id == Response.invitation_id)
        .join(Customer, Customer.id == Invitation.customer_id)
        .with_only_columns(Response, Customer.erased_at.is_not(None))
        .order_by(Response.created_at.desc(), Response.id.desc())
        .limit(PAGE)
        .offset((number - 1) * PAGE)
    ).all()
    keys = [answer.id for answer, _ in rows]
    ticked, found = _ticked(keys), _found(keys)
    before, after = _read(search.old, keys), _read(search.new, keys)
    return [
        ChangedAnswer(
            answer.id,
            answer.created_at,
            answer.language,
            answer.masked_words,
            erased,
            ticked[answer.id],
            before[answer.id],
            after[answer.id],
            found.get(answer.id),
        )
        for answer, erased in rows
    ]


def _ids(search: Search) -> Select[int]:
    changed = answers_changed(search.old, search.new, search.reason, search.won)
    seen: Select[int] = only_seen_by(search.user, select(Response.id).where(Response.id.in_(changed)))
    return seen


def _ticked(keys: Sequence[int]) -> dict[int, list[Reason]]:
    """The reasons that the customers ticked, the main one first."""
    return _grouped(
        select(ResponseReason.response_id, Reason)
        .join(Reason, Reason.id == ResponseReason.reason_id)
        .where(ResponseReason.response_id.in_(keys))
        .order_by(ResponseReason.main.desc(), Reason.position)
    )


def _read(version: ModelVersion, keys: Sequence[int]) -> dict[int, list[Reason]]:
    """The reasons that a version reads in them."""
    return _grouped(
        select(Classification.response_id, Reason)
        .join(ClassifiedReason, ClassifiedReason.classification_id == Classification.id)
        .join(Reason, Reason.id == ClassifiedReason.reason_id)
        .where(Classification.model_version_id == version.id, Classification.response_id.in_(keys))
        .order_by(Reason.position)
    )


def _grouped(query: Select[int, Reason]) -> dict[int, list[Reason]]:
    found: dict[int, list[Reason]] = defaultdict(list)
    for key, reason in db.session.execute(query):
        found[key].append(reason)
    return found


def _found(keys: Sequence[int]) -> dict[int, list[Reason]]:
    """What people found in those of them that they reviewed."""
    labels = settled(Review.response_id.in_(keys)) if keys else []
    codes = {code for label in labels for code in label.codes}
    reasons = list(db.session.scalars(select(Reason).where(Reason.code.in_(codes)).order_by(Reason.position)))
    return {label.response_id: [reason for reason in reasons if reason.code in label.codes] for label in labels}
