"""What the page of jobs shows: what waits and runs, what was left, what was done, and when the rest comes."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select

from survey.clock import now
from survey.extensions import db
from survey.jobs import queue, schedule
from survey.jobs.models import Job, Schedule

#: a job that nobody took for so long says that no worker runs
LATE = timedelta(minutes=10)
SHOWN = 25


@dataclass(frozen=True)
class Rule:
    """A row of the schedule, when it comes round, and what came of it last."""

    row: Schedule
    next_due: datetime | None
    last: Job | None


@dataclass(frozen=True)
class Overview:
    open: list[Job]
    failed: list[Job]
    done: list[Job]
    rules: list[Rule]
    #: since when a job has waited too long; None where the queue is kept
    late_since: datetime | None


def overview() -> Overview:
    """Everything the page shows, in six queries."""
    last = last_done()
    return Overview(
        open=queue.open_jobs(),
        failed=_ended("failed"),
        done=_ended("done"),
        rules=[Rule(row, schedule.next_due(row), last.get(row.kind)) for row in schedule.schedule()],
        late_since=late_since(),
    )


def late_since() -> datetime | None:
    """Since when the longest waiting job has been due, where that is longer than a working queue lets one wait."""
    since = queue.waiting_since()
    return since if since and since < now() - LATE else None


def last_done() -> dict[str, Job]:
    """The last job of each kind that was done."""
    newest = select(func.max(Job.id)).where(Job.state == "done").group_by(Job.kind)
    return {job.kind: job for job in db.session.scalars(select(Job).where(Job.id.in_(newest)))}


def _ended(state: str) -> list[Job]:
    rows = select(Job).where(Job.state == state).order_by(Job.ended_at.desc(), Job.id.desc()).limit(SHOWN)
    return list(db.session.scalars(rows))
