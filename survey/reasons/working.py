"""Work on the model that is under way, and asking for more of it, so that asking twice is asking once."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select

from survey.clock import now
from survey.extensions import db
from survey.jobs.models import Job
from survey.jobs.queue import enqueue
from survey.reasons import versions
from survey.reasons.models import ModelVersion, Review, ServingModel
from survey.responses.models import Response

READING = ("reclassify", "reclassify_shard", "publish")
KINDS = ("train", *READING)


@dataclass(frozen=True)
class Work:
    """A model that is being taught (`version` None), or one that reads all answers, how many of how many."""

    version: int | None
    done: int = 0
    total: int = 0
    #: whether the pages turn to it afterwards
    publish: bool = False


def under_way() -> list[Work]:
    """What is under way, teaching first, then by version."""
    jobs = open_jobs()
    teaching = [Work(None)] if any(job.kind == "train" for job in jobs) else []
    reading = [job for job in jobs if job.kind in READING and job.arguments.get("version")]
    numbers = sorted({job.arguments["version"] for job in reading})
    total = (db.session.scalar(select(func.count()).select_from(Response)) or 0) if numbers else 0
    known = {number: db.session.get(ModelVersion, number) for number in numbers}
    publishing = {job.arguments["version"] for job in reading if job.arguments.get("publish")}
    return teaching + [
        Work(number, versions.count_read(version), total, number in publishing)
        for number, version in known.items()
        if version
    ]


def open_jobs() -> list[Job]:
    query = select(Job).where(Job.kind.in_(KINDS), Job.state.in_(("queued", "running"))).order_by(Job.id)
    return list(db.session.scalars(query))


def was_left() -> bool:
    """Whether a job about the model was given up after several attempts."""
    query = select(Job.id).where(Job.kind.in_(KINDS), Job.state == "failed").limit(1)
    return db.session.scalar(query) is not None


def ask_to_teach(user_id: int) -> bool:
    """Ask for a new model; False where one is being taught already. Flushes."""
    if any(job.kind == "train" for job in open_jobs()):
        return False
    enqueue("train", f"train:asked:{now():%Y-%m-%dT%H:%M:%S.%fZ}", {"user_id": user_id, "publish": False})
    return True


def ask_to_read(version: ModelVersion, user_id: int, publish: str = "") -> bool:
    """Ask that a version reads all answers; False where that is under way. Flushes.

    `publish`: why the pages turn to it afterwards, "promoted" or "rolled_back"; without it they do not.
    """
    for job in open_jobs():
        given = job.arguments
        if job.kind in READING and given.get("version") == version.id and (given.get("publish") or not publish):
            return False
    arguments: dict[str, Any] = {"version": version.id, "publish": bool(publish), "user_id": user_id}
    if publish:
        arguments["why"] = publish
    enqueue("reclassify", _key(f"reclassify:{version.id}:{publish or 'tried'}:"), arguments)
    return True


def _key(prefix: str) -> str:
    """Two who ask at once find the same number here, and so ask for the same job."""
    before = select(func.max(Job.id)).where(
        Job.key.startswith(prefix, autoescape=True), Job.state.in_(("done", "failed"))
    )
    return f"{prefix}{db.session.scalar(before) or 0}"


def count_new_reviews() -> int:
    """Reviews since the newest model was taught, or since there has been a model at all."""
    newest = db.session.scalar(select(func.max(ModelVersion.created_at)).where(ModelVersion.origin == "trained"))
    query = select(func.count()).select_from(Review).where(Review.state == "reviewed")
    return db.session.scalar(query.where(Review.created_at > newest) if newest else query) or 0


def serves_since() -> datetime | None:
    return db.session.scalar(select(ServingModel.since))
