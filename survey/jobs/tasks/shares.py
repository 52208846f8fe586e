"""Work out for what reasons customers left, and what changed, for the views that are kept."""

from datetime import date, timedelta
from typing import Any

from sqlalchemy import delete, update

from survey.clock import today
from survey.database import reading
from survey.extensions import db
from survey.jobs.models import Job
from survey.reports import kept
from survey.reports.findings import NAME, scope_of, store, to_store, work_out
from survey.reports.lens import Lens
from survey.reports.models import StoredFigure

#: a view that somebody asked for by itself is kept so many days
KEPT_DAYS = 7


def run(job: Job | None = None) -> dict[str, Any]:
    """Gives how many views are kept, and of how many the figures were made anew: of the others nothing they hang on has
    changed. Once more the same day finds them all as they are."""
    day = today()
    with reading():
        counts = kept.counts()
        views, marks = kept.views(day, counts), kept.marks()
        db.session.rollback()
    wanted = {scope_of(view): counts.mark(kept.whom_of(view), view.period) for view in views}
    stale = [view for view in views if marks.get(scope_of(view)) != wanted[scope_of(view)]]
    if job:
        job.done, job.total = 0, len(stale)
        db.session.commit()
    for done, view in enumerate(stale, 1):
        work_out_and_keep(view, wanted[scope_of(view)])
        if job:
            job.done = done
        db.session.commit()
    _stands(set(wanted), day)
    return {"views": len(views), "new": len(stale)}


def work_out_and_keep(view: Lens, mark: str) -> None:
    """Thinks outside the write gate. Flushes."""
    with reading():
        found = to_store(work_out(view))
        db.session.rollback()
    store(view, found | {"mark": mark}, today())


def _stands(scopes: set[str], day: date) -> None:
    """What was found unchanged is as of today; what is not kept any more goes, what somebody asked for in a week."""
    ours, old = StoredFigure.name == NAME, day - timedelta(days=KEPT_DAYS)
    standing = update(StoredFigure).where(ours, StoredFigure.scope.in_(scopes), StoredFigure.as_of < day)
    db.session.execute(standing.values(as_of=day))
    db.session.execute(delete(StoredFigure).where(ours, StoredFigure.scope.not_in(scopes), StoredFigure.as_of < old))
    db.session.commit()
