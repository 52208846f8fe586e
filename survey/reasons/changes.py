"""What would change if another version served: how many answers win or lose each reason, and which they are."""

from dataclasses import dataclass

from sqlalchemy import Select, and_, func, select
from sqlalchemy.orm import aliased

from survey.extensions import db
from survey.reasons.models import Classification, ClassifiedReason, ModelVersion
from survey.taxonomy.models import Reason


@dataclass(frozen=True)
class Change:
    """One reason: how many answers have it by the old version and by the new one, and how many win or lose it."""

    reason: Reason
    before: int
    after: int
    won: int
    lost: int


def changes(old: ModelVersion, new: ModelVersion) -> list[Change]:
    """Every reason that either version gives, in the order of the reasons; over answers that both have read."""
    before, after, kept = _given_by(old, new), _given_by(new, old), _given_by_both(old, new)
    reasons = db.session.scalars(select(Reason).order_by(Reason.position))
    return [
        Change(r, b, a, a - kept.get(r.id, 0), b - kept.get(r.id, 0))
        for r in reasons
        if (b := before.get(r.id, 0)) | (a := after.get(r.id, 0))
    ]


def count_changed(old: ModelVersion, new: ModelVersion) -> tuple[int, int]:
    """Answers whose reasons differ between the versions, and answers that both have read."""
    both = _read_by_both(old, new).subquery()
    total = db.session.scalar(select(func.count()).select_from(both)) or 0
    gains = _holders(new, old).union(_holders(old, new)).subquery()
    return db.session.scalar(select(func.count()).select_from(gains)) or 0, total


def answers_changed(old: ModelVersion, new: ModelVersion, reason: Reason, won: bool) -> Select[int]:
    """Ids of the answers that win (or lose) this reason, to be put inside another statement."""
    has, has_not = (new, old) if won else (old, new)
    return _holders(has, has_not, reason.id)


def _holders(has: ModelVersion, has_not: ModelVersion, reason_id: int | None = None) -> Select[int]:
    """Ids of answers that both have read and to which `has` gives a reason that `has_not` does not."""
    first, other = aliased(Classification), aliased(Classification)
    given, same = aliased(ClassifiedReason), aliased(ClassifiedReason)
    found = (
        select(first.response_id)
        .join(given, given.classification_id == first.id)
        .join(other, and_(other.model_version_id == has_not.id, other.response_id == first.response_id))
        .outerjoin(same, and_(same.classification_id == other.id, same.reason_id == given.reason_id))
        .where(first.model_version_id == has.id, same.id.is_(None))
    )
    return found.where(given.reason_id == reason_id) if reason_id is not None else found.distinct()


def _read_by_both(old: ModelVersion, new: ModelVersion) -> Select[int]:
    other = aliased(Classification)
    return (
        select(Classification.response_id)
        .join(other, and_(other.model_version_id == new.id, other.response_id == Classification.response_id))
        .where(Classification.model_version_id == old.id)
    )


def _given_by(version: ModelVersion, other: ModelVersion) -> dict[int, int]:
    """Per reason the answers that have it by `version`, among those that `other` has read too."""
    read_too = aliased(Classification)
    rows = db.session.execute(
        select(ClassifiedReason.reason_id, func.count())
        .join(Classification, Classification.id == ClassifiedReason.classification_id)
        .join(
            read_too,
            and_(read_too.model_version_id == other.id, read_too.response_id == Classification.response_id),
        )
        .where(Classification.model_version_id == version.id)
        .group_by(ClassifiedReason.reason_id)
    )
    return {reason_id: count for reason_id, count in rows}


def _given_by_both(old: ModelVersion, new: ModelVersion) -> dict[int, int]:
    other, same = aliased(Classification), aliased(ClassifiedReason)
    rows = db.session.execute(
        select(ClassifiedReason.reason_id, func.count())
        .join(Classification, Classification.id == ClassifiedReason.classification_id)
        .join(other, and_(other.model_version_id == new.id, other.response_id == Classification.response_id))
        .join(same, and_(same.classification_id == other.id, same.reason_id == ClassifiedReason.reason_id))
        .where(Classification.model_version_id == old.id)
        .group_by(ClassifiedReason.reason_id)
    )
    return {reason_id: count for reason_id, count in rows}
