"""What a load balancer or a monitor asks: is the process there, and may it be sent people."""

from collections.abc import Callable

import structlog
from flask import Blueprint, jsonify
from flask.typing import ResponseReturnValue

from survey.checks import database, machine, work
from survey.database import reading
from survey.extensions import db

blueprint = Blueprint("health", __name__)

#: without these no answer can be taken
NEEDED: dict[str, Callable[[], str]] = {
    "database": database.write_probe,
    "migrations": lambda: database.migrations_check().level,
    "disk": lambda: machine.disk_check().level,
}
#: without these answers are taken and kept, but not worked on: told, and no reason to turn people away
TOLD: dict[str, Callable[[], str]] = {
    "queue": lambda: work.queue_check().level,
    "model": lambda: work.model_check().level,
}

log = structlog.get_logger()


@blueprint.get("/healthz")
def healthz() -> ResponseReturnValue:
    """The process answers. Asks the database nothing."""
    return jsonify(status="ok")


@blueprint.get("/readyz")
def readyz() -> ResponseReturnValue:
    """200 `ready`, 200 `degraded` (answers are kept, jobs or model need a look), or 503 `not ready`."""
    with reading():
        needed = {name: _level(name, check) for name, check in NEEDED.items()}
        told = {name: _level(name, check) for name, check in TOLD.items()}
    if "fail" in needed.values():
        return jsonify(status="not ready", checks=needed | told), 503
    return jsonify(status="degraded" if "fail" in told.values() else "ready", checks=needed | told)


def _level(name: str, check: Callable[[], str]) -> str:
    try:
        return check()
    except Exception as error:  # anything that stands in the way is an answer
        log.warning("not ready", check=name, error=type(error).__name__)
        return "fail"
    finally:
        db.session.rollback()
