"""Look for new reasons among the answers that fit none."""

from typing import Any

from survey.database import reading
from survey.extensions import db
from survey.jobs.models import Job
from survey.reasons import finding_themes, versions


def run(job: Job | None = None) -> dict[str, Any]:
    """Gives how many groups there are now, and how many are new. Thinks outside the write gate; twice is harmless."""
    with reading():
        version = versions.serving()
        groups = finding_themes.look(version) if version else []
        db.session.rollback()
    if version is None:
        return {}
    outcome = finding_themes.keep(groups, version)
    db.session.commit()
    return outcome
