"""Turn the pages to a version, once every answer has been read by it."""

from typing import Any

from survey.extensions import db
from survey.jobs.models import Job
from survey.jobs.tasks.classify import mask_all, read_all
from survey.jobs.tasks.reclassify import turn
from survey.reasons.answers import count_waiting
from survey.reasons.models import ModelVersion

#: so few came in since the shards were cut that this job reads them itself; more are in shards still under way
FEW = 2_000


def run(job: Job) -> dict[str, Any]:
    """Arguments: those of `reclassify`. Does nothing while shards are under way; the last of them asks again."""
    given = job.arguments
    version = db.session.get_one(ModelVersion, given["version"])
    while not turn(version, given.get("why", "installed"), given.get("user_id")):
        if (left := count_waiting(version)) > FEW:
            return {"left": left}
        mask_all()
        read_all(version, job)
    return {"serving": version.id}
