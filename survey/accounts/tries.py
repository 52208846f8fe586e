"""How often one source tried one thing: the rate limit that all processes share."""

import hashlib
from datetime import datetime, timedelta
from ipaddress import IPv6Address, ip_address

from sqlalchemy import delete, func, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from survey.accounts.models import Tries
from survey.clock import now
from survey.database import writing
from survey.extensions import db

KEPT = timedelta(days=1)


def count_try(action: str, source: str) -> int:
    """Count one try and return how many there were in this minute.

    It is stored in a short transaction of its own, so that it stays counted when the request is refused. What the
    transaction under way has not committed is rolled back first: SQLite lets one writer in at a time.
    """
    db.session.rollback()
    with writing(), Session(db.engine) as session, session.begin():
        count = _add_one(session, action, source[:100], _minute(now()))
        if count == 1:
            session.execute(delete(Tries).where(Tries.minute < now() - KEPT))
    return count


def too_many(action: str, source: str, limit: int, minutes: int = 1) -> bool:
    """Whether `limit` tries were counted in the minute under way and this many minutes before it."""
    since = _minute(now()) - timedelta(minutes=minutes)
    counted = select(func.coalesce(func.sum(Tries.count), 0)).where(
        Tries.action == action, Tries.source == source[:100], Tries.minute >= since
    )
    return int(db.session.scalars(counted).one()) >= limit


def network_of(address: str | None) -> str:
    """The source that an address counts for: IPv6 gives one customer 2^64 addresses, so they count as one."""
    try:
        parsed = ip_address(address or "")
    except ValueError:
        return "unknown"
    if isinstance(parsed, IPv6Address):
        return str(parsed.ipv4_mapped or f"{IPv6Address(int(parsed) >> 64 << 64)}/64")
    return str(parsed)


def account_key(email: str) -> str:
    """The source that stands for an account, whether it exists or not; the address cannot be read from it."""
    return f"account:{hashlib.sha256(email.strip().lower().encode()).hexdigest()[:32]}"


def _minute(moment: datetime) -> datetime:
    return moment.replace(second=0, microsecond=0)


def _add_one(session: Session, action: str, source: str, minute: datetime) -> int:
    values = {"action": action, "source": source, "minute": minute, "count": 1}
    changes = {"count": Tries.count + 1}
    key = ["action", "source", "minute"]
    if session.get_bind().dialect.name == "sqlite":
        lite = sqlite.insert(Tries).values(values).on_conflict_do_update(index_elements=key, set_=changes)
        return session.scalars(lite.returning(Tries.count)).one()
    full = postgresql.insert(Tries).values(values).on_conflict_do_update(index_elements=key, set_=changes)
    return session.scalars(full.returning(Tries.count)).one()
