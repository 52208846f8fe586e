"""The blueprint that the pages about who is asked share, and who may do what there."""

from flask import Blueprint, abort, request
from flask_login import current_user

READERS = ("administrator", "manager", "analyst")
WRITERS = ("administrator", "analyst")
CHANGING = (
    "targeting.add", "targeting.change", "targeting.change_everybody", "targeting.move", "targeting.switch",
    "targeting.switch_everybody",
)  # fmt: skip

blueprint = Blueprint("targeting", __name__, url_prefix="/targeting")


@blueprint.before_request
def keep_to_branches() -> None:
    """The rules are those of all branches, so who is tied to some may read them and not change them."""
    if request.endpoint in CHANGING and current_user.branch_ids:
        abort(403)
