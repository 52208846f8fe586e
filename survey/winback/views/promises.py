"""The page of promises, by branch and by state."""

from typing import Any

from flask import abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user
from sqlalchemy import select

from survey.accounts import audit
from survey.accounts.access import allow, visible
from survey.clock import today
from survey.customers.models import Customer
from survey.extensions import db
from survey.winback import promises, words
from survey.winback.forms import BranchPromiseForm
from survey.winback.models import Promise
from survey.winback.views.room import FRONT_LINE, blueprint


@blueprint.route("/promises", methods=["GET", "POST"])
@allow(*FRONT_LINE)
def kept() -> ResponseReturnValue:
    """Which promises are open, kept and broken; a POST writes one down."""
    form = BranchPromiseForm()
    if not form.validate_on_submit():
        return _page(form), 422 if form.is_submitted() else 200
    customer_id = _customer_of(form.customer.data or "")
    if customer_id is None:
        form.customer.errors = [_("There is no customer with this number that you may see.")]
        return _page(form), 422
    new = promises.NewPromise(customer_id, form.text.data or "", "branch", **form.days)
    audit.record("promise noted", current_user.id, about=("promise", promises.add(new, current_user.id).id))
    db.session.commit()
    flash(_("The promise is written down."), "success")
    return redirect(url_for(".kept"), 303)


@blueprint.post("/promises/<int:promise_id>/kept")
@allow(*FRONT_LINE)
def keep(promise_id: int) -> ResponseReturnValue:
    promises.keep(_promise(promise_id), today())
    return _changed(promise_id, "promise kept")


@blueprint.post("/promises/<int:promise_id>/broken")
@allow(*FRONT_LINE)
def break_(promise_id: int) -> ResponseReturnValue:
    promises.break_(_promise(promise_id))
    return _changed(promise_id, "promise broken")


def _changed(promise_id: int, action: str) -> ResponseReturnValue:
    audit.record(action, current_user.id, about=("promise", promise_id))
    db.session.commit()
    case_id = request.form.get("case", "")
    if case_id.isdecimal() and len(case_id) < 10:
        return redirect(url_for(".show", case_id=int(case_id)), 303)
    return redirect(url_for(".kept"), 303)


def _promise(promise_id: int) -> Promise:
    return promises.promise_for(promise_id, current_user) or abort(404)


def _customer_of(external_id: str) -> int | None:
    seen = visible(current_user, Customer.branch_id)
    return db.session.scalar(select(Customer.id).where(Customer.external_id == external_id, seen))


def _page(form: BranchPromiseForm) -> str:
    state = request.args.get("state", "open")
    if state not in promises.STATES:
        abort(400)
    told: dict[str, Any] = {
        "lines": promises.listed(state, current_user, today()),
        "branches": promises.kept_by_branch(current_user, today()),
    }
    return render_template("winback/promises.html", form=form, state=state, words=words, most=promises.LISTED, **told)
