"""A view of which the reasons take a job: asking for it, and how far that is."""

from datetime import date
from typing import Any

from survey.accounts.models import User, UserBranch
from survey.clock import now
from survey.jobs import queue
from survey.jobs.models import Job
from survey.reports.findings import scope_of
from survey.reports.lens import Lens
from survey.reports.period import Period

#: name of the job
KIND = "work_out"
#: so many may wait at once
MOST = 20


class TooManyAsked(Exception):
    """Others have asked for so much that this has to wait."""


def ask(lens: Lens) -> Job:
    """Ring for the reasons of a view; the job that is open for it, where there is one. Flushes; raises TooManyAsked."""
    standing = waiting(lens)
    if standing is not None:
        return standing
    if len(queue.open_jobs(KIND)) >= MOST:
        raise TooManyAsked
    return queue.enqueue(KIND, f"{KIND}:{now():%Y-%m-%dT%H:%M:%S.%fZ}", arguments_of(lens))


def waiting(lens: Lens) -> Job | None:
    """The job that will work out this view; None where nobody asked."""
    scope = scope_of(lens)
    return next((job for job in queue.open_jobs(KIND) if scope_of(lens_of(job.arguments)) == scope), None)


def arguments_of(lens: Lens) -> dict[str, Any]:
    """What a job must know of a view, as plain values."""
    return {
        "first": lens.period.first.isoformat(),
        "last": lens.period.last.isoformat(),
        "branches": sorted(lens.user.branch_ids) if lens.branch_id is None else [lens.branch_id],
        "segment": lens.segment,
    }


def lens_of(arguments: dict[str, Any]) -> Lens:
    """The view again: of somebody who sees these branches and no others, or all where none are named."""
    somebody = User(email="", tied_to=[UserBranch(branch_id=key) for key in arguments["branches"]])
    first, last = (date.fromisoformat(arguments[name]) for name in ("first", "last"))
    return Lens(somebody, Period(first, last), segment=arguments["segment"])
