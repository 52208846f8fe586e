"""The organisation's reasons, and changes to them."""

from flask import Blueprint
from flask.typing import ResponseReturnValue

from survey.accounts.access import allow

blueprint = Blueprint("taxonomy", __name__, url_prefix="/reasons")


@blueprint.get("")
@allow("administrator", "analyst")
def reasons() -> ResponseReturnValue:
    """The page."""
    return ""
