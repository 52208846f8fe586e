"""Queue reminders for those who were asked and have not answered; the invite job sends them."""

from collections import Counter
from typing import Any

from survey.extensions import db
from survey.invitations.policy import contact_policy
from survey.invitations.reminding import queue_reminders
from survey.jobs.models import Job
from survey.responses.policy.gains import being_answered, stopped_rounds


def run(job: Job) -> dict[str, Any]:
    """Gives how many reminders were queued, batch by batch, and how many were not as their round brings too little."""
    stopped = stopped_rounds(contact_policy())
    done = Counter[str]()
    while batch := queue_reminders(being_answered(), stopped):
        done += batch
        job.done = done.total()
        db.session.commit()
    return {"queued": done["queued"]} | ({"stopped": done["stopped"]} if done["stopped"] else {})
