"""Choose answers for people to read: the audit sample, and those from which there is most to learn."""

from typing import Any

from survey.database import reading
from survey.extensions import db
from survey.jobs.models import Job
from survey.reasons import sampling, versions


def run(job: Job | None = None) -> dict[str, Any]:
    """Draw into both streams, and ask for more readers. Twice draws nothing twice."""
    audit = sampling.draw_audit()
    sampling.want_more_readers()
    db.session.commit()
    return {"drawn_at_random": audit, "drawn_as_useful": _draw_useful()}


def _draw_useful() -> int:
    with reading():
        version = versions.serving()
        thresholds = _thresholds(version) if version else None
        lots = sampling.draw_useful(version, thresholds) if version and thresholds else []
        db.session.rollback()
    drawn = sampling.store_useful(lots) if lots else 0
    sampling.want_more_readers()
    db.session.commit()
    return drawn


def _thresholds(version: Any) -> list[float] | None:
    """None while the file of the model cannot be used: reading new answers says so, and the audit goes on."""
    try:
        return versions.classifier_of(version).thresholds
    except versions.ModelFileError:
        return None
