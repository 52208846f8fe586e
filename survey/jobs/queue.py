"""The queue: rows that say what has to be done. Every job is done at least once, by whoever claims it.

A claim holds for a lease. Whoever holds it renews it (a heartbeat while it thinks, and every transaction it
begins); when it dies, the lease runs out and the next one takes the job over. A worker that comes back to life
after that finds its lease lost at its next transaction and stops, so two workers never write for one job.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime, timedelta
from importlib import import_module
from typing import Any

from sqlalchemy import ColumnElement, DateTime, and_, event, func, literal, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Connection
from sqlalchemy.orm import Session

from survey.clock import now
from survey.database import committed, is_writing
from survey.extensions import db
from survey.jobs.models import Job
from survey.notices import N_, notify, settle
from survey.web import settings

LEASE = timedelta(minutes=2)
#: after so many attempts a job that fails is left for a person to look at
MAX_ATTEMPTS = 5
#: wait before the second attempt; doubled for each further one
BACK_OFF = timedelta(minutes=2)

FAILED = N_("The job “%(kind)s” failed %(attempts)s times and waits for you: %(error)s")
DIED = "the worker died or was stopped in the middle of it, each time"


class LeaseLost(Exception):
    """Another worker has taken this job over; what this one had not yet committed is not stored."""


@dataclass(frozen=True)
class Claim:
    """The right of one worker to run one job, once."""

    job_id: int
    kind: str
    key: str
    worker: str
    attempt: int


_held: ContextVar[Claim | None] = ContextVar("held", default=None)


def enqueue(kind: str, key: str, arguments: dict[str, Any] | None = None) -> Job:
    """Put a job in the queue, in the transaction of the change that asks for it.

    The same key twice is the same job, also when two processes ask at once. Flushes; the caller commits.
    """
    moment = now()
    values = {"key": key, "kind": kind, "arguments": arguments or {}, "created_at": moment, "due_at": moment}
    dialect: Any = postgresql if db.engine.dialect.name == "postgresql" else sqlite
    db.session.execute(dialect.insert(Job).values(values).on_conflict_do_nothing(index_elements=["key"]))
    job = db.session.scalars(select(Job).where(Job.key == key)).one()
    if settings().broker_url:
        db.session().info.setdefault("to_ring", []).append(job.id)
    return job


def claim(worker: str, job_id: int | None = None) -> Claim | None:
    """Take the job that has been due longest, or the one asked for; None where nothing may be taken now.

    Commits by itself.
    """
    while taken := committed(db.session, lambda: _take(worker, job_id)):
        if taken.attempt <= MAX_ATTEMPTS:
            return taken
        fail(taken, DIED)
    return None


def _take(worker: str, job_id: int | None) -> Claim | None:
    candidates = select(Job.id).where(claimable()).order_by(Job.due_at, Job.id).limit(1)
    if job_id is not None:
        candidates = candidates.where(Job.id == job_id)
    chosen = candidates.with_for_update(skip_locked=True).scalar_subquery()
    row = db.session.execute(
        update(Job)
        .where(Job.id == chosen, claimable())
        .values(state="running", worker=worker, lease_until=_lease_end(), attempts=Job.attempts + 1, ended_at=None)
        .returning(Job.id, Job.kind, Job.key, Job.attempts)
        .execution_options(synchronize_session=False)
    ).one_or_none()
    return Claim(row.id, row.kind, row.key, worker, row.attempts) if row else None


def claimable() -> ColumnElement[bool]:
    """Due and not claimed, or claimed by somebody whose lease has run out."""
    due = and_(Job.state == "queued", Job.due_at <= now())
    return or_(due, and_(Job.state == "running", Job.lease_until < _lease_clock()))


def _lease_clock() -> ColumnElement[datetime]:
    """The clock that leases go by: the server's, where workers on several hosts each have their own."""
    if db.engine.dialect.name == "postgresql":
        return func.clock_timestamp(type_=DateTime(timezone=True))
    return literal(now(), Job.lease_until.type)


def _lease_end() -> ColumnElement[datetime]:
    if db.engine.dialect.name == "postgresql":
        return _lease_clock() + literal(LEASE)
    return literal(now() + LEASE, Job.lease_until.type)


def _mine(held: Claim) -> ColumnElement[bool]:
    return and_(Job.id == held.job_id, Job.state == "running", Job.worker == held.worker, Job.attempts == held.attempt)


def _renew(connection: Session | Connection, held: Claim) -> None:
    changed: Any = connection.execute(
        update(Job).where(_mine(held)).values(lease_until=_lease_end()).execution_options(synchronize_session=False)
    )
    if changed.rowcount != 1:
        raise LeaseLost(held.key)


def keep_alive(held: Claim) -> None:
    """Renew the lease. Commits by itself; raises LeaseLost where another worker has the job now."""
    committed(db.session, lambda: _renew(db.session(), held))


@contextmanager
def holding(held: Claim) -> Iterator[None]:
    """Every writing transaction that begins inside first renews the lease, and raises LeaseLost where it is lost."""
    token = _held.set(held)
    try:
        yield
    finally:
        _held.reset(token)


@event.listens_for(db.session, "after_begin")
def _fence(session: Session, transaction: Any, connection: Connection) -> None:
    held = _held.get()
    if held and is_writing() and not transaction.nested:
        _renew(connection, held)


def finish(held: Claim, outcome: dict[str, Any]) -> None:
    """Commit what the task left uncommitted, then end the job with this outcome. Raises LeaseLost."""
    db.session.commit()

    def close() -> None:
        _end(held, state="done", outcome=outcome, error=None, ended_at=now())
        settle(f"job-failed:{held.kind}")

    committed(db.session, close)


def fail(held: Claim, error: str) -> bool:
    """The attempt failed: back in the queue for later, or, after MAX_ATTEMPTS, left with an alarm. True where left.

    Commits by itself; raises LeaseLost. `error` is shown to administrators and must hold no personal data.
    """
    left = held.attempt >= MAX_ATTEMPTS

    def close() -> None:
        if not left:
            _end(held, state="queued", error=error, due_at=now() + BACK_OFF * 2 ** (held.attempt - 1))
            return
        _end(held, state="failed", error=error, ended_at=now())
        values = {"kind": held.kind, "attempts": held.attempt, "error": error[:300]}
        notify(f"job-failed:{held.kind}", "alarm", FAILED, values, link="/jobs")

    committed(db.session, close)
    return left


def _end(held: Claim, **values: Any) -> None:
    changed: Any = db.session.execute(
        update(Job)
        .where(_mine(held))
        .values(worker=None, lease_until=None, **values)
        .execution_options(synchronize_session=False)
    )
    if changed.rowcount != 1:
        raise LeaseLost(held.key)


def try_again(job_id: int) -> bool:
    """Put a job that was left back in the queue, with all its attempts; False where it was not left."""
    changed: Any = db.session.execute(
        update(Job).where(Job.id == job_id, Job.state == "failed").values(state="queued", attempts=0, due_at=now())
    )
    return bool(changed.rowcount == 1)


def run_now(kind: str) -> Job:
    """Put a job of this kind in the queue for now; the one that is open already, where there is one."""
    standing = db.session.scalar(select(Job).where(Job.kind == kind, Job.state.in_(("queued", "running"))).limit(1))
    if standing is None:
        return enqueue(kind, f"{kind}:asked:{now():%Y-%m-%dT%H:%M:%S.%fZ}")
    if standing.state == "queued":
        standing.due_at = min(standing.due_at, now())
        db.session.flush()
    return standing


def open_jobs(kind: str | None = None) -> list[Job]:
    """Jobs that wait or run, the longest due first."""
    jobs = select(Job).where(Job.state.in_(("queued", "running"))).order_by(Job.due_at, Job.id)
    return list(db.session.scalars(jobs if kind is None else jobs.where(Job.kind == kind)))


def due_ids(limit: int) -> list[int]:
    """Jobs that somebody ought to claim now."""
    return list(db.session.scalars(select(Job.id).where(claimable()).order_by(Job.due_at, Job.id).limit(limit)))


def waiting_since() -> datetime | None:
    """Since when the job that has waited longest has been due; None where none waits."""
    return db.session.scalar(select(func.min(Job.due_at)).where(claimable()))


@event.listens_for(db.session, "after_commit")
def _ring(session: Session) -> None:
    """Tell the broker, once the row is there to be found. A job nobody hears of is found by the sweep."""
    if not session.in_nested_transaction() and (to_ring := session.info.pop("to_ring", None)):
        import_module("survey.jobs.doorbell").ring(to_ring)


@event.listens_for(db.session, "after_rollback")
def _stay_silent(session: Session) -> None:
    session.info.pop("to_ring", None)
