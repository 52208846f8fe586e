"""What would change if another version served: how many answers win or lose each reason, and which they are."""

from collections import Counter
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, and_, func, select
from sqlalchemy.orm import aliased

from survey.accounts.models import User
from survey.extensions import db
from survey.reasons.models import Classification, ClassifiedReason, ModelVersion
from survey.reasons.quality import only_seen_by
from survey.responses.models import Response
from survey.taxonomy.models import Reason


@dataclass(frozen=True)
class Change:
    """One reason: how many answers have it by the old version and by the new one, and how many win or lose it."""

    reason: Reason
    before: int
    after: int
    won: int
    lost: int


@dataclass(frozen=True)
class Comparison:
    """Two versions on the answers that both have read, and how many of those have other reasons by the new one."""

    answers: int
    changed: int
    reasons: list[Change]


def compare(old: ModelVersion, new: ModelVersion, user: User | None = None) -> Comparison:
    """The two versions on all answers, or on those that this user may see.

    Only what differs is fetched: of the reasons that both give nothing but the counts are needed.
    """
    before = _counts(old, new, user)
    lost, won = (
        list(db.session.execute(_differing(old, new, user))),
        list(db.session.execute(_differing(new, old, user))),
    )
    answers = db.session.scalar(select(func.count()).select_from(_read_by_both(old, new, user).subquery())) or 0
    less, more = Counter(key for _, key in lost), Counter(key for _, key in won)
    return Comparison(
        answers,
        len({response_id for response_id, _ in (*lost, *won)}),
        [
            Change(
                reason,
                n := before.get(reason.id, 0),
                n - less[reason.id] + more[reason.id],
                more[reason.id],
                less[reason.id],
            )
            for reason in db.session.scalars(select(Reason).order_by(Reason.position, Reason.id))
            if before.get(reason.id) or more[reason.id]
        ],
    )


def changes(old: ModelVersion, new: ModelVersion) -> list[Change]:
    """Every reason that either version gives, in the order of the reasons; over answers that both have read."""
    return compare(old, new).reasons


def answers_changed(old: ModelVersion, new: ModelVersion, reason: Reason, won: bool) -> Select[int]:
    """Ids of the answers that win (or lose) this reason, to be put inside another statement."""
    has, has_not = (new, old) if won else (old, new)
    return (
        _differing(has, has_not)
        .where(ClassifiedReason.reason_id == reason.id)
        .with_only_columns(Classification.response_id)
    )


def _differing(has: ModelVersion, has_not: ModelVersion, user: User | None = None) -> Select[int, int]:
    """Answers and reasons that `has` gives them and `has_not`, which has read them too, does not."""
    other, same = aliased(Classification), aliased(ClassifiedReason)
    query = (
        select(Classification.response_id, ClassifiedReason.reason_id)
        .join(ClassifiedReason, ClassifiedReason.classification_id == Classification.id)
        .join(other, and_(other.model_version_id == has_not.id, other.response_id == Classification.response_id))
        .outerjoin(same, and_(same.classification_id == other.id, same.reason_id == ClassifiedReason.reason_id))
        .where(Classification.model_version_id == has.id, same.id.is_(None))
    )
    differing: Select[int, int] = _seen(query, user)
    return differing


def _counts(version: ModelVersion, other: ModelVersion, user: User | None) -> dict[int, int]:
    """In how many answers that both have read `version` finds each reason, by its key."""
    query = (
        _read_by_both(version, other, user)
        .join(ClassifiedReason, ClassifiedReason.classification_id == Classification.id)
        .with_only_columns(ClassifiedReason.reason_id, func.count())
        .group_by(ClassifiedReason.reason_id)
    )
    return {key: count for key, count in db.session.execute(query)}


def _read_by_both(version: ModelVersion, other: ModelVersion, user: User | None) -> Select[int]:
    read_too = aliased(Classification)
    query = (
        select(Classification.response_id)
        .join(read_too, and_(read_too.model_version_id == other.id, read_too.response_id == Classification.response_id))
        .where(Classification.model_version_id == version.id)
    )
    by_both: Select[int] = _seen(query, user)
    return by_both


def _seen(query: Any, user: User | None) -> Any:
    """Kept to answers that this user may see."""
    if user is None or not user.branch_ids:
        return query
    return only_seen_by(user, query.join(Response, Response.id == Classification.response_id))
