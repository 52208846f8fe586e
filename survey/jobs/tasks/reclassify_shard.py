"""Read one piece of the answers with a version, then ask for the turn where that is wanted."""

from typing import Any

from survey.extensions import db
from survey.jobs.models import Job
from survey.jobs.queue import enqueue
from survey.jobs.tasks.reclassify import read_shard
from survey.reasons.models import ModelVersion
from survey.reasons.shards import Shard


def run(job: Job) -> dict[str, Any]:
    """Arguments: those of `reclassify`, and `number`, `first` and `last` of the piece. A killed run goes on."""
    given, key = job.arguments, job.key
    version = db.session.get_one(ModelVersion, given["version"])
    read = read_shard(version, Shard(given["number"], given["first"], given["last"]), job)
    if given["publish"]:
        enqueue("publish", f"publish:{key}", given)
    return {"read": read}
