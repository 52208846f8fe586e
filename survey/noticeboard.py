"""The page of notices, for everybody who may sign in."""

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue

from survey.accounts.access import allow
from survey.accounts.models import ROLES
from survey.notices import settled, standing

blueprint = Blueprint("notices", __name__, url_prefix="/notices")


@blueprint.get("")
@allow(*ROLES)
def index() -> ResponseReturnValue:
    return render_template("notices/index.html", standing=standing(), settled=settled())
