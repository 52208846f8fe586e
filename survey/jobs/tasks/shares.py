"""Work out for what reasons customers left, and what changed, for the periods that pages offer and for every branch."""

from collections.abc import Iterator
from datetime import date
from typing import Any

from sqlalchemy import delete, select

from survey.accounts.models import User, UserBranch
from survey.clock import today
from survey.customers.models import Branch
from survey.database import reading
from survey.extensions import db
from survey.jobs.models import Job
from survey.reports.estimates import count_departures, widened
from survey.reports.findings import NAME, scope_of, store, to_store, work_out
from survey.reports.lens import Lens
from survey.reports.models import StoredFigure
from survey.reports.period import NAMES, named


def run(job: Job | None = None) -> dict[str, Any]:
    """Gives for how many views it was worked out. Once more the same day does it anew, in the place of what stood."""
    day = today()
    with reading():
        views = list(_views(day))
        db.session.rollback()
    if job:
        job.done, job.total = 0, len(views)
        db.session.commit()
    for done, view in enumerate(views, 1):
        with reading():
            found = to_store(work_out(view))
            db.session.rollback()
        store(view, found, day)
        if job:
            job.done = done
        db.session.commit()
    _forget_others(views)
    return {"views": len(views)}


def _views(day: date) -> Iterator[Lens]:
    """In each period that has a name, and in the year up to its end: all customers, those of each branch, and those of
    the branches that somebody is tied to, where any of them left."""
    seen: set[str] = set()
    for name in NAMES[:-1]:
        for somebody in _readers():
            lens = Lens(somebody, named(name, day), name)
            for view in (lens, widened(lens, day)):
                if scope_of(view) not in seen and count_departures(view):
                    seen.add(scope_of(view))
                    yield view


def _readers() -> list[User]:
    """Somebody for each set of branches that anybody may see, or filter by."""
    tied: set[tuple[int, ...]] = {(), *((key,) for key in db.session.scalars(select(Branch.id)))}
    tied |= {tuple(sorted(user.branch_ids)) for user in db.session.scalars(select(User))}
    return [User(email="", tied_to=[UserBranch(branch_id=key) for key in keys]) for keys in sorted(tied)]


def _forget_others(views: list[Lens]) -> None:
    """Periods move on; what was found for those of before is not asked for by name any more."""
    kept = [scope_of(view) for view in views]
    db.session.execute(delete(StoredFigure).where(StoredFigure.name == NAME, StoredFigure.scope.not_in(kept)))
    db.session.commit()
