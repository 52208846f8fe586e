"""The doorbell: tells Celery's workers that a job waits. The message carries the job's id and nothing else."""

import time
from functools import cache
from typing import Any

import structlog
from celery import Celery

from survey.web import settings

RUN = "whyleft.run"
#: a broker that does not answer is left alone this long, so that requests do not wait for it
SILENCE_SECONDS = 30.0
CONNECT_SECONDS = 1.0

log = structlog.get_logger()
_silent_until = 0.0


def ring(job_ids: list[int]) -> None:
    """Send the ids. Never raises: a job whose bell was not heard is found by the sweep."""
    global _silent_until
    if time.monotonic() < _silent_until:
        return
    try:
        for job_id in job_ids:
            sender(settings().broker_url).send_task(RUN, args=[job_id], retry=False, ignore_result=True)
    except Exception as error:  # whatever the broker's client raises, the work it announces is stored
        _silent_until = time.monotonic() + SILENCE_SECONDS
        log.warning("doorbell not heard", jobs=len(job_ids), error=type(error).__name__)


@cache
def sender(broker_url: str) -> Any:
    """A Celery application that knows the broker and no tasks."""
    app = Celery("whyleft", set_as_current=False)
    app.conf.update(celery_settings(broker_url))
    return app


def celery_settings(broker_url: str) -> dict[str, Any]:
    """What senders and workers agree on."""
    options = (
        {"socket_connect_timeout": CONNECT_SECONDS, "socket_timeout": 10.0}
        if broker_url.startswith(("redis", "rediss"))
        else {}
    )
    return {
        "broker_url": broker_url,
        "broker_connection_timeout": CONNECT_SECONDS,
        "broker_transport_options": options,
        "task_serializer": "json",
        "accept_content": ["json"],
        "task_ignore_result": True,
        "worker_prefetch_multiplier": 1,
        "worker_hijack_root_logger": False,
        "worker_send_task_events": False,
        "enable_utc": True,
    }
