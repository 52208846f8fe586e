"""Celery's side of the queue: `celery -A survey.jobs.celery worker` and `... beat`, on any number of hosts.

The rows stay the queue. A message carries a job's id; the task claims that row and runs it as `work` does. Every
sweep keeps the schedule and rings again for what nobody took: a message that was lost, a worker that died.
"""

import os
from functools import cache
from typing import Any

import structlog
from celery import Celery
from flask import Flask

from survey import create_app
from survey.config import SettingsError, load_config
from survey.database import reading
from survey.extensions import db
from survey.jobs import doorbell, queue, schedule
from survey.jobs.running import run_next, worker_name

SWEEP = "whyleft.sweep"
SWEEP_SECONDS = 20.0

log = structlog.get_logger()


def __getattr__(name: str) -> Any:
    """`app` is made when Celery asks for it, so that importing this module does nothing."""
    if name == "app":
        return make_celery()
    raise AttributeError(name)


@cache
def make_celery() -> Celery:
    """The worker's application, from the same settings as the site. Raises SettingsError."""
    settings = load_config(os.environ)
    if not settings.broker_url:
        raise SettingsError("WHYLEFT_BROKER_URL is not set. Without a broker, run `flask --app wsgi work` instead.")
    app = Celery("whyleft")
    app.conf.update(doorbell.celery_settings(settings.broker_url))
    app.conf.update(
        # no message expires: the clocks of two hosts may be apart
        beat_schedule={"sweep": {"task": SWEEP, "schedule": SWEEP_SECONDS}},
        beat_schedule_filename=str(settings.instance / "celerybeat"),
    )
    app.task(name=doorbell.RUN)(run)
    app.task(name=SWEEP)(sweep)
    return app


def run(job_id: int) -> None:
    """Claim this job and run it; nothing where somebody else has it or it is not due."""
    with site().app_context():
        ended = run_next(worker_name(), job_id)
    if ended:
        log.info("job ended", key=ended.key, state=ended.state, seconds=round(ended.seconds, 3))


def sweep() -> None:
    """Put what has fallen due in the queue, and ring for every job that nobody has taken."""
    with site().app_context():
        schedule.tick()
        with reading():
            waiting = queue.due_ids(limit=100)
            db.session.rollback()
        doorbell.ring(waiting)


def site() -> Flask:
    """The application of this process: a worker's children each have their own connections."""
    return _site_of(os.getpid())


@cache
def _site_of(pid: int) -> Flask:
    return create_app()
