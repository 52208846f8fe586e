"""What each state is called, and what to do next about somebody who is in it."""

from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext

from survey.defections.drifting import SHOWN
from survey.defections.models import CustomerState
from survey.formats import day

NAMES: dict[str, Any] = {
    "active": lazy_gettext("as usual"),
    "drifting": lazy_gettext("drifting"),
    "about_to_defect": lazy_gettext("about to leave"),
    "defected": lazy_gettext("has left"),
    "returned": lazy_gettext("came back lately"),
}


STANDS: dict[str, Any] = {
    "active": lazy_gettext("Comes as usual since %(day)s."),
    "drifting": lazy_gettext("Drifting since %(day)s."),
    "about_to_defect": lazy_gettext("About to leave since %(day)s."),
    "defected": lazy_gettext("Left on %(day)s."),
    "returned": lazy_gettext("Came back on %(day)s."),
}


def state_name(state: str) -> str:
    """What people call a state."""
    return str(NAMES[state])


def stands(where: CustomerState) -> str:
    """Where a customer stands and since when, as a sentence."""
    return str(STANDS[where.state]) % {"day": day(where.since_on)}


def next_step(state: str, *, may_be_contacted: bool) -> str:
    """What to do about one customer who is drifting, about to leave or back; nothing about the others. A call to ask is
    no offer, and who asked to be left alone is left alone."""
    if state not in SHOWN:
        return ""
    if not may_be_contacted:
        return str(_("Asked to be left alone: a kind word when they come in, nothing else."))
    if state == "about_to_defect":
        return str(_("Call or write this week, and ask what is the matter. Make no offer yet."))
    if state == "drifting":
        return str(_("A personal word at the next visit: ask whether all is well."))
    return str(_("Say that it is good to see them, and see that this visit goes well."))
