"""Check every investment: can it pay back, is it aimed at a cause, did it work."""

from typing import Any

from survey.clock import today
from survey.database import reading
from survey.extensions import db
from survey.investments import checking
from survey.jobs.models import Job


def run(job: Job | None = None) -> dict[str, Any]:
    """Gives how many were checked, and how many verdicts differ from the last. The same again changes nothing."""
    with reading():
        found = checking.work_out(today())
        db.session.rollback()
    if found is None:
        return {"measured": 0}
    new = checking.keep(found)
    db.session.commit()
    return {"measured": len(found.checked), "new": new}
