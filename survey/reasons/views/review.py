"""Read answers, one a screen, and say which reasons they give."""

from flask import Blueprint
from flask.typing import ResponseReturnValue

from survey.accounts.access import allow

blueprint = Blueprint("review", __name__, url_prefix="/review")


@blueprint.get("")
@allow("administrator", "analyst")
def queue() -> ResponseReturnValue:
    """The page."""
    return ""
