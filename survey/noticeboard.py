"""The page of notices, for everybody who may sign in."""

from flask import Blueprint, current_app, render_template
from flask.typing import ResponseReturnValue
from flask_login import current_user
from werkzeug.exceptions import HTTPException
from werkzeug.routing import RequestRedirect

from survey.accounts.access import allow
from survey.accounts.models import ROLES
from survey.navigation import may_open
from survey.notices import settled, standing

blueprint = Blueprint("notices", __name__, url_prefix="/notices")


@blueprint.get("")
@allow(*ROLES)
def index() -> ResponseReturnValue:
    told = {"standing": standing(current_user), "settled": settled(reader=current_user)}
    return render_template("notices/index.html", **told, may_follow=may_follow)


def may_follow(link: str) -> bool:
    """Whether the reader may open the page that a notice points at."""
    try:
        endpoint, _ = current_app.url_map.bind("").match(link.partition("?")[0])
    except (HTTPException, RequestRedirect):
        return False
    return may_open(endpoint)
