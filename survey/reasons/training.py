"""What a model may learn here: labels of people first, what customers ticked as weak evidence beside them."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import select

from survey.extensions import db
from survey.reasons.labels import as_of_today, settled
from survey.reasons.models import ModelVersion, Reading, Review
from survey.reasons.teaching import Lesson, Syllabus
from survey.responses.models import Response, ResponseReason
from survey.taxonomy.models import OTHER, Reason
from survey.taxonomy.queries import active_reasons, fates, meaning, way_of

#: as many of the newest answers that only have ticks; more say nothing new
TICKED_ANSWERS = 5_000
#: read in one go
BATCH = 1_000


def syllabus() -> Syllabus:
    """The reasons of today, and for each the older ones that went into it."""
    known = fates()
    sources: dict[str, list[str]] = defaultdict(list)
    for code in known:
        end = way_of(code, known)[-1]
        for target in known[end].into if known[end].kind == "split" else (end,):
            sources[target].append(code)
    codes = tuple(reason.code for reason in active_reasons() if reason.code != OTHER)
    return Syllabus(codes, {code: tuple(sources[code]) for code in codes})


def lessons(serving: ModelVersion | None) -> list[Lesson]:
    """Everything there is to learn from: answers that people reviewed, and the newest of those that only have ticks."""
    labels = {label.response_id: label.codes for label in settled()}
    first_read = _first_read()
    since = serving.created_at if serving is not None and serving.origin == "trained" else None
    reviewed = [
        Lesson(content, words, labels[key], trusted=True, seen=since is not None and first_read[key] < since)
        for key, content, words in _read(sorted(labels))
    ]
    return reviewed + _ticked(set(labels))


def new_reviews(version: ModelVersion | None) -> int:
    """How many answers were reviewed since this version was trained; all, where it learnt from none."""
    since = version.created_at if version is not None and version.origin == "trained" else None
    return sum(since is None or moment >= since for moment in _first_read().values())


def _first_read() -> dict[int, datetime]:
    """When somebody first reviewed each answer."""
    rows = select(Review.response_id, Review.created_at).where(Review.state == "reviewed").order_by(Review.id.desc())
    return {key: moment for key, moment in db.session.execute(rows)}


def _read(keys: Sequence[int]) -> Iterable[tuple[int, bytes, str]]:
    """The stored readings and masked words of these answers, where they are still there."""
    for start in range(0, len(keys), BATCH):
        rows = db.session.execute(
            select(Response.id, Reading.content, Response.masked_words)
            .join(Reading, Reading.response_id == Response.id)
            .where(Response.id.in_(keys[start : start + BATCH]), Response.masked_words.is_not(None))
            .order_by(Response.id)
        )
        yield from ((key, content, words or "") for key, content, words in rows)


def _ticked(but: set[int]) -> list[Lesson]:
    """Answers with words that nobody reviewed, with the reasons ticked."""
    newest = (
        select(Response.id)
        .join(Reading, Reading.response_id == Response.id)
        .where(Response.masked_words.is_not(None), ~select(Review.id).where(Review.response_id == Response.id).exists())
        .order_by(Response.id.desc())
        .limit(TICKED_ANSWERS)
    )
    keys = sorted(set(db.session.scalars(newest)) - but)
    ticks: dict[int, set[str]] = defaultdict(set)
    for start in range(0, len(keys), BATCH):
        query = (
            select(ResponseReason.response_id, Reason.code)
            .join(Reason, Reason.id == ResponseReason.reason_id)
            .where(ResponseReason.response_id.in_(keys[start : start + BATCH]))
        )
        for key, code in db.session.execute(query):
            ticks[key].add(code)
    today = meaning()
    return [
        Lesson(content, words, codes, trusted=False)
        for key, content, words in _read(keys)
        if (codes := as_of_today(ticks[key], today)) is not None
    ]
