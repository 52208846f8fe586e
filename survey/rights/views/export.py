"""The button of the operator: everything held of a customer, to be given to that customer."""

from flask import Blueprint, abort
from flask.typing import ResponseReturnValue
from flask_babel import force_locale
from flask_login import current_user
from sqlalchemy import select

from survey import web
from survey.accounts import audit
from survey.accounts.access import allow, visible
from survey.customers.models import Customer
from survey.extensions import db
from survey.rights.export import export_of, file_name
from survey.rights.person import held
from survey.rights.requests import EXPORT, OPERATOR, asked_and_done

blueprint = Blueprint("person", __name__, url_prefix="/customers")


@blueprint.post("/<int:customer_id>/export")
@allow("administrator", "manager")
def export(customer_id: int) -> ResponseReturnValue:
    """A ZIP with all of it, in the language of the customer. 404 for who was erased or may not be seen."""
    seen = select(Customer.language).where(Customer.id == customer_id, visible(current_user, Customer.branch_id))
    language = db.session.scalar(seen)
    with force_locale(language if language in web.LANGUAGES else "nl"):
        theirs = held(customer_id) if language else None
        if theirs is None:
            abort(404)
        file = export_of(theirs)
    asked_and_done(customer_id, EXPORT, OPERATOR)
    audit.record("customer exported", current_user.id, about=("customer", customer_id))
    db.session.commit()
    headers = {"Content-Disposition": f'attachment; filename="{file_name(theirs)}"'}
    return file, 200, {"Content-Type": "application/zip", **headers}
