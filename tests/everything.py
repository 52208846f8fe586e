"""A row in every table, however the tables grow: made from the columns themselves."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import Column, Table, insert, select
from sqlalchemy.types import TypeDecorator

from survey.extensions import db

VALUES: dict[type, Any] = {
    bool: False,
    int: 1,
    float: 1.0,
    str: "a",
    bytes: b"0123456789abcdef",
    Decimal: Decimal("1.00"),
    date: date(2026, 1, 1),
    datetime: datetime(2026, 1, 1, tzinfo=UTC),
    dict: {},
}

#: what a check constraint asks of a column
ASKED: dict[str, Any] = {
    "language": "nl", "kind": "lapse", "level": "info", "origin": "starter", "state": "open", "why": "opted_out",
    "daily_at": "05:00", "skipped_because": "", "channel": "mail", "cancelled_because": "", "outcome": "",
    "source": "case", "choice": "",
}  # fmt: skip
ASKED_OF: dict[str, dict[str, Any]] = {
    "job": {"state": "queued", "kind": "detect"},
    "schedule": {"kind": "other"},
    "import_file": {"state": "done", "kind": "customers"},
    "mailing": {"state": "queued"},
    "classification": {"state": "unsure"},
    "taxonomy_change": {"kind": "retire"},
    "promotion": {"why": "installed"},
    "review": {"state": "reviewed"},
    "review_item": {"stream": "audit"},
    "customer_state": {"state": "active"},
    "value_terms": {"discount": 0.1},
    "verdict": {"verdict": "worked"},
    "targeting_rule": {"channel": "nobody", "conditions": {}},
    "winback_case": {"opened_because": "asked"},
    "call_attempt": {"outcome": "busy"},
    "rights_request": {"kind": "export", "asked_by": "person"},
    "bounce": {"kind": "hard"},
}


def fill_every_table() -> None:
    """Put a row into every table that has none, parents first."""
    for table in db.metadata.sorted_tables:
        if not db.session.execute(select(table).limit(1)).first():
            db.session.execute(insert(table).values(row_for(table)))


def row_for(table: Table) -> dict[str, Any]:
    asked = ASKED | ASKED_OF.get(table.name, {})
    wanted = [c for c in table.columns if not c.nullable or c.name in asked]
    return {c.name: value_for(c, asked) for c in wanted if not (c.primary_key and c.autoincrement is True)}


def value_for(column: Column[Any], asked: dict[str, Any]) -> Any:
    if column.foreign_keys:
        target = next(iter(column.foreign_keys)).column
        return db.session.scalar(select(target).limit(1))
    kind = column.type.impl if isinstance(column.type, TypeDecorator) else column.type
    return asked.get(column.name, VALUES.get(kind.python_type))
