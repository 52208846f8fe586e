"""The page of who came back."""

from flask import render_template
from flask.typing import ResponseReturnValue
from flask_login import current_user

from survey.accounts.access import allow
from survey.clock import today
from survey.reports.rate.lives import known_day
from survey.winback.returns import WITHIN, returns_until
from survey.winback.views.room import blueprint


@blueprint.get("/winback")
@allow("administrator", "manager", "analyst")
def came_back() -> ResponseReturnValue:
    known = known_day(today())
    returns = returns_until(known, current_user) if known else None
    return render_template("winback/returns.html", returns=returns, within=WITHIN.days)
