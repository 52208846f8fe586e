"""Work out how many leave, for all, each branch and each segment, and keep it until the next night."""

from functools import partial
from typing import Any

from survey.clock import today
from survey.database import committed, reading
from survey.extensions import db
from survey.jobs.models import Job
from survey.reports.rate import figures


def run(job: Job | None = None) -> dict[str, Any]:
    """Gives how many sets of figures were stored, and as of which day; each is stored as soon as it is known."""
    day = today()
    with reading():
        worked = list(figures.work_out(day))
        db.session.rollback()
    for each in worked:
        committed(db.session, partial(figures.keep, each))
    if worked:
        committed(db.session, partial(figures.forget_others, {each.scope for each in worked}))
    return {"figures": len(worked), **({"as_of": worked[0].as_of.isoformat()} if worked else {})}
