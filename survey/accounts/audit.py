"""The audit log: sign-ins, exports, views of identified people, changes of settings."""

import hashlib
import json
from collections.abc import Collection
from typing import Any

from sqlalchemy import delete, select, text
from sqlalchemy.orm import Session

from survey.accounts.models import AuditEntry
from survey.clock import now
from survey.database import is_writing, writing
from survey.extensions import db

#: what the first entry takes for the hash of the one before
BEGINNING = "0" * 64
_LOCK = 0x57484C  # PostgreSQL advisory lock of the chain: one entry is added at a time


def record(
    action: str,
    user_id: int | None,
    *,
    about: tuple[str, object] = ("", ""),
    details: dict[str, Any] | None = None,
) -> None:
    """Add an entry: in the transaction under way where that one writes, else in a short one of its own.

    `about` is the kind and the id of what was seen or changed. Never put personal data in `details`.
    """
    if is_writing():
        _add(db.session(), action, user_id, about, details or {})
        return
    with writing(), Session(db.engine) as session:
        _add(session, action, user_id, about, details or {})
        session.commit()


def _add(
    session: Session, action: str, user_id: int | None, about: tuple[str, object], details: dict[str, Any]
) -> None:
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
    previous = session.scalar(select(AuditEntry.hash).order_by(AuditEntry.id.desc()).limit(1)) or BEGINNING
    entry = AuditEntry(
        at=now(),
        user_id=user_id,
        action=action,
        object_kind=about[0],
        object_id=str(about[1]),
        details=details,
        previous_hash=previous,
    )
    entry.hash = entry_hash(entry)
    session.add(entry)
    session.flush()


def shorten(entry_ids: Collection[int]) -> None:
    """Delete the oldest entries, which these must be, and say so in an entry that names the hash of the last of them:
    what is left follows from that. Flushes."""
    last = db.session.get_one(AuditEntry, max(entry_ids))
    record("audit log shortened", None, details={"rows": len(entry_ids), "hash": last.hash})
    db.session.expunge(last)
    db.session.execute(
        delete(AuditEntry).where(AuditEntry.id <= last.id), execution_options={"synchronize_session": False}
    )


def entry_hash(entry: AuditEntry) -> str:
    """SHA-256 over the entry and the hash of the one before it."""
    content = [
        entry.previous_hash,
        entry.at.isoformat(),
        entry.user_id,
        entry.action,
        entry.object_kind,
        entry.object_id,
        entry.details,
    ]
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def broken_entry(session: Session) -> int | None:
    """The id of the first entry that does not follow from the one before it; None where the chain holds.

    The first of all follows from nothing, or from the last one of those that a later entry says were deleted.
    """
    previous = _where_it_begins(session)
    for entry in session.scalars(select(AuditEntry).order_by(AuditEntry.id)).yield_per(1000):
        if entry.previous_hash != previous or entry.hash != entry_hash(entry):
            return entry.id
        previous = entry.hash
    return None


def _where_it_begins(session: Session) -> str:
    shortened = select(AuditEntry).where(AuditEntry.action == "audit log shortened").order_by(AuditEntry.id.desc())
    entry = session.scalar(shortened.limit(1))
    return str(entry.details["hash"]) if entry else BEGINNING
