"""Answers that wait to be read, and what is stored of what was read in them."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import delete, exists, func, insert, literal, select, update
from sqlalchemy.orm import aliased

from survey.clock import now
from survey.customers.models import Customer, Employee
from survey.extensions import db
from survey.invitations.models import Invitation
from survey.reasons import classifying
from survey.reasons.classifying import Answer, Classifier, Read
from survey.reasons.models import Classification, ClassifiedReason, ModelVersion, Reading
from survey.responses.models import Response
from survey.taxonomy.models import Reason

BATCH = 200


def _unread_by(version: ModelVersion) -> Any:
    return ~exists().where(Classification.response_id == Response.id, Classification.model_version_id == version.id)


def count_waiting(version: ModelVersion) -> int:
    """How many answers this version could read and has not read yet."""
    return db.session.scalar(select(func.count(Response.id)).where(_unread_by(version), ~_erased())) or 0


def mask_batch(after: int) -> int | None:
    """Store the masked words of the next answers that have none; the last id looked at, None at the end. Flushes."""
    rows = db.session.execute(
        select(Response.id, Response.words, Customer.name)
        .join(Invitation, Invitation.id == Response.invitation_id)
        .join(Customer, Customer.id == Invitation.customer_id)
        .where(Response.id > after, Response.words.is_not(None), Response.masked_words.is_(None))
        .order_by(Response.id)
        .limit(BATCH)
    ).all()
    staff = _first_names_of_staff() if rows else ()
    masked = [
        {"id": row.id, "masked_words": classifying.mask(row.words, (*filter(None, [row.name]), *staff))} for row in rows
    ]
    if masked:
        db.session.execute(update(Response), masked)
    return rows[-1].id if rows else None


def _first_names_of_staff() -> tuple[str, ...]:
    """How customers call the people they met; surnames are too often words of the language."""
    return tuple({name.split()[0] for name in db.session.scalars(select(Employee.name)) if name.split()})


def waiting(version: ModelVersion, after: int) -> list[Answer]:
    """The next answers this version has not read, by id. Those without words come with empty words."""
    rows = db.session.execute(
        select(Response.id, Response.masked_words, Response.language, Reading.content)
        .outerjoin(Reading, Reading.response_id == Response.id)
        .where(Response.id > after, _unread_by(version), ~_erased(), ~_unmasked())
        .order_by(Response.id)
        .limit(BATCH)
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
    moment = now()
    ids = [read.response_id for read in reads]
    db.session.execute(delete(Reading).where(Reading.response_id.in_(ids)))
    stored = [
        {
            "response_id": read.response_id,
            "encoder_id": classifier.encoder_id,
            "language": read.language,
            "content": read.reading,
        }
        for read in reads
        if read.reading is not None
    ]
    if stored:
        db.session.execute(insert(Reading), stored)
    rows = [
        {
            "response_id": read.response_id,
            "model_version_id": version.id,
            "state": read.state,
            "probabilities": read.probabilities,
            "created_at": moment,
        }
        for read in reads
    ]
    keys = db.session.scalars(insert(Classification).returning(Classification.id, sort_by_parameter_order=True), rows)
    _store_reasons(dict(zip(keys, reads, strict=True)))


def _store_reasons(reads: dict[int, Read]) -> None:
    reason_ids = {code: key for key, code in db.session.execute(select(Reason.id, Reason.code))}
    rows = [
        {
            "classification_id": key,
            "reason_id": reason_ids[found.code],
            "probability": found.probability,
            "spoke": [list(part) for part in found.spoke],
        }
        for key, read in reads.items()
        for found in read.found
        if found.code in reason_ids
    ]
    if rows:
        db.session.execute(insert(ClassifiedReason), rows)


def carry_over(old: ModelVersion, new: ModelVersion) -> None:
    """Give the answers of erased people, which no model can read again, the reasons they had. Flushes."""
    had = aliased(Classification)
    moment = literal(now(), Classification.created_at.type)
    db.session.execute(
        insert(Classification).from_select(
            ["response_id", "model_version_id", "state", "probabilities", "created_at"],
            select(
                had.response_id,
                literal(new.id),
                had.state,
                had.probabilities,
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


def changed_reasons(old: ModelVersion, new: ModelVersion) -> list[tuple[str, int, int]]:
    """Per reason: its code, and how many answers have it by the old version and by the new one."""
    before, after = _given_by(old), _given_by(new)
    codes = db.session.scalars(select(Reason.code).order_by(Reason.position))
    return [(code, before.get(code, 0), after.get(code, 0)) for code in codes]


def _given_by(version: ModelVersion) -> dict[str, int]:
    rows = db.session.execute(
        select(Reason.code, func.count())
        .join(ClassifiedReason, ClassifiedReason.reason_id == Reason.id)
        .join(Classification, Classification.id == ClassifiedReason.classification_id)
        .where(Classification.model_version_id == version.id)
        .group_by(Reason.code)
    )
    return {code: count for code, count in rows}
