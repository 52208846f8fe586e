"""Queue reminders for those who were asked and have not answered; the invite job sends them."""

from typing import Any

from survey.extensions import db
from survey.invitations.reminding import queue_reminders
from survey.jobs.models import Job


def run(job: Job) -> dict[str, Any]:
    """Gives how many reminders were queued, batch by batch."""
    queued = 0
    while batch := queue_reminders():
        queued += batch
        job.done = queued
        db.session.commit()
    return {"queued": queued}
