"""Bring an uploaded file in: check every row, then publish."""

from functools import partial
from typing import Any

from survey.clock import today
from survey.customers.importing import Edge, run_import
from survey.customers.models import Import
from survey.customers.uploads import remove_upload
from survey.database import committed
from survey.extensions import db
from survey.jobs.models import Job
from survey.web import settings


def run(job: Job) -> dict[str, Any]:
    """Run the import that the job names, from wherever it was broken off."""
    import_id, job_id = int(job.arguments["import_id"]), job.id
    db.session.commit()
    instance = settings().instance

    def report(step: str, done: int, total: int) -> None:
        committed(db.session, partial(_count, job_id, done, total))

    state = run_import(import_id, Edge(partial(committed, db.session), instance, today(), report))
    row = db.session.get_one(Import, import_id)
    outcome = {"state": state, "new": row.new_rows, "changed": row.changed_rows, "bad": row.bad_rows}
    path = row.path
    db.session.commit()
    if state == "done":
        remove_upload(path, instance)
    return outcome


def _count(job_id: int, done: int, total: int) -> None:
    job = db.session.get_one(Job, job_id)
    job.done, job.total = done, total
