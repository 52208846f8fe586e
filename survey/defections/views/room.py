"""The blueprint that the pages about leaving share."""

from flask import Blueprint

blueprint = Blueprint("defections", __name__, url_prefix="/defections")
