"""Reading the audit log: which entries, narrowed by who, what and when."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from sqlalchemy import Select, select

from survey.accounts.models import AuditEntry
from survey.extensions import db
from survey.web import settings


@dataclass(frozen=True)
class Filters:
    action: str = ""
    user_id: int | None = None
    since: date | None = None
    until: date | None = None

    @classmethod
    def read(cls, given: Mapping[str, str]) -> "Filters":
        """From an address; what cannot be read does not narrow."""
        user = given.get("user", "")
        return cls(
            action=given.get("action", "")[:50],
            user_id=int(user) if user.isascii() and user.isdigit() and len(user) < 10 else None,
            since=_day(given.get("since", "")),
            until=_day(given.get("until", "")),
        )


def entries(filters: Filters) -> Select[AuditEntry]:
    """The entries that these filters leave, newest first."""
    query = select(AuditEntry).order_by(AuditEntry.id.desc())
    if filters.action:
        query = query.where(AuditEntry.action == filters.action)
    if filters.user_id is not None:
        query = query.where(AuditEntry.user_id == filters.user_id)
    if filters.since:
        query = query.where(AuditEntry.at >= _midnight(filters.since))
    if filters.until:
        query = query.where(AuditEntry.at < _midnight(filters.until + timedelta(days=1)))
    return query


def actions() -> list[str]:
    """Every action that occurs in the log."""
    return list(db.session.scalars(select(AuditEntry.action).distinct().order_by(AuditEntry.action)))


def _day(text: str) -> date | None:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if 1970 <= day.year <= 9000 else None


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time.min, tzinfo=settings().zone).astimezone(UTC)
