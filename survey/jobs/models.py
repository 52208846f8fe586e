"""Jobs and their schedule: the rows are the queue."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, CheckConstraint, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from survey.database import Base, UtcDateTime

STATES = ("queued", "running", "done", "failed")


class Job(Base):
    """One piece of work, done at least once. Its key says what it is, such as `detect:2026-11-21`."""

    __tablename__ = "job"

    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(String(200), unique=True)
    #: name of the module in survey/jobs/tasks
    kind: Mapped[str] = mapped_column(String(50))
    arguments: Mapped[dict[str, Any]] = mapped_column(JSON)
    state: Mapped[str] = mapped_column(String(20), default="queued")
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    due_at: Mapped[datetime] = mapped_column(UtcDateTime)
    #: while running: whoever claimed it, and until when nobody else may
    worker: Mapped[str | None] = mapped_column(String(100))
    lease_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    attempts: Mapped[int] = mapped_column(default=0)
    done: Mapped[int] = mapped_column(default=0)
    total: Mapped[int] = mapped_column(default=0)
    #: what came of it, in words or figures a person can read
    outcome: Mapped[dict[str, Any] | None] = mapped_column(JSON)
    error: Mapped[str | None] = mapped_column(Text)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    __table_args__ = (
        CheckConstraint(f"state IN {STATES}", name="known_state"),
        CheckConstraint("state != 'running' OR lease_until IS NOT NULL", name="running_has_lease"),
        Index(None, "state", "due_at"),
    )


class Schedule(Base):
    """When a kind of job falls due; an administrator may change it."""

    __tablename__ = "schedule"

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(50), unique=True)
    #: every so many minutes, or else daily at this local wall-clock time HH:MM
    every_minutes: Mapped[int | None]
    daily_at: Mapped[str | None] = mapped_column(String(5))
    enabled: Mapped[bool] = mapped_column(default=True)

    __table_args__ = (
        CheckConstraint("(every_minutes IS NULL) != (daily_at IS NULL)", name="one_rule"),
        CheckConstraint("every_minutes IS NULL OR every_minutes >= 1", name="positive_minutes"),
    )
