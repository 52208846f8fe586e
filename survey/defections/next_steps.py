"""What each state is called, and what to do next about somebody who is in it."""

from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext

from survey.defections.drifting import Line

NAMES: dict[str, Any] = {
    "active": lazy_gettext("as usual"),
    "drifting": lazy_gettext("drifting"),
    "about_to_defect": lazy_gettext("about to leave"),
    "defected": lazy_gettext("has left"),
    "returned": lazy_gettext("came back lately"),
}


def state_name(state: str) -> str:
    """What people call a state."""
    return str(NAMES[state])


def next_step(line: Line) -> str:
    """What to do about one customer. A call to ask is no offer, and who asked to be left alone is left alone."""
    if not line.may_be_contacted:
        return str(_("Asked to be left alone: a kind word when they come in, nothing else."))
    if line.state == "about_to_defect":
        return str(_("Call or write this week, and ask what is the matter. Make no offer yet."))
    if line.state == "drifting":
        return str(_("A personal word at the next visit: ask whether all is well."))
    return str(_("Say that it is good to see them, and see that this visit goes well."))
