"""Whether the work is done: the queue, the schedule, the model, the audit log."""

import hashlib
from datetime import timedelta
from functools import cache
from pathlib import Path

from flask_babel import gettext as _
from flask_babel import ngettext
from sqlalchemy import func, select

from survey.accounts.audit import broken_entry
from survey.checks import Finding
from survey.clock import now
from survey.extensions import db
from survey.formats import duration, moment
from survey.jobs import overview, schedule
from survey.jobs.models import Job
from survey.jobs.words import name_of
from survey.reasons.models import ModelVersion, ServingModel
from survey.web import settings


def queue_check() -> Finding:
    name = _("Queue")
    failed = db.session.scalar(select(func.count()).select_from(Job).where(Job.state == "failed")) or 0
    if since := overview.late_since():
        waited = duration((now() - since).total_seconds())
        return Finding(
            name,
            "fail",
            _("A job has waited for %(time)s, since %(moment)s.", time=waited, moment=moment(since)),
            _("Start the command `work`, or Celery's workers and beat, and look why they stopped."),
        )
    if failed:
        return Finding(
            name,
            "warning",
            ngettext(
                "%(num)d job was left after several attempts.", "%(num)d jobs were left after several attempts.", failed
            ),
            _("Look at the page of jobs, take the cause away and choose “Try again”."),
        )
    return Finding(name, "ok", _("No job waits too long and none was left."))


def schedule_check() -> Finding:
    """Every kind of job that is switched on was done not long ago."""
    name, done = _("Last done"), overview.last_done()
    late = [
        name_of(row.kind)
        for row in schedule.schedule()
        if row.enabled and row.kind in done and (done[row.kind].ended_at or now()) < now() - patience(row.every_minutes)
    ]
    never = [name_of(row.kind) for row in schedule.schedule() if row.enabled and row.kind not in done]
    if late:
        return Finding(
            name,
            "warning",
            _("Not done for longer than it should be: %(jobs)s.", jobs=", ".join(late)),
            _("Look at the page of jobs for what went wrong."),
        )
    if never:
        return Finding(name, "ok", _("Not done yet, which is right on a first day: %(jobs)s.", jobs=", ".join(never)))
    return Finding(name, "ok", _("Every job was done when it fell due."))


def patience(every_minutes: int | None) -> timedelta:
    return max(timedelta(minutes=3 * every_minutes), timedelta(hours=1)) if every_minutes else timedelta(hours=49)


def model_check() -> Finding:
    """The model whose readings the pages show: its file is there and holds what its hash says."""
    name = _("Model")
    version = db.session.scalar(select(ModelVersion).join(ServingModel))
    if version is None:
        return Finding(name, "ok", _("No answers have been read yet; the first reading brings the model."))
    problem = model_problem(settings().instance / "models" / version.file_name, version.fingerprint)
    if not problem:
        return Finding(name, "ok", _("Model %(number)s is there and whole.", number=version.id))
    return Finding(
        name,
        "fail",
        _(
            "The file of model %(number)s %(problem)s. Answers are kept but not read.",
            number=version.id,
            problem=problem,
        ),
        _("Put the folder `models` back from a backup, or run `flask --app wsgi answers reclassify`."),
    )


def model_problem(path: Path, fingerprint: str) -> str:
    """What is wrong with a model file, in words that follow "the file"; nothing where it is whole."""
    try:
        state = path.stat()
    except OSError:
        return str(_("is not there"))
    return str(
        {"": "", "altered": _("is cut short or altered"), "other": _("holds another model")}[
            _model_state(path, fingerprint, state.st_mtime_ns, state.st_size)
        ]
    )


@cache
def _model_state(path: Path, fingerprint: str, changed: int, size: int) -> str:
    """Read once for each state of the file: a line that names the format, the hash of the rest, the rest."""
    _kind, _, rest = path.read_bytes().partition(b"\n")
    hashed, _, content = rest.partition(b"\n")
    if hashlib.sha256(content).hexdigest().encode() != hashed:
        return "altered"
    return "" if hashed.decode().startswith(fingerprint) else "other"


def audit_check() -> Finding:
    """Every entry of the audit log follows from the one before. Reads the whole log."""
    name, broken = _("Audit log"), broken_entry(db.session())
    if broken is None:
        return Finding(name, "ok", _("Every entry follows from the one before it."))
    return Finding(
        name,
        "fail",
        _("Entry %(number)s was changed, or one before it was taken out.", number=broken),
        _("Somebody changed the log outside this program. Compare it with a backup."),
    )
