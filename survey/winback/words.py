"""What people call the states and ends of cases and promises."""

from typing import Any

from flask_babel import lazy_gettext as _

LISTS: dict[str, Any] = {
    "mine": _("Mine"),
    "nobody": _("Taken by nobody"),
    "due": _("Due today or late"),
    "open": _("All open"),
    "closed": _("Closed"),
}
BECAUSE: dict[str, Any] = {
    "asked": _("agreed to be contacted"),
    "remedy": _("left for a reason that something may be done about"),
    "promise": _("tells of a promise"),
    "by_hand": _("was chosen by one of you"),
}
OUTCOMES: dict[str, Any] = {
    "came_back": _("Says to come back"),
    "content": _("Stays away, and is content with how we dealt with it"),
    "declined": _("Wants nothing more from us"),
    "not_reached": _("Could not be reached"),
    "nothing_to_do": _("There was nothing to be done"),
}
PROMISES: dict[str, Any] = {"open": _("Open"), "kept": _("Kept"), "broken": _("Broken")}
SOURCES: dict[str, Any] = {
    "case": _("made while taking care of the case"),
    "answer": _("the customer tells of it"),
    "branch": _("entered by the branch"),
}
#: how a call ended
CALLS: dict[str, Any] = {
    "answered": _("Answered our questions"),
    "no_answer": _("Nobody picked up"),
    "voicemail": _("Got the voicemail"),
    "busy": _("The line was busy"),
    "wrong_number": _("Wrong number"),
    "call_back": _("Is to be called again"),
    "refused": _("Does not want to answer"),
    "other_language": _("Speaks another language"),
}
