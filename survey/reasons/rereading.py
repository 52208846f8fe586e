"""Answers that an encoder has read before, as another version sees them: many thousand at once, in plain columns.

What is stored here is what `answers.store` stores. A million answers pass through, so no row becomes an object.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import exists, insert, select
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg
from sqlalchemy.engine import Connection

from survey.clock import now
from survey.database import Base
from survey.extensions import db
from survey.reasons.classifying import Reread
from survey.reasons.models import Classification, ModelVersion, Reading
from survey.reasons.shards import Shard
from survey.taxonomy.models import Reason

#: columns that are filled, with the names that PostgreSQL has for their types
CLASSIFICATION = {
    "response_id": "int4", "model_version_id": "int4", "state": "varchar", "scores": "bytea",
    "created_at": "timestamptz",
}  # fmt: skip
CLASSIFIED_REASON = {"classification_id": "int4", "reason_id": "int4", "probability": "float8", "spoke": "bytea"}

Row = tuple[Any, ...]


@dataclass(frozen=True)
class Batch:
    """Answers by id, with what an encoder made of each (`Reading.content`)."""

    response_ids: list[int]
    contents: list[bytes]


def next_batch(version: ModelVersion, shard: Shard, after: int, limit: int) -> Batch:
    """The next answers of a shard that this version has not tried and can score from what is stored.

    What an erased person had written is stored no more, so that is not among them.
    """
    first = max(after + 1, shard.first)
    tried = exists().where(
        Classification.model_version_id == version.id,
        Classification.response_id == Reading.response_id,
        # says no more, but keeps a planner without statistics from looking through all that was read before
        Classification.response_id.between(first, shard.last),
    )
    rows = db.session.execute(
        select(Reading.response_id, Reading.content)
        .where(
            Reading.response_id.between(first, shard.last),
            Reading.encoder_id == version.encoder_id,
            Reading.preprocessing == version.preprocessing,
            ~tried,
        )
        .order_by(Reading.response_id)
        .limit(limit)
    ).all()
    return Batch([key for key, _ in rows], [content for _, content in rows])


def store_batch(version: ModelVersion, batch: Batch, again: Reread) -> None:
    """Store a row for each answer, and one for each reason given. Flushes."""
    connection = db.session.connection()
    _insert(connection, "classification", CLASSIFICATION, _classifications(connection, version, batch, again))
    _insert(connection, "classified_reason", CLASSIFIED_REASON, _reasons(_keys(version, batch), again))


def _classifications(connection: Connection, version: ModelVersion, batch: Batch, again: Reread) -> list[Row]:
    number, moment = version.id, _as_stored(connection, now())
    answers = zip(batch.response_ids, again.states, again.scores, strict=True)
    return [(response_id, number, state, scores, moment) for response_id, state, scores in answers]


def _as_stored(connection: Connection, moment: datetime) -> Any:
    """A moment as the driver takes it."""
    dialect = connection.dialect
    process = Classification.created_at.type.dialect_impl(dialect).bind_processor(dialect)
    return process(moment) if process else moment


def _keys(version: ModelVersion, batch: Batch) -> list[int]:
    """The rows of these answers, in their order."""
    ids = batch.response_ids
    rows = db.session.execute(
        select(Classification.response_id, Classification.id).where(
            Classification.model_version_id == version.id, Classification.response_id.between(ids[0], ids[-1])
        )
    )
    keys: dict[int, int] = {response_id: key for response_id, key in rows}
    return [keys[response_id] for response_id in ids]


def _reasons(keys: Sequence[int], again: Reread) -> list[Row]:
    """A reason that is in no list any more is left out, as it always was."""
    reason_ids = {code: key for key, code in db.session.execute(select(Reason.id, Reason.code))}
    return [
        (keys[place], reason_ids[code], probability, spoke)
        for place, code, probability, spoke in again.found
        if code in reason_ids
    ]


def _insert(connection: Connection, table: str, columns: Mapping[str, str], rows: Sequence[Row]) -> None:
    """Plain tuples, past the conversion of each value; on PostgreSQL as COPY, which lets nothing else in meanwhile."""
    raw: Any = connection.connection.driver_connection
    if isinstance(connection.dialect, PGDialect_psycopg):
        with raw.cursor() as cursor, cursor.copy(_copy_into(table, columns)) as copy:
            copy.set_types(list(columns.values()))
            for row in rows:
                copy.write_row(row)
        return
    statement = insert(Base.metadata.tables[table]).compile(dialect=connection.dialect, column_keys=list(columns))
    if rows:
        connection.exec_driver_sql(str(statement), list(rows))


def _copy_into(table: str, columns: Mapping[str, str]) -> str:
    """The names are those above, and no more than names."""
    return f"COPY {table} ({', '.join(columns)}) FROM STDIN (FORMAT BINARY)"
