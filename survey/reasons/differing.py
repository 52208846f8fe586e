"""Answers about which the people who read them differ: the one definition, for drawing and for showing."""

from collections.abc import Sequence

from sqlalchemy import Select, exists, select
from sqlalchemy.orm import aliased

from survey.reasons.models import HumanLabel, Review


def disputed(among: Sequence[int] | None = None) -> Select[int]:
    """Ids of the answers (of all, or among these) in which one person found a reason that another did not find."""
    one, other, label, same = aliased(Review), aliased(Review), aliased(HumanLabel), aliased(HumanLabel)
    query = (
        select(one.response_id)
        .join(label, label.review_id == one.id)
        .join(other, (other.response_id == one.response_id) & (other.id != one.id))
        .where(
            one.state == "reviewed",
            other.state == "reviewed",
            ~exists().where(same.review_id == other.id, same.reason_id == label.reason_id),
        )
        .distinct()
    )
    return query if among is None else query.where(one.response_id.in_(among))
