"""Work out the reasons of one view that somebody asked for, and of the year up to its end where it says too little."""

from typing import Any

from survey.clock import today
from survey.database import reading
from survey.extensions import db
from survey.jobs.models import Job
from survey.jobs.tasks.shares import work_out_and_keep
from survey.reports import kept
from survey.reports.asked import lens_of
from survey.reports.estimates import count_departures, widened
from survey.reports.findings import stored


def run(job: Job) -> dict[str, Any]:
    """Gives how many views were worked out. Once more the same day does it anew, in the place of what stood."""
    lens, day = lens_of(job.arguments), today()
    with reading():
        counts = kept.counts()
        db.session.rollback()
    job.done, job.total = 0, 1
    db.session.commit()
    work_out_and_keep(lens, counts.mark(kept.whom_of(lens), lens.period))
    found, longer = stored(lens), widened(lens, day)
    if found and found.shares.says_little and longer != lens and count_departures(longer, 1):
        job.done, job.total = 1, 2
        db.session.commit()
        work_out_and_keep(longer, counts.mark(kept.whom_of(longer), longer.period))
    job.done = job.total
    db.session.commit()
    return {"views": job.total}
