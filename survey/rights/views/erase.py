"""The button of the operator: erasing a customer who asks for it, after seeing what goes and what stays."""

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext
from flask_login import current_user
from sqlalchemy import select

from survey.accounts import audit
from survey.accounts.access import allow
from survey.customers.models import Customer
from survey.defections.finding import there
from survey.extensions import db
from survey.rights.erase_form import EraseForm
from survey.rights.erasing import UnknownCustomer
from survey.rights.going import going_of
from survey.rights.requests import OPERATOR
from survey.rights.views.room import erase_now

blueprint = Blueprint("erasing", __name__, url_prefix="/customers")


@blueprint.get("/<int:customer_id>/erase")
@allow("administrator")
def ask(customer_id: int) -> ResponseReturnValue:
    """What goes and what stays. 404 for who was erased or may not be seen."""
    customer = _customer(customer_id)
    audit.record("customer viewed", current_user.id, about=("customer", customer_id))
    return _page(customer, EraseForm(customer.external_id, formdata=None))


@blueprint.post("/<int:customer_id>/erase")
@allow("administrator")
def erase(customer_id: int) -> ResponseReturnValue:
    """Erase, where the number was typed. Of two who do so at once, the second finds nobody."""
    customer = _customer(customer_id)
    form = EraseForm(customer.external_id, formdata=request.form)
    if not form.validate():
        return _page(customer, form), 422
    try:
        done = erase_now(customer_id, OPERATOR, current_user.id)
    except UnknownCustomer:
        abort(404)
    flash(ngettext("Erased. One answer stays counted, without words and name.",
                   "Erased. %(num)d answers stay counted, without words and name.", done.answers)
          if done.answers else _("Erased."), "success")  # fmt: skip
    if not done.files_too:
        flash(_("Copies of mails or files could not be deleted yet; it is tried again tonight."), "error")
    return redirect(url_for("register.index"), 303)


def _customer(customer_id: int) -> Customer:
    return db.session.scalar(select(Customer).where(Customer.id == customer_id, *there(current_user))) or abort(404)


def _page(customer: Customer, form: EraseForm) -> str:
    return render_template("rights/erase.html", customer=customer, going=going_of(customer), form=form)
