"""The register of what is processed and why, and what people asked of us."""

from flask import Blueprint, abort, render_template
from flask.typing import ResponseReturnValue
from flask_login import current_user

from survey.accounts import audit
from survey.accounts.access import allow
from survey.clock import today
from survey.customers.keeping import periods
from survey.paging import page_number
from survey.rights.answered import requests_for, tally
from survey.rights.register import REGISTER, mail_goes_to
from survey.rights.views.room import with_readers
from survey.web import settings

blueprint = Blueprint("register", __name__, url_prefix="/privacy-register")


@blueprint.get("")
@allow("administrator")
def index() -> ResponseReturnValue:
    """What is processed of whom, and whether what people asked was done in time. To be read and printed."""
    requests = requests_for(current_user, page_number())
    if not requests.items and requests.page > 1:
        abort(404)
    audit.record("privacy register viewed", current_user.id, details={"shown": len(requests.items)})
    return render_template(
        "rights/register.html",
        register=with_readers(REGISTER),
        periods=periods(),
        mail_server=mail_goes_to(settings()),
        requests=requests,
        tally=tally(current_user, today()),
        today=today(),
        contact=settings().privacy_contact,
    )
