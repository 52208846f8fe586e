"""Answers that fit no reason: the one rule, for whoever looks for new reasons and for the page that shows them.

An answer fits no reason where the serving model is unsure, or gives it none that is more likely than not, and where no
person found a reason in it either ("Other" is none).
"""

from datetime import timedelta

from sqlalchemy import ColumnElement, exists, or_

from survey.clock import now
from survey.reasons.models import Classification, ClassifiedReason, HumanLabel, ModelVersion, Review, Theme, ThemeAnswer
from survey.responses.models import Response
from survey.taxonomy.models import OTHER, Reason

LOOK_BACK = timedelta(days=365)
#: a reason given with less than this is as likely wrong as right
LIKELY = 0.5
#: states of a group that people decided about
JUDGED = ("made", "dismissed")


def fits_no_reason(version: ModelVersion) -> ColumnElement[bool]:
    """Of a Response: it has words of the last year that fit no reason of this version, and people found none."""
    return is_read_weakly(version) & ~found_by_people()


def is_read_weakly(version: ModelVersion) -> ColumnElement[bool]:
    """Of a Response: it has words of the last year in which this version reads no likely reason."""
    likely = exists().where(
        ClassifiedReason.classification_id == Classification.id, ClassifiedReason.probability >= LIKELY
    )
    read = exists().where(
        Classification.response_id == Response.id,
        Classification.model_version_id == version.id,
        or_(Classification.state == "unsure", (Classification.state == "given") & ~likely),
    )
    return read & Response.masked_words.is_not(None) & (Response.created_at >= now() - LOOK_BACK)


def found_by_people() -> ColumnElement[bool]:
    """Of a Response: somebody found a reason in it."""
    return exists().where(
        Review.response_id == Response.id,
        Review.state == "reviewed",
        HumanLabel.review_id == Review.id,
        Reason.id == HumanLabel.reason_id,
        Reason.code != OTHER,
    )


def in_judged_theme() -> ColumnElement[bool]:
    """Of a Response: it stands in a group that people decided about."""
    return exists().where(
        ThemeAnswer.response_id == Response.id, Theme.id == ThemeAnswer.theme_id, Theme.state.in_(JUDGED)
    )
