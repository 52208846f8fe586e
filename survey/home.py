"""The first page of somebody who has signed in."""

from dataclasses import dataclass
from typing import Any

from flask import Blueprint, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import lazy_gettext as _
from flask_login import current_user

from survey.navigation import MAIN, links, may_open

blueprint = Blueprint("home", __name__)

BREAKDOWN = "reports.breakdown"
NOTICES = "notices.index"


@dataclass(frozen=True)
class Step:
    """One thing to do before there is anything to see, and where it is done."""

    title: Any
    words: Any
    endpoint: str


STEPS = (
    Step(
        _("Bring in your customers and their visits"),
        _("One file with customers and one with purchases or visits. You see what was understood before it is stored."),
        "customers.imports",
    ),
    Step(
        _("Say when a customer has left"),
        _("For instance: no visit for half a year. You see how many customers that is before you decide."),
        "defections.definitions",
    ),
    Step(
        _("Ask them why"),
        _("Whoever has left receives a short form by mail. Their answers are grouped into reasons."),
        "invitations.index",
    ),
)


@blueprint.get("/")
def start() -> ResponseReturnValue:
    """The breakdown for who may see it, else the first place in their menu, else what to do first."""
    if may_open(BREAKDOWN):
        return redirect(url_for(BREAKDOWN))
    open_places = links(MAIN)
    if current_user.has_role("interviewer") and [place.url for place in open_places] == [url_for(NOTICES)]:
        return render_template("home/calls.html")
    if open_places:
        return redirect(open_places[0].url)
    return render_template("home/start.html", steps=STEPS)
