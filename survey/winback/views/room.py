"""The room that the pages of cases share."""

from flask import Blueprint

blueprint = Blueprint("winback", __name__)

#: who takes care of people who left
FRONT_LINE = ("administrator", "manager", "interviewer")
