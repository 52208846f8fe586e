"""Forget what is not needed any more: what is kept for so many days by kind, and what only machines needed."""

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from sqlalchemy import delete, select

from survey.accounts.models import Tries
from survey.accounts.tries import KEPT as KEEP_TRIES
from survey.clock import now
from survey.customers.keeping import periods
from survey.customers.uploads import delete_finished_uploads
from survey.database import committed, reading
from survey.extensions import db
from survey.jobs.models import Job
from survey.mail import forget_older
from survey.reasons import versions
from survey.rights import announced, retention
from survey.rights.erasing import finish_erasures
from survey.turns import Turns
from survey.web import settings

KEEP_JOBS = timedelta(days=90)
BATCH = 1000


def run(job: Job) -> dict[str, Any]:
    """Gives how many of each were forgotten. Every batch is a transaction of its own."""
    committed(db.session, finish_erasures)
    _remember_returned()
    with reading():
        held = periods()
        db.session.rollback()
    forgotten = {kind: _all_of(kind, days) for kind, days in held.items()} | {
        "tries": _all(partial(_delete_tries, now() - KEEP_TRIES)),
        "jobs": _all(partial(_delete_jobs, now() - KEEP_JOBS)),
        "readings": _all(versions.forget_old_readings),
        "mail_copies": forget_older(now() - timedelta(days=held["mail_copies"])),
        "files": delete_finished_uploads(settings().instance),
    }
    _count_ahead()
    return forgotten


def _count_ahead() -> None:
    """Count what the next night takes away, for the page that says so."""
    with reading():
        counted = announced.count_ahead()
        db.session.rollback()
    committed(db.session, partial(announced.keep, counted))


def _remember_returned() -> None:
    """Who came back may be named again by the next file of customers."""
    with reading():
        back = retention.returned()
        db.session.rollback()
    for start in range(0, len(back), BATCH):
        committed(db.session, partial(retention.remember, back[start : start + BATCH]))


def _all_of(kind: str, days: int) -> int:
    """Everything of a kind that is over. Most nights there is little, and looking needs no turn to write."""
    total, turns = 0, Turns(partial(committed, db.session), BATCH)
    while _is_any_over(kind, days) and (forgotten := turns.take(partial(retention.forget_some, kind, days))):
        total += forgotten
    return total


def _is_any_over(kind: str, days: int) -> bool:
    with reading():
        found = retention.is_any_over(kind, days)
        db.session.rollback()
    return found


def _all(forget_batch: Callable[[int], int]) -> int:
    """Batch after batch, each told how many to take, until nothing is left."""
    total, turns = 0, Turns(partial(committed, db.session), BATCH)
    while forgotten := turns.take(forget_batch):
        total += forgotten
    return total


def _delete_tries(before: datetime, limit: int) -> int:
    keys = list(db.session.scalars(select(Tries.id).where(Tries.minute < before).limit(limit)))
    db.session.execute(delete(Tries).where(Tries.id.in_(keys)))
    return len(keys)


def _delete_jobs(before: datetime, limit: int) -> int:
    """Jobs that ended, well or not, so long ago that nobody will look at them."""
    ended = select(Job.id).where(Job.state.in_(("done", "failed")), Job.ended_at < before).limit(limit)
    keys = list(db.session.scalars(ended))
    db.session.execute(delete(Job).where(Job.id.in_(keys)))
    return len(keys)
