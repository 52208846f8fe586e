"""The page of remedies, by reason."""

from flask import abort, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from survey.accounts import audit
from survey.accounts.access import allow
from survey.extensions import db
from survey.taxonomy.models import Reason
from survey.winback import remedies
from survey.winback.forms import RemedyForm
from survey.winback.models import Remedy
from survey.winback.views.room import blueprint


@blueprint.get("/remedies")
@allow("administrator", "manager")
def all_remedies() -> ResponseReturnValue:
    return render_template("winback/remedies.html", remedies=remedies.remedies_by_reason())


@blueprint.route("/remedies/of/<code>", methods=["GET", "POST"])
@allow("administrator", "manager")
def add_remedy(code: str) -> ResponseReturnValue:
    reason = db.session.query(Reason).filter_by(code=code).one_or_none() or abort(404)
    form = RemedyForm()
    if not form.validate_on_submit():
        page = render_template("winback/remedy.html", form=form, reason=reason, remedy=None)
        return page, 422 if form.is_submitted() else 200
    made = remedies.add(reason.id, form.nl.data or "", form.en.data or "", form.is_offer.data)
    return _saved("remedy added", made.id)


@blueprint.route("/remedies/<int:remedy_id>", methods=["GET", "POST"])
@allow("administrator", "manager")
def change_remedy(remedy_id: int) -> ResponseReturnValue:
    remedy = _remedy(remedy_id)
    form = RemedyForm(obj=remedy)
    if not form.validate_on_submit():
        reason = db.session.get_one(Reason, remedy.reason_id)
        page = render_template("winback/remedy.html", form=form, reason=reason, remedy=remedy)
        return page, 422 if form.is_submitted() else 200
    form.populate_obj(remedy)
    return _saved("remedy changed", remedy_id)


@blueprint.post("/remedies/<int:remedy_id>/up")
@allow("administrator", "manager")
def move_remedy_up(remedy_id: int) -> ResponseReturnValue:
    remedies.move_up(_remedy(remedy_id))
    return _saved("remedy changed", remedy_id)


@blueprint.post("/remedies/<int:remedy_id>/switch")
@allow("administrator", "manager")
def switch_remedy(remedy_id: int) -> ResponseReturnValue:
    """On where it was off, off where it was on."""
    remedy = _remedy(remedy_id)
    remedy.active = not remedy.active
    return _saved("remedy changed", remedy_id)


def _remedy(remedy_id: int) -> Remedy:
    return db.session.get(Remedy, remedy_id) or abort(404)


def _saved(action: str, remedy_id: int) -> ResponseReturnValue:
    audit.record(action, current_user.id, about=("remedy", remedy_id))
    db.session.commit()
    return redirect(url_for(".all_remedies"), 303)
