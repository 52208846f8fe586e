"""What is filled in for each person: plain names in braces. Nothing that is written here is ever run."""

import re
from collections.abc import Sequence

from flask_babel import gettext as _

from survey.questionnaires.relation import PLACEHOLDERS

_PLACEHOLDER = re.compile(r"\{([a-z]+)\}")


def fault_in(name: str, text: str) -> str:
    """Why this text cannot be used, and what to do; empty where it can. `name` is that of the text, '' for others."""
    return fault_of(text, PLACEHOLDERS.get(name, ()))


def fault_of(text: str, allowed: Sequence[str]) -> str:
    """The same of any text in which these names may stand."""
    unknown = [found for found in _PLACEHOLDER.findall(text) if found not in allowed]
    rest = _PLACEHOLDER.sub("", text)
    if not unknown and not {"{", "}"} & set(rest):
        return ""
    if not allowed:
        return str(_("Nothing is filled in here, so { and } cannot stand here. Take them out."))
    names = ", ".join(f"{{{one}}}" for one in allowed)
    if unknown:
        return str(_("{%(name)s} is not known here. Write %(names)s, or take it out.", name=unknown[0], names=names))
    return str(_("A { or } stands by itself or around something else than a name. Write %(names)s.", names=names))
