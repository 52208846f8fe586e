"""Tell people what changed: who of the most valuable began to drift, and whose rate of leaving left its band."""

from typing import Any

from survey.clock import today
from survey.database import committed, reading
from survey.defections import alerts as drift
from survey.extensions import db
from survey.jobs.models import Job
from survey.reports.rate import alerts as rate


def run(job: Job | None = None) -> dict[str, Any]:
    """Gives how many branches have valuable customers who began to drift this week, and how many rates are outside
    their band. The same day again says it anew. While purchases are missing, what was said of drifting stands."""
    with reading():
        drifts = drift.began_to_drift(today())
        outside = rate.outside(today())
        db.session.rollback()

    def tell() -> None:
        if drifts is not None:
            drift.tell(drifts)
        rate.tell(outside)

    committed(db.session, tell)
    return {"drifting": len(drifts or ()), "outside": len(outside)}
