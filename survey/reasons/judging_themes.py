"""What people decide about a group of answers: it is a reason, or it is none."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select

from survey.clock import now
from survey.extensions import db
from survey.jobs.queue import enqueue
from survey.notices import settle
from survey.questionnaires.publishing import Wording, publish
from survey.reasons.models import HumanLabel, Review, Theme, ThemeAnswer
from survey.taxonomy import changing
from survey.taxonomy.changing import NewReason
from survey.taxonomy.models import Reason
from survey.taxonomy.queries import version


class AlreadyJudged(Exception):
    """Somebody decided about this group before."""


@dataclass(frozen=True)
class Making:
    """The reason that a group becomes, how the form puts it, and the answers that are examples of it."""

    new: NewReason
    wording: Wording
    response_ids: Sequence[int]


def notice_key(theme_id: int) -> str:
    """Under which people are told of a group."""
    return f"theme:{theme_id}"


def make(theme_id: int, making: Making, user_id: int) -> Reason:
    """Make the group a reason and label its examples with it; then teach a model, which is not shown yet. Flushes.

    Raises AlreadyJudged, and CannotChange in words; then nothing is written.
    """
    changing.lock()
    theme = _claimed(theme_id, "open")
    reason = changing.add(making.new, user_id)
    _label(_examples(theme, making.response_ids), reason, user_id)
    theme.state, theme.reason_id = "made", reason.id
    settle(notice_key(theme.id))
    publish({reason.code: making.wording})
    arguments = {"publish": False, "user_id": user_id, "because": "theme"}
    enqueue("train", f"train:asked:{now():%Y-%m-%dT%H:%M:%S.%fZ}", arguments)
    return reason


def dismiss(theme_id: int) -> Theme:
    """The group is no reason, and is not shown again. Flushes; raises AlreadyJudged."""
    theme = _claimed(theme_id, "open")
    theme.state = "dismissed"
    settle(notice_key(theme.id))
    return theme


def reopen(theme_id: int) -> Theme:
    """Take back that the group is no reason. Flushes; raises AlreadyJudged where it was not dismissed."""
    theme = _claimed(theme_id, "dismissed")
    theme.state = "open"
    db.session.flush()
    return theme


def _claimed(theme_id: int, state: str) -> Theme:
    """The group, held until the transaction ends: of two people at once the second finds it judged."""
    query = select(Theme).where(Theme.id == theme_id).with_for_update()
    theme = db.session.scalars(query.execution_options(populate_existing=True)).one_or_none()
    if theme is None or theme.state != state:
        raise AlreadyJudged
    return theme


def _examples(theme: Theme, response_ids: Sequence[int]) -> list[int]:
    query = select(ThemeAnswer.response_id).where(
        ThemeAnswer.theme_id == theme.id, ThemeAnswer.response_id.in_(response_ids)
    )
    return list(db.session.scalars(query.order_by(ThemeAnswer.place)))


def _label(response_ids: Sequence[int], reason: Reason, user_id: int) -> None:
    """The reason as this person's label. What they had found in an answer before stays; what they skipped counts."""
    mine = select(Review).where(Review.user_id == user_id, Review.response_id.in_(response_ids))
    known = {review.response_id: review for review in db.session.scalars(mine)}
    for response_id in response_ids:
        review = known.get(response_id)
        if review is None or review.state == "skipped":
            review = _chosen(review or Review(response_id=response_id, user_id=user_id))
        review.labels.append(HumanLabel(reason_id=reason.id))
        db.session.add(review)
    db.session.flush()


def _chosen(review: Review) -> Review:
    """A reading that was not drawn: the answer was chosen, and what the software makes of it was in sight."""
    review.state, review.stream, review.probability, review.model_shown = "reviewed", "", 1.0, True
    review.taxonomy_version, review.created_at = version(), now()
    return review
