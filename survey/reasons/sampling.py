"""Which answers people are asked to read, and with what chance each was drawn.

Every answer has permanent random numbers, so drawing again draws the same and more, never others instead.

- audit: an answer is drawn where its number is under the rate. The rate only rises, and all rows carry the present one.
- useful: drawn in proportion to how much there is to learn (survey.reasons.usefulness). What was drawn stays; its
  probability is the largest it ever had, because with one permanent number it would have been drawn by that alone.
"""

from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Any

import numpy as np
from sqlalchemy import ColumnElement, Integer, cast, exists, func, insert, or_, select, update

from survey.clock import now
from survey.extensions import db
from survey.reasons.differing import disputed
from survey.reasons.models import Classification, ModelVersion, Reading, Review, ReviewItem
from survey.reasons.usefulness import Answers, Draw, Lot, columns, scores_of, usefulness
from survey.responses.models import Response, ResponseReason
from survey.taxonomy.models import Reason
from survey.taxonomy.queries import meaning

#: fewer unread ones than this in a stream, and about so many more are drawn
LOW, STEP = 25, 50
#: one of so many audit answers wants two readers, where two people have read something in these days
SECOND_READER, LATELY = 10, timedelta(days=60)
BATCH = 5_000
#: rows of one INSERT
ROWS = 500


def draw_audit() -> int:
    """Draw new answers under the present rate, and raise it where few wait; gives how many were drawn. Flushes."""
    rate = audit_rate()
    drawn = _take_audit(rate)
    if rate < 1 and not has_enough("audit") and (answers := _count_answers()):
        rate = min(1.0, rate + STEP / answers)
        db.session.execute(update(ReviewItem).where(ReviewItem.stream == "audit").values(probability=rate))
        drawn += _take_audit(rate)
    _tell_reviews()
    return drawn


def audit_rate() -> float:
    """The chance with which an answer is in the audit sample; 0 before the first was drawn."""
    return db.session.scalar(select(func.max(ReviewItem.probability)).where(ReviewItem.stream == "audit")) or 0.0


def has_enough(stream: str) -> bool:
    """Whether enough of the stream wait that nobody has looked at."""
    untouched = select(ReviewItem.id).join(Response, Response.id == ReviewItem.response_id)
    found = db.session.scalars(untouched.where(ReviewItem.stream == stream, _untouched(), _has_words()).limit(LOW))
    return len(found.all()) >= LOW


def _untouched() -> ColumnElement[bool]:
    """Not looked at from this queue; an example of a new reason was chosen, not read for all its reasons."""
    return ~exists().where(Review.response_id == ReviewItem.response_id, Review.stream != "")


def _has_words() -> ColumnElement[bool]:
    return func.coalesce(Response.masked_words, "") != ""


def _count_answers() -> int:
    """Answers that may be drawn. No random number is looked at, so the rate that follows is a probability."""
    query = select(func.count()).select_from(Response).where(Response.has_words, Response.masked_words.is_not(None))
    return db.session.scalar(query) or 0


def _take_audit(rate: float) -> int:
    """Put every answer under the rate that is not in the sample into it; gives how many."""
    in_sample = exists().where(ReviewItem.response_id == Reading.response_id, ReviewItem.stream == "audit")
    rows = db.session.execute(
        select(Reading.response_id, Reading.chance)
        .join(Response, Response.id == Reading.response_id)
        .where(Reading.chance < rate, ~in_sample, Reading.terms != "", _has_words())
        .order_by(Reading.chance)
    ).all()
    _insert("audit", [Lot(key, rate, chance) for key, chance in rows])
    return len(rows)


def _insert(stream: str, lots: Sequence[Lot]) -> None:
    moment = now()
    for start in range(0, len(lots), ROWS):
        rows = [
            {
                "response_id": lot.response_id,
                "stream": stream,
                "probability": lot.probability,
                "place": lot.place,
                "wanted": 1,
                "drawn_at": moment,
            }
            for lot in lots[start : start + ROWS]
        ]
        db.session.execute(insert(ReviewItem), rows)


def _tell_reviews() -> None:
    """Keep the stream and the probability of what was read with those of the sample as it is now.

    An answer that was read as a useful one and is in the audit sample too counts as audited once the audit has come to
    its place: sooner, the sample would hold more of the doubtful ones than of the others.
    """
    first_unread = (
        select(func.min(ReviewItem.place)).where(ReviewItem.stream == "audit", _untouched()).scalar_subquery()
    )
    reached = select(ReviewItem.response_id).where(
        ReviewItem.stream == "audit", or_(first_unread.is_(None), ReviewItem.place < first_unread)
    )
    db.session.execute(
        update(Review)
        .where(Review.stream == "useful", Review.response_id.in_(reached))
        .values(stream="audit")
        .execution_options(synchronize_session=False)
    )
    item = select(ReviewItem.probability).where(
        ReviewItem.response_id == Review.response_id, ReviewItem.stream == Review.stream
    )
    stale = exists().where(
        ReviewItem.response_id == Review.response_id,
        ReviewItem.stream == Review.stream,
        ReviewItem.probability != Review.probability,
    )
    db.session.execute(
        update(Review)
        .where(stale)
        .values(probability=item.scalar_subquery())
        .execution_options(synchronize_session=False)
    )


def want_more_readers() -> None:
    """A second reader for one in ten of the audit sample, and a third where two differ. Flushes."""
    readers = select(func.count(Review.user_id.distinct())).where(Review.created_at > now() - LATELY)
    # far decimals of the permanent number: they say nothing about whether it is small
    one_in_ten = cast(ReviewItem.place * 2**30, Integer) % SECOND_READER == 0
    if (db.session.scalar(readers) or 0) >= 2:
        _want(2, ReviewItem.stream == "audit", one_in_ten)
    _want(3, ReviewItem.response_id.in_(disputed()))


def _want(readers: int, *conditions: ColumnElement[bool]) -> None:
    db.session.execute(
        update(ReviewItem)
        .where(ReviewItem.wanted < readers, *conditions)
        .values(wanted=readers)
        .execution_options(synchronize_session=False)
    )


def draw_useful(version: ModelVersion, thresholds: Sequence[float]) -> list[Lot]:
    """Draw about STEP more than were drawn so far, from all answers this version has read; [] where enough wait.

    Reads only. `thresholds`: of the version's reasons, in its order.
    """
    if has_enough("useful"):
        return []
    so_far = select(func.count()).select_from(ReviewItem).where(ReviewItem.stream == "useful", ReviewItem.place >= 0)
    draw = Draw((db.session.scalar(so_far) or 0) + STEP, _count_scored(version))
    for keys, answers in _scored(version):
        draw.see(keys, usefulness(answers, np.asarray(thresholds)))
    return draw.lots()


def store_useful(lots: Sequence[Lot]) -> int:
    """Put those that are new into the stream, where they have words; gives how many. Flushes."""
    new = 0
    for start in range(0, len(lots), ROWS):
        some = {lot.response_id: lot for lot in lots[start : start + ROWS]}
        standing = db.session.scalars(
            select(ReviewItem).where(ReviewItem.stream == "useful", ReviewItem.response_id.in_(some))
        ).all()
        for item in standing:
            lot = some.pop(item.response_id)
            item.probability = max(item.probability, lot.probability)
            if item.place >= 0:  # below 0: what must be read again, and comes first
                item.place = lot.place
        readable = db.session.scalars(select(Response.id).where(Response.id.in_(some), _has_words())).all()
        _insert("useful", [some[key] for key in readable])
        new += len(readable)
    db.session.flush()
    _tell_reviews()
    return new


def _is_scored(version: ModelVersion) -> tuple[ColumnElement[bool], ...]:
    """Carried over for an erased person, it has no scores."""
    of_version = Classification.model_version_id == version.id
    return of_version, Classification.state.in_(("given", "unsure")), Classification.scores != b""


def _count_scored(version: ModelVersion) -> int:
    query = select(func.count()).select_from(Classification).where(*_is_scored(version))
    return db.session.scalar(query) or 0


def _scored(version: ModelVersion) -> Iterator[tuple[list[int], Answers]]:
    """All answers the version has read, by id, a batch at a time."""
    column_of, price = _columns_by_reason(version)
    people_differ = set(db.session.scalars(disputed()))
    last = 0
    while True:
        query = select(Classification.response_id, Classification.scores).where(
            *_is_scored(version), Classification.response_id > last
        )
        rows = db.session.execute(query.order_by(Classification.response_id).limit(BATCH)).all()
        if not rows:
            return
        keys = [row.response_id for row in rows]
        ticked = _main_reasons(keys[0], keys[-1])
        yield (
            keys,
            Answers(
                scores_of([row.scores for row in rows], len(version.reason_codes)),
                np.array([column_of.get(ticked.get(key, 0), -1) for key in keys]),
                np.array([ticked.get(key, 0) in price for key in keys]),
                np.array([key in people_differ for key in keys]),
            ),
        )
        last = keys[-1]


def _columns_by_reason(version: ModelVersion) -> tuple[dict[int, int], set[int]]:
    """By the key of a reason, the column of the model under which it counts; and the keys that count as the price."""
    today = meaning()
    by_code = dict(columns(version.reason_codes, today))
    reasons: Any = db.session.execute(select(Reason.code, Reason.id)).all()
    price = {key for code, key in reasons if "price" in (today.get(code) or ())}
    return {key: by_code.get(code, -1) for code, key in reasons}, price


def _main_reasons(first: int, last: int) -> dict[int, int]:
    query = select(ResponseReason.response_id, ResponseReason.reason_id).where(
        ResponseReason.main, ResponseReason.response_id.between(first, last)
    )
    return {response_id: reason_id for response_id, reason_id in db.session.execute(query)}
