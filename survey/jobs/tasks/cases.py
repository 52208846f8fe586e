"""Open the cases that are missing, and tell who takes care of one that it is late."""

from functools import partial
from typing import Any

from survey.clock import today
from survey.database import committed
from survey.extensions import db
from survey.jobs.models import Job
from survey.winback.late import tell_of_late
from survey.winback.opening import open_cases


def run(job: Job | None = None) -> dict[str, Any]:
    """Gives how many cases were opened and how many are late. A run that is killed is taken up by the next."""
    opened = 0
    while count := committed(db.session, partial(open_cases, today())):
        opened += count
    late = committed(db.session, partial(tell_of_late, today()))
    return {"opened": opened, "late": late}
