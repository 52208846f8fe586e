"""Answers that wait to be read, and what is stored of what was read in them."""

from collections.abc import Sequence
from hashlib import blake2b
from typing import Any

from sqlalchemy import delete, exists, func, insert, literal, or_, select
from sqlalchemy.orm import aliased

from survey.clock import now
from survey.database import Base
from survey.extensions import db
from survey.reasons.classifying import Answer, Classifier, Read
from survey.reasons.models import Classification, ClassifiedReason, ModelVersion, Reading
from survey.reasons.what_spoke import forget_what_spoke
from survey.responses.models import Response
from survey.taxonomy.models import Reason

BATCH = 200
#: an answer that the model fails on is tried again in so many runs
TRIES = 3


def _unread_by(version: ModelVersion) -> Any:
    return ~exists().where(Classification.response_id == Response.id, Classification.model_version_id == version.id)


def _to_be_read_by(version: ModelVersion) -> Any:
    """Not read, or failed so few times that it is tried again; of a failed one `scores` counts the tries."""
    gave_up = or_(Classification.state != "failed", func.length(Classification.scores) >= TRIES)
    return ~exists().where(
        Classification.response_id == Response.id, Classification.model_version_id == version.id, gave_up
    )


def count_waiting(version: ModelVersion, after: int = 0, until: int | None = None) -> int:
    """How many answers this version could read and has not read yet, of those in a range of ids."""
    in_range = Response.id > after if until is None else Response.id.between(after + 1, until)
    query = select(func.count(Response.id)).where(in_range, _unread_by(version), ~_erased())
    return db.session.scalar(query) or 0


def waiting(version: ModelVersion, after: int, until: int | None = None, limit: int = BATCH) -> list[Answer]:
    """The next answers this version has not read, by id, up to `until`. Those without words come with empty words."""
    in_range = Response.id > after if until is None else Response.id.between(after + 1, until)
    rows = db.session.execute(
        select(Response.id, Response.masked_words, Response.language, Reading.content)
        .outerjoin(Reading, Reading.response_id == Response.id)
        .where(in_range, _to_be_read_by(version), ~_erased(), ~_unmasked())
        .order_by(Response.id)
        .limit(limit)
    )
    return [Answer(row.id, row.masked_words or "", row.language, row.content) for row in rows]


def _unmasked() -> Any:
    """Came in since the words were masked: left for the next time."""
    return Response.words.is_not(None) & Response.masked_words.is_(None)


def _erased() -> Any:
    """Had words, and has none left: the person was erased, and the last reading stands."""
    return Response.has_words & Response.masked_words.is_(None) & Response.words.is_(None)


def store(version: ModelVersion, classifier: Classifier, reads: Sequence[Read]) -> None:
    """Store what was read, a row per answer and a row per reason given. Flushes."""
    if not reads:
        return
    _store_readings(classifier, [read for read in reads if read.reading])
    tries = _forget_failures(version, [read.response_id for read in reads])
    moment = now()
    rows = [
        {
            "response_id": read.response_id,
            "model_version_id": version.id,
            "state": read.state,
            "scores": b"x" * (tries.get(read.response_id, 0) + 1) if read.state == "failed" else read.scores,
            "created_at": moment,
        }
        for read in reads
    ]
    db.session.execute(insert(Base.metadata.tables["classification"]), rows)
    _store_reasons(version, {read.response_id: read for read in reads if read.found})


def _forget_failures(version: ModelVersion, ids: Sequence[int]) -> dict[int, int]:
    """Delete the rows of failed tries of these answers; gives how many tries each had."""
    failed = (
        Classification.model_version_id == version.id,
        Classification.response_id.between(min(ids), max(ids)),
        Classification.state == "failed",
    )
    rows = db.session.execute(select(Classification.response_id, Classification.scores).where(*failed))
    tries = {key: len(scores) for key, scores in rows if key in set(ids)}
    if tries:
        db.session.execute(delete(Classification).where(*failed, Classification.response_id.in_(tries)))
    return tries


def _store_readings(classifier: Classifier, reads: Sequence[Read]) -> None:
    """Put new readings in the place of those of another encoder or preprocessing, whose explanations go with them."""
    if not reads:
        return
    ids = [read.response_id for read in reads]
    replaced = list(db.session.scalars(select(Reading.response_id).where(Reading.response_id.in_(ids))))
    if replaced:
        db.session.execute(delete(Reading).where(Reading.response_id.in_(replaced)))
        forget_what_spoke(replaced)
    stored = [
        {
            "response_id": read.response_id,
            "encoder_id": classifier.encoder_id,
            "preprocessing": classifier.preprocessing,
            "language": read.language,
            "chance": chance(read.response_id),
            "unknown_words": read.reading.unknown_words,
            "content": read.reading.content,
            "terms": read.reading.terms,
        }
        for read in reads
        if read.reading
    ]
    db.session.execute(insert(Reading), stored)


def chance(response_id: int) -> float:
    """The permanent random number of an answer, in [0, 1): the same on every machine and every time it is read."""
    return int.from_bytes(blake2b(f"answer {response_id}".encode(), digest_size=6).digest()) / 2**48


def _store_reasons(version: ModelVersion, reads: dict[int, Read]) -> None:
    if not reads:
        return
    keys = select(Classification.response_id, Classification.id).where(
        Classification.model_version_id == version.id,
        Classification.response_id.between(min(reads), max(reads)),
    )
    reason_ids = {code: key for key, code in db.session.execute(select(Reason.id, Reason.code))}
    rows = [
        {
            "classification_id": key,
            "reason_id": reason_ids[found.code],
            "probability": found.probability,
            "spoke": found.spoke,
        }
        for response_id, key in db.session.execute(keys)
        if response_id in reads
        for found in reads[response_id].found
        if found.code in reason_ids
    ]
    if rows:
        db.session.execute(insert(Base.metadata.tables["classified_reason"]), rows)


def carry_over(old: ModelVersion, new: ModelVersion) -> None:
    """Give the answers of erased people, which no model can read again, the reasons they had. Flushes."""
    had = aliased(Classification)
    moment = literal(now(), Classification.created_at.type)
    db.session.execute(
        insert(Classification).from_select(
            ["response_id", "model_version_id", "state", "scores", "created_at"],
            select(
                had.response_id,
                literal(new.id),
                had.state,
                literal(b""),  # the new version has its reasons in an order of its own
                moment,
            )
            .join(Response, Response.id == had.response_id)
            .where(had.model_version_id == old.id, _erased(), _unread_by(new)),
        )
    )
    got = aliased(Classification)
    db.session.execute(
        insert(ClassifiedReason).from_select(
            ["classification_id", "reason_id", "probability", "spoke"],
            select(got.id, ClassifiedReason.reason_id, ClassifiedReason.probability, ClassifiedReason.spoke)
            .join(had, had.id == ClassifiedReason.classification_id)
            .join(got, (got.response_id == had.response_id) & (got.model_version_id == new.id))
            .join(Response, Response.id == had.response_id)
            .where(had.model_version_id == old.id, _erased(), ~_has_reasons(got)),
        )
    )


def _has_reasons(classification: Any) -> Any:
    inner = aliased(ClassifiedReason)
    return exists().where(inner.classification_id == classification.id)
