"""The schedule: which jobs fall due when, and the rows that say so.

A daily job is known by the organisation's date (`detect:2026-11-21`), so that it runs once on a day of 23 or 25
hours too. A job that runs every so many minutes is known by its moment in UTC (`invite:2026-11-21T09:20Z`), whose
minutes never repeat and never fail to come. Two schedulers ask for the same keys, and a key is one job.
"""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import select

from survey.clock import now
from survey.database import committed, reading
from survey.extensions import db
from survey.jobs.models import Job, Schedule
from survey.jobs.queue import enqueue
from survey.web import settings

CLOCK_TIME = re.compile(r"([01]\d|2[0-3]):[0-5]\d")
LONGEST_MINUTES = 24 * 60


@dataclass(frozen=True)
class Slot:
    """A time at which a job of this kind falls due."""

    kind: str
    key: str
    due_at: datetime


def slot_of(row: Schedule, moment: datetime, zone: ZoneInfo) -> Slot:
    """The last time at or before `moment` that this rule names; what was missed before it stays missed."""
    if row.every_minutes:
        step = row.every_minutes * 60
        start = datetime.fromtimestamp(moment.timestamp() // step * step, UTC)
        return Slot(row.kind, f"{row.kind}:{start:%Y-%m-%dT%H:%MZ}", start)
    today = moment.astimezone(zone).date()
    wanted = time.fromisoformat(row.daily_at or "")
    day = today if daily_moment(today, wanted, zone) <= moment else today - timedelta(days=1)
    return Slot(row.kind, f"{row.kind}:{day.isoformat()}", daily_moment(day, wanted, zone))


def daily_moment(day: date, wanted: time, zone: ZoneInfo) -> datetime:
    """When the wall clock of a day shows this time: the first time where it does so twice, and where the clock
    skips it, as much later as it skips."""
    return datetime.combine(day, wanted, zone).astimezone(UTC)


def missing_slots() -> list[Slot]:
    """Slots that have come and have no job yet; by the minute, a kind whose last job is open gets no second one."""
    rows = list(db.session.scalars(select(Schedule).where(Schedule.enabled).order_by(Schedule.kind)))
    slots = [slot_of(row, now(), settings().zone) for row in rows]
    known = set(db.session.scalars(select(Job.key).where(Job.key.in_([slot.key for slot in slots]))))
    busy = set(db.session.scalars(select(Job.kind).where(Job.state.in_(("queued", "running"))).distinct()))
    by_the_minute = {row.kind for row in rows if row.every_minutes}
    missing = [slot for slot in slots if slot.key not in known and slot.kind not in busy & by_the_minute]
    return sorted(missing, key=lambda slot: slot.due_at)


def tick() -> list[str]:
    """Put every job that has fallen due in the queue; gives the keys. Commits by itself; safe to run anywhere."""
    with reading():
        slots = missing_slots()
        db.session.rollback()
    if not slots:
        return []
    return committed(db.session, lambda: [enqueue(slot.kind, slot.key).key for slot in slots])


def schedule() -> list[Schedule]:
    """All rows, by kind."""
    return list(db.session.scalars(select(Schedule).order_by(Schedule.kind)))


def next_due(row: Schedule) -> datetime | None:
    """When this rule comes round again; None while it is switched off."""
    if not row.enabled:
        return None
    slot = slot_of(row, now(), settings().zone)
    if row.every_minutes:
        return slot.due_at + timedelta(minutes=row.every_minutes)
    today = date.fromisoformat(slot.key.rsplit(":", 1)[1])
    return daily_moment(today + timedelta(days=1), time.fromisoformat(row.daily_at or ""), settings().zone)


def change(row: Schedule, enabled: bool, daily_at: str | None, every_minutes: int | None) -> None:
    """Change when a kind of job runs. One of the two times is given. Flushes; raises ValueError."""
    if (daily_at is None) == (every_minutes is None):
        raise ValueError("a job runs daily or every so many minutes, not both")
    if daily_at is not None and not CLOCK_TIME.fullmatch(daily_at):
        raise ValueError("a time is written HH:MM")
    if every_minutes is not None and not 1 <= every_minutes <= LONGEST_MINUTES:
        raise ValueError("minutes lie between 1 and 1,440")
    row.enabled, row.daily_at, row.every_minutes = enabled, daily_at, every_minutes
    db.session.flush()
