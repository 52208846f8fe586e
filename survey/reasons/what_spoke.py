"""Explanations that are forgotten. Loads no text model, so that a page can erase a person."""

from collections.abc import Sequence

from sqlalchemy import select, update

from survey.extensions import db
from survey.reasons.models import Classification, ClassifiedReason, ModelVersion


def forget_what_spoke(response_ids: Sequence[int]) -> None:
    """Empty the explanations of these answers, of every version. Flushes."""
    versions = select(ModelVersion.id)
    theirs = select(Classification.id).where(
        Classification.model_version_id.in_(versions), Classification.response_id.in_(response_ids)
    )
    db.session.execute(update(ClassifiedReason).where(ClassifiedReason.classification_id.in_(theirs)).values(spoke=b""))
