"""What people call the jobs."""

from typing import Any

from flask_babel import gettext
from flask_babel import lazy_gettext as _

NAMES = {
    "detect": _("Find out who left"),
    "alert": _("Tell who drifts and where more leave"),
    "invite": _("Send invitations"),
    "remind": _("Send reminders"),
    "bounces": _("Read what came back about mail"),
    "cases": _("Open cases of customers to take care of"),
    "classify": _("Read new answers"),
    "recount": _("Work out the rate under one definition"),
    "reclassify": _("Read all answers again with a new model"),
    "reclassify_shard": _("Read a part of all answers again"),
    "publish": _("Show what a new model reads"),
    "draw": _("Choose answers for people to read"),
    "train": _("Teach a model from what people found"),
    "figures": _("Work out how many leave"),
    "shares": _("Work out why customers left, and what changed"),
    "work_out": _("Work out why customers left in a period that somebody asked for"),
    "watch": _("Watch whether the model still fits"),
    "find_themes": _("Look for new reasons"),
    "check_investments": _("Check the investments"),
    "forget": _("Delete what was kept long enough"),
    "value": _("Work out what customers are worth"),
    "digest": _("Mail the notices of the day"),
    "pack": _("Keep and mail the decision pack of the quarter"),
    "import_file": _("Bring in a file"),
    "erase": _("Erase a person"),
}


def name_of(kind: str) -> str:
    """What a kind of job does, for people; the kind itself where nobody named it."""
    return str(NAMES.get(kind, kind))


def told(outcome: dict[str, Any] | None) -> str:
    """The figures of an outcome in one line."""
    shown = {name: value for name, value in (outcome or {}).items() if value not in (None, "", [], {})}
    figures = (f"{gettext(name.replace('_', ' '))}: {_in_words(value)}" for name, value in shown.items())
    return ", ".join(figures) or gettext("nothing to do")


def _in_words(value: Any) -> str:
    return str(gettext(value)) if isinstance(value, str) else str(value)
