"""The model: how well it reads, its versions, and what another one would change."""

from flask import Blueprint
from flask.typing import ResponseReturnValue

from survey.accounts.access import allow

blueprint = Blueprint("models", __name__, url_prefix="/models")


@blueprint.get("")
@allow("administrator", "analyst")
def overview() -> ResponseReturnValue:
    """The page."""
    return ""
