"""Groups of answers that fit no reason, and the reasons made of them."""

from flask import Blueprint
from flask.typing import ResponseReturnValue

from survey.accounts.access import allow

blueprint = Blueprint("themes", __name__, url_prefix="/themes")


@blueprint.get("")
@allow("administrator", "analyst")
def found() -> ResponseReturnValue:
    """The page."""
    return ""
