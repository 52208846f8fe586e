"""Send the invitations and reminders that are due."""

from typing import Any

from survey.extensions import db
from survey.invitations.outbox import send_due
from survey.jobs.models import Job
from survey.mail import open_mailer


def run(job: Job) -> dict[str, Any]:
    """Gives how many mails came to which state. A run that is killed is taken up by the next."""

    def told(done: int) -> None:
        job.done = done
        db.session.commit()

    with open_mailer() as mailer:
        return dict(send_due(mailer, told))
