"""Watch whether the answers that come in are still like those that the serving model was checked on."""

from typing import Any

from survey.database import reading
from survey.extensions import db
from survey.jobs.models import Job
from survey.jobs.queue import run_now
from survey.reasons import watching


def run(job: Job | None = None) -> dict[str, Any]:
    """Gives how many measures have a band, and how many have left it. The same day again measures it anew."""
    with reading():
        found = watching.watch()
        db.session.rollback()
    watching.keep(found)
    run_now("shares")  # every night, because labels and periods change without a new answer
    db.session.commit()
    return {"measured": len(found), "outside": sum(each.is_outside for each in found)}
