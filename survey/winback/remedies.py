"""Remedies: what may help somebody who left for a reason. Suggestions, never orders."""

from collections import defaultdict
from collections.abc import Sequence

from sqlalchemy import func, select

from survey.extensions import db
from survey.taxonomy.models import Reason
from survey.winback.models import Remedy


def remedies_by_reason() -> dict[Reason, list[Remedy]]:
    """The remedies of every reason in use, in the order in which they are suggested, those switched off included."""
    reasons = db.session.scalars(select(Reason).where(Reason.active).order_by(Reason.position)).all()
    found: dict[int, list[Remedy]] = defaultdict(list)
    for remedy in db.session.scalars(select(Remedy).order_by(Remedy.position)):
        found[remedy.reason_id].append(remedy)
    return {reason: found[reason.id] for reason in reasons}


def suggested(reason_id: int | None, may_offer: bool) -> Sequence[Remedy]:
    """What may help somebody who left for this reason. `may_offer`: agreed to be called with an offer; unless so,
    remedies that are one are left out."""
    query = select(Remedy).where(Remedy.reason_id == reason_id, Remedy.active).order_by(Remedy.position)
    if not may_offer:
        query = query.where(Remedy.is_offer.is_(False))
    return db.session.scalars(query).all()


def add(reason_id: int, nl: str, en: str, is_offer: bool) -> Remedy:
    """A further remedy, the last of its reason. Flushes."""
    last = db.session.scalar(select(func.max(Remedy.position)).where(Remedy.reason_id == reason_id)) or 0
    remedy = Remedy(reason_id=reason_id, position=last + 1, nl=nl, en=en, is_offer=is_offer)
    db.session.add(remedy)
    db.session.flush()
    return remedy


def move_up(remedy: Remedy) -> None:
    """Suggest it before the one that stands above it; the first stays where it is. Flushes."""
    above = db.session.scalar(
        select(Remedy)
        .where(Remedy.reason_id == remedy.reason_id, Remedy.position < remedy.position)
        .order_by(Remedy.position.desc())
        .limit(1)
    )
    if above is None:
        return
    upper, lower = above.position, remedy.position
    # a place is taken by one remedy at a time
    above.position = 0
    db.session.flush()
    remedy.position = upper
    db.session.flush()
    above.position = lower
    db.session.flush()
