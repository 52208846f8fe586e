"""Send the invitations and reminders that are due."""

from typing import Any

from survey.extensions import db
from survey.invitations.sending import send_all
from survey.jobs.models import Job


def run(job: Job) -> dict[str, Any]:
    """Gives how many mails came to which state. A run that is killed is taken up by the next."""

    def told(done: int) -> None:
        job.done = done
        db.session.commit()

    return dict(send_all(told))
