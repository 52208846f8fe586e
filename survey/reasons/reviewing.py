"""The review queue: the next answer for a person to read, and what that person found in it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, delete, exists, func, or_, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import aliased

from survey.accounts.access import visible
from survey.accounts.models import User
from survey.clock import now
from survey.customers.models import Customer
from survey.extensions import db
from survey.invitations.models import Invitation
from survey.reasons.lots import number
from survey.reasons.models import STREAMS, HumanLabel, Reading, Review, ReviewItem, ServingModel
from survey.responses.models import Response, ResponseReason
from survey.taxonomy import queries as taxonomy
from survey.taxonomy.models import Reason

#: among so many that come next each person has an order of their own, so that two seldom read the same one
WINDOW = 16
#: the page counts no further
MOST = 200


@dataclass(frozen=True)
class Asked:
    """An answer to read. `main` and `also` were ticked; `probability`: with what chance it is in the stream."""

    response_id: int
    stream: str
    probability: float
    language: str
    text: str
    main: Reason | None
    also: tuple[Reason, ...]


@dataclass(frozen=True)
class Found:
    """What a person found in an answer. `state` is reviewed or skipped; no codes: there is no reason in it."""

    asked: Asked
    state: str
    codes: frozenset[str]
    #: what the model thinks was in sight
    model_shown: bool


@dataclass(frozen=True)
class Queue:
    """What waits for a person: ids by stream, in the order of reading, counted up to MOST."""

    audit: list[int]
    useful: list[int]

    @property
    def count(self) -> int:
        return len(self.audit) + len(self.useful)

    @property
    def is_longer(self) -> bool:
        return MOST in (len(self.audit), len(self.useful))


def queue_of(user: User) -> Queue:
    return Queue(*(list(db.session.scalars(_waiting(user, stream))) for stream in STREAMS))


def next_of(queue: Queue, user: User) -> Asked | None:
    """The next answer for this person: the audit sample first, and then in turns. None where nothing waits."""
    order = [("audit", queue.audit), ("useful", queue.useful)]
    if last_stream(user) == "audit":
        order.reverse()
    for stream, waiting in order:
        if waiting:
            chosen = min(waiting[:WINDOW], key=lambda key: number(key, f"reader {user.id}"))
            return asked(user, chosen, stream)
    return None


def _waiting(user: User, stream: str) -> Select[int]:
    others, mine = aliased(Review), aliased(Review)
    readers = select(func.count()).where(_counts(others), others.state == "reviewed").scalar_subquery()
    query = (
        select(ReviewItem.response_id)
        .join(Response, Response.id == ReviewItem.response_id)
        .where(
            ReviewItem.stream == stream,
            ~exists().where(_counts(mine), mine.user_id == user.id),
            readers < ReviewItem.wanted,
            func.coalesce(Response.masked_words, "") != "",
        )
        .order_by(ReviewItem.place, ReviewItem.id)
        .limit(MOST)
    )
    if stream == "useful":
        query = query.where(_is_read_blind())
    return _only_seen_by(user, query)


def _counts(review: Any) -> ColumnElement[bool]:
    """Whether a review is of this item: not of an example of a new reason, and not from before the item had to be
    read again (place below 0)."""
    again = and_(ReviewItem.place < 0, review.created_at < ReviewItem.drawn_at)
    return and_(review.response_id == ReviewItem.response_id, review.stream != "", ~again)


def _is_read_blind() -> ColumnElement[bool]:
    """What is in the audit sample too is read there, where what the model thinks is out of sight."""
    twin = aliased(ReviewItem)
    in_audit = exists().where(twin.response_id == ReviewItem.response_id, twin.stream == "audit")
    return or_(ReviewItem.place < 0, ~in_audit)


def _only_seen_by(user: User, query: Select[Any]) -> Select[Any]:
    if not user.branch_ids:
        return query
    query = query.join(Invitation, Invitation.id == Response.invitation_id)
    return query.join(Customer, Customer.id == Invitation.customer_id).where(visible(user, Customer.branch_id))


def last_stream(user: User) -> str:
    """From which stream this person read last; empty before the first."""
    last = select(Review.stream).where(Review.user_id == user.id).order_by(Review.id.desc()).limit(1)
    return db.session.scalar(last) or ""


def asked(user: User, response_id: int, stream: str = "") -> Asked | None:
    """An answer that this person may read: drawn for reading, or read by them before. None where there is none.

    Without a stream: the one from which they read it, else the audit sample where it is in that, else the other.
    """
    mine = review_of(user.id, response_id)
    item = _item(response_id, stream or (mine.stream if mine else ""))
    text: Any = select(Response.language, Response.masked_words).where(Response.id == response_id)
    row = db.session.execute(_only_seen_by(user, text)).one_or_none()
    if row is None or not row.masked_words or not (item or mine):
        return None
    drawn = (item.stream, item.probability) if item else ("", 1.0)
    return Asked(response_id, *drawn, row.language, row.masked_words, *_ticked(response_id))


def _item(response_id: int, stream: str) -> ReviewItem | None:
    query = select(ReviewItem).where(ReviewItem.response_id == response_id).order_by(ReviewItem.stream)
    items = {item.stream: item for item in db.session.scalars(query)}
    return items.get(stream) or next(iter(items.values()), None)


def _ticked(response_id: int) -> tuple[Reason | None, tuple[Reason, ...]]:
    rows = db.session.execute(
        select(ResponseReason.main, Reason)
        .join(Reason, Reason.id == ResponseReason.reason_id)
        .where(ResponseReason.response_id == response_id)
        .order_by(Reason.position)
    ).all()
    return next((reason for main, reason in rows if main), None), tuple(reason for main, reason in rows if not main)


def review_of(user_id: int, response_id: int) -> Review | None:
    return db.session.scalar(select(Review).where(Review.user_id == user_id, Review.response_id == response_id))


def codes_of(review: Review) -> frozenset[str]:
    """The reasons this person found, as they count now."""
    today = taxonomy.meaning()
    return frozenset(now for label in review.labels for now in today.get(label.reason.code) or ())


def save(user_id: int, found: Found) -> str:
    """Keep what a person found; gives what was done: "new", "changed", or "" where all stood so already. Flushes.

    A person has one review of an answer, also when they click twice. Changing it, they have seen what the model thinks.
    """
    is_new = _begin(user_id, found)
    review = db.session.scalars(
        select(Review)
        .where(Review.user_id == user_id, Review.response_id == found.asked.response_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one()
    keys = _keys_of(found.codes) if found.state == "reviewed" else set()
    is_same = review.state == found.state and {label.reason_id for label in review.labels} == keys
    if not is_new and is_same and review.stream and review.taxonomy_version == taxonomy.version():
        return ""
    review.labels = [label for label in review.labels if label.reason_id in keys] + [
        HumanLabel(reason_id=key) for key in sorted(keys - {label.reason_id for label in review.labels})
    ]
    if not is_new:
        _again(review, found)
    db.session.flush()
    return "new" if is_new else "changed"


def _begin(user_id: int, found: Found) -> bool:
    """Make the row, where there is none; whether there was none."""
    dialect: Any = postgresql if db.engine.dialect.name == "postgresql" else sqlite
    values = {
        "response_id": found.asked.response_id,
        "user_id": user_id,
        "state": found.state,
        "stream": found.asked.stream,
        "probability": found.asked.probability,
        "taxonomy_version": taxonomy.version(),
        "model_shown": found.model_shown,
        "created_at": now(),
    }
    insert = dialect.insert(Review).values(values).on_conflict_do_nothing(index_elements=["response_id", "user_id"])
    return db.session.scalar(insert.returning(Review.id)) is not None


def _again(review: Review, found: Found) -> None:
    """Bring the row up to date. What was an example of a new reason is now read from the queue."""
    if review.stream:
        review.model_shown = True
    else:
        review.stream, review.probability = found.asked.stream, found.asked.probability
        review.model_shown = found.model_shown
    review.state, review.taxonomy_version, review.created_at = found.state, taxonomy.version(), now()


def _keys_of(codes: frozenset[str]) -> set[int]:
    return set(db.session.scalars(select(Reason.id).where(Reason.code.in_(codes), Reason.active)))


def undo(user_id: int, review_id: int) -> Review | None:
    """Take back a review of this person; None where it is gone already or somebody else's. Flushes."""
    review = db.session.get(Review, review_id)
    if review is None or review.user_id != user_id or review.stream not in STREAMS:
        return None
    db.session.execute(delete(HumanLabel).where(HumanLabel.review_id == review.id))
    db.session.execute(delete(Review).where(Review.id == review.id).execution_options(synchronize_session=False))
    db.session.expunge(review)
    return review


def why_empty(user: User) -> str:
    """Why nothing waits: "no_model", "no_answers" (none with words was read yet), "not_drawn", or "all_read"."""
    if not db.session.scalar(select(exists(select(ServingModel.id)))):
        return "no_model"
    if not db.session.scalar(select(exists(select(Reading.response_id).where(Reading.terms != "")))):
        return "no_answers"
    return "all_read" if db.session.scalar(select(exists(select(ReviewItem.id)))) else "not_drawn"


def labels_of(review_ids: Sequence[int]) -> dict[int, list[Reason]]:
    """The reasons found in each of these reviews, in their order."""
    found: dict[int, list[Reason]] = {key: [] for key in review_ids}
    query = (
        select(HumanLabel.review_id, Reason)
        .join(Reason, Reason.id == HumanLabel.reason_id)
        .where(HumanLabel.review_id.in_(review_ids))
        .order_by(Reason.position)
    )
    for key, reason in db.session.execute(query):
        found[key].append(reason)
    return found
