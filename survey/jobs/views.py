"""The page of jobs: what waits, runs and was left, and the schedule that an administrator may change."""

from flask import Blueprint, abort, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user
from sqlalchemy import select

from survey.accounts import audit
from survey.accounts.access import allow
from survey.extensions import db
from survey.jobs import queue, words
from survey.jobs.forms import form_for
from survey.jobs.models import Schedule
from survey.jobs.overview import overview

blueprint = Blueprint("jobs", __name__, url_prefix="/jobs")


@blueprint.get("")
@allow("administrator")
def index() -> ResponseReturnValue:
    return render_template("jobs/index.html", overview=overview(), name_of=words.name_of, told=words.told)


@blueprint.get("/open")
@allow("administrator")
def open_jobs() -> ResponseReturnValue:
    """The part of the page that changes while somebody watches."""
    return render_template("jobs/_open.html", jobs=queue.open_jobs(), name_of=words.name_of)


@blueprint.post("/<int:job_id>/again")
@allow("administrator")
def again(job_id: int) -> ResponseReturnValue:
    if not queue.try_again(job_id):
        abort(404)
    audit.record("job tried again", current_user.id, about=("job", job_id))
    db.session.commit()
    flash(_("The job is back in the queue."))
    return redirect(url_for(".index"), 303)


@blueprint.post("/run/<kind>")
@allow("administrator")
def run_now(kind: str) -> ResponseReturnValue:
    row = rule_or_404(kind)
    job = queue.run_now(row.kind)
    audit.record("job asked for", current_user.id, about=("job", job.id), details={"kind": row.kind})
    db.session.commit()
    flash(_("“%(name)s” is in the queue and starts as soon as a worker is free.", name=words.name_of(kind)))
    return redirect(url_for(".index"), 303)


@blueprint.route("/schedule/<kind>", methods=["GET", "POST"])
@allow("administrator")
def schedule(kind: str) -> ResponseReturnValue:
    row = rule_or_404(kind)
    form = form_for(row)
    if not form.validate_on_submit():
        page = render_template("jobs/schedule.html", form=form, row=row, name=words.name_of(kind))
        return page, 422 if form.is_submitted() else 200
    form.save(row)
    rule = {"enabled": row.enabled, "daily_at": row.daily_at, "every_minutes": row.every_minutes}
    audit.record("schedule changed", current_user.id, about=("schedule", kind), details=rule)
    db.session.commit()
    flash(_("The schedule is changed."))
    return redirect(url_for(".index"), 303)


def rule_or_404(kind: str) -> Schedule:
    return db.session.scalar(select(Schedule).where(Schedule.kind == kind)) or abort(404)
