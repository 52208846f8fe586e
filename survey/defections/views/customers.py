"""Pages: looking a customer up, and one customer."""

from flask import Blueprint, abort, render_template, request
from flask.typing import ResponseReturnValue
from flask_login import current_user

from survey.accounts import audit
from survey.accounts.access import allow
from survey.clock import today
from survey.defections import finding, states
from survey.defections.next_steps import next_step, stands, state_name
from survey.defections.standing import SHOWN, purchases_of, standing, strip_of
from survey.paging import page_number

READERS = ("administrator", "manager", "analyst")

blueprint = Blueprint("customer", __name__, url_prefix="/customers")


@blueprint.get("")
@allow(*READERS)
def find() -> ResponseReturnValue:
    """Who is meant by what was typed. What was typed is written down nowhere."""
    words, number = " ".join(request.args.get("q", "").split()), page_number()
    page = finding.found(words, current_user, number)
    if not page.items and number > 1:
        abort(404)
    if page.items:
        audit.record("customers found", current_user.id, details={"page": number, "shown": len(page.items)})
    return render_template(
        "defections/find.html",
        words=words,
        page=page,
        shortest=finding.SHORTEST,
        longest=finding.LONGEST,
        state_name=state_name,
    )


@blueprint.get("/<int:customer_id>")
@allow(*READERS)
def show(customer_id: int) -> ResponseReturnValue:
    """One customer. 404 for who was erased or may not be seen."""
    who = standing(customer_id, current_user)
    if who is None:
        abort(404)
    audit.record("customer viewed", current_user.id, about=("customer", customer_id))
    seen, stretch = strip_of(who, states.as_of() or today())
    return render_template(
        "defections/customer.html",
        who=who,
        seen=seen,
        stretch=stretch,
        purchases=purchases_of(customer_id),
        shown=SHOWN,
        stands=stands,
        next_step=next_step,
    )
