"""The queue: rows that say what has to be done. Every job is done at least once, by whoever claims it."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from sqlalchemy import select

from survey.clock import now
from survey.extensions import db
from survey.jobs.models import Job

LEASE = timedelta(minutes=5)
#: after so many attempts a job that fails is left for a person to look at
MAX_ATTEMPTS = 5
BACK_OFF = timedelta(minutes=2)

#: called with the id of every job that was put in the queue, after the commit
Doorbell = Callable[[int], None]


def enqueue(kind: str, key: str, arguments: dict[str, Any] | None = None) -> Job:
    """Put a job in the queue, in the transaction of the change that asks for it.

    The same key twice is the same job. Flushes; the caller commits.
    """
    standing = db.session.scalar(select(Job).where(Job.key == key))
    if standing:
        return standing
    moment = now()
    job = Job(key=key, kind=kind, arguments=arguments or {}, created_at=moment, due_at=moment)
    db.session.add(job)
    db.session.flush()
    return job
