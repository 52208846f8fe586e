"""Running one job: the same for the `work` command and for Celery's workers."""

import os
import re
import socket
import threading
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any

import structlog
from flask import Flask, current_app
from sqlalchemy.exc import DBAPIError

from survey.database import writing
from survey.extensions import db
from survey.jobs import queue
from survey.jobs.models import Job
from survey.jobs.queue import Claim, LeaseLost
from survey.write_gate import GateTimeout

#: a lease is renewed this often while a job thinks
BEAT_SECONDS = queue.LEASE.total_seconds() / 4
LONGEST_ERROR = 500

log = structlog.get_logger()


class UnknownKind(Exception):
    """There is no task of this name."""


@dataclass(frozen=True)
class Ended:
    """What came of one attempt: `done`, `failed` (left for a person), `later` (tried again) or `lost`."""

    key: str
    state: str
    seconds: float
    outcome: dict[str, Any] = field(default_factory=dict)
    error: str = ""

    @property
    def line(self) -> str:
        """One line for a person who watches."""
        figures = ", ".join(f"{name} {value}" for name, value in self.outcome.items())
        told = self.error or figures
        return f"{self.key} {self.state} in {self.seconds:.1f} s{': ' if told else ''}{told}"


def worker_name() -> str:
    return f"{socket.gethostname()}:{os.getpid()}"[-100:]


def run_next(worker: str, job_id: int | None = None) -> Ended | None:
    """Claim and run one job that is due (or the one asked for, where it is due); None where there is none.

    Runs in an application context of its own. The caller holds no open transaction: on SQLite it would wait for itself.
    """
    with current_app.app_context(), writing():
        held = queue.claim(worker, job_id)
        return run(held) if held else None


def run(held: Claim) -> Ended:
    """Run a claimed job to its end and say what came of it. Whatever the task raises is recorded, never raised."""
    begun = time.monotonic()
    try:
        with heartbeat(held), queue.holding(held):
            outcome = task_of(held.kind)(db.session.get_one(Job, held.job_id)) or {}
            queue.finish(held, outcome)
        ended = Ended(held.key, "done", time.monotonic() - begun, outcome)
    except LeaseLost:
        db.session.rollback()
        ended = Ended(held.key, "lost", time.monotonic() - begun, error="another worker has taken it over")
    except (Exception, SystemExit) as error:
        db.session.rollback()
        ended = _failed(held, error, time.monotonic() - begun)
    return ended


def _failed(held: Claim, error: BaseException, seconds: float) -> Ended:
    told = describe(error)
    log.error("job failed", key=held.key, error=told, trace=trace_of(error))
    try:
        state = "failed" if queue.fail(held, told) else "later"
    except (LeaseLost, DBAPIError, GateTimeout):
        # it cannot be written down now; the lease runs out and the job is tried again
        db.session.rollback()
        state = "lost"
    return Ended(held.key, state, seconds, error=told)


def task_of(kind: str) -> Any:
    """The function that does a kind of job. Raises UnknownKind."""
    name = f"survey.jobs.tasks.{kind}"
    unknown = UnknownKind(f"there is no job called {kind!r}")
    if not kind.isidentifier():
        raise unknown
    try:
        return import_module(name).run
    except ModuleNotFoundError as error:
        if error.name != name:
            raise
        raise unknown from None


def describe(error: BaseException) -> str:
    """What went wrong and where, without addresses and without the values that a statement carried."""
    message = str(error.orig if isinstance(error, DBAPIError) else error).partition("\nDETAIL:")[0]
    message = re.sub(r"\S+@\S+", "(address)", " ".join(message.split()))[:LONGEST_ERROR]
    where = [frame for frame in traceback.extract_tb(error.__traceback__) if "site-packages" not in frame.filename]
    place = f" ({os.path.basename(where[-1].filename)}, line {where[-1].lineno})" if where else ""
    return f"{type(error).__name__}: {message}{place}"


def trace_of(error: BaseException) -> list[str]:
    """The way to the error, without the values on it."""
    frames = traceback.extract_tb(error.__traceback__)
    return [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames]


@contextmanager
def heartbeat(held: Claim) -> Iterator[None]:
    """Renew the lease from a thread beside, however long the task thinks."""
    stop = threading.Event()
    app = current_app._get_current_object()  # type: ignore[attr-defined]  # a thread needs the application, not its proxy
    thread = threading.Thread(target=_beat, args=(app, held, stop), name=f"lease of {held.key}", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def _beat(app: Flask, held: Claim, stop: threading.Event) -> None:
    while not stop.wait(BEAT_SECONDS):
        try:
            with app.app_context():
                queue.keep_alive(held)
        except LeaseLost:
            return  # the task finds out at its next transaction
        except (DBAPIError, GateTimeout) as error:
            log.warning("lease not renewed", key=held.key, error=type(error).__name__)
