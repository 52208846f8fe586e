"""Forget what is not needed any more: raw words, counts of tries, uploaded files, finished jobs, old readings."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, select

from survey.accounts.models import Tries
from survey.clock import now
from survey.customers.uploads import delete_finished_uploads
from survey.extensions import db
from survey.jobs.models import Job
from survey.reasons import versions
from survey.responses.drafts import forget_drafts
from survey.responses.forgetting import forget_further_words, forget_words
from survey.web import settings

KEEP_TRIES = timedelta(days=1)
KEEP_JOBS = timedelta(days=90)
BATCH = 1000


def run(job: Job) -> dict[str, Any]:
    """Gives how many of each were forgotten. Every batch is a transaction of its own."""
    return {
        "words": _all(forget_words) + _all(forget_further_words),
        "drafts": _all(forget_drafts),
        "tries": _all(lambda: _delete_tries(now() - KEEP_TRIES)),
        "jobs": _all(lambda: _delete_jobs(now() - KEEP_JOBS)),
        "readings": _all(lambda: versions.forget_old_readings(BATCH)),
        "files": delete_finished_uploads(settings().instance),
    }


def _all(forget_batch: Callable[[], int]) -> int:
    total = 0
    while forgotten := forget_batch():
        db.session.commit()
        total += forgotten
    return total


def _delete_tries(before: datetime) -> int:
    keys = list(db.session.scalars(select(Tries.id).where(Tries.minute < before).limit(BATCH)))
    db.session.execute(delete(Tries).where(Tries.id.in_(keys)))
    return len(keys)


def _delete_jobs(before: datetime) -> int:
    """Jobs that ended, well or not, so long ago that nobody will look at them."""
    ended = select(Job.id).where(Job.state.in_(("done", "failed")), Job.ended_at < before).limit(BATCH)
    keys = list(db.session.scalars(ended))
    db.session.execute(delete(Job).where(Job.id.in_(keys)))
    return len(keys)
