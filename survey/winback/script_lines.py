"""What an interviewer says, line by line: ours, and where the business wrote it otherwise, theirs.

A row is kept only of what differs from ours, so a better sentence of ours reaches everybody who never touched it.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask_babel import force_locale
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import delete, select

from survey.extensions import db
from survey.web import LANGUAGES
from survey.winback.models import ScriptLine

LONGEST = 500
#: what is said, by line and language
Texts = dict[tuple[str, str], str]


@dataclass(frozen=True)
class Line:
    """places: the names in braces that are filled in for each call."""

    name: str
    label: Any
    places: tuple[str, ...] = ()
    hint: Any = ""


#: in the order in which they are said
LINES = (
    Line("hello", _l("Who is calling"), ("interviewer", "organisation")),
    Line("hello_only", _l("Who is calling, where the account of the interviewer has no name"), ("organisation",)),
    Line("who", _l("Whom you speak with"), ("name",)),
    Line("who_only", _l("Whom you speak with, where no name is known"), ()),
    Line("no_sale", _l("What it is not"), (), _l("It is said after the first sentence of the questionnaire.")),
    Line("may_i", _l("May you ask")),
    Line("privacy", _l("What happens with it"), ("days",)),
)
NAMES = tuple(line.name for line in LINES)


def ours(language: str) -> dict[str, str]:
    """The lines as the software comes with them, by name."""
    with force_locale(language):
        return {
            "hello": _("Hello, this is %(interviewer)s of %(organisation)s.", **_places("interviewer", "organisation")),
            "hello_only": _("Hello, I am calling for %(organisation)s.", **_places("organisation")),
            "who": _("Am I speaking with %(name)s?", **_places("name")),
            "who_only": _("Whom am I speaking with?"),
            "no_sale": _("I am not calling to sell you anything. I only want to listen and to learn from it."),
            "may_i": _("May I ask you a few questions? You may stop at any moment, or I can call you another time."),
            "privacy": _(
                "I type in what you say. People here who can do something about it read it, and nobody else. "
                "After %(days)s only a version without names, numbers and addresses remains.",
                **_places("days"),
            ),
        }


def all_ours() -> Texts:
    return {(name, language): text for language in LANGUAGES for name, text in ours(language).items()}


def theirs() -> Texts:
    """The lines that the business wrote itself."""
    rows = db.session.execute(select(ScriptLine.line, ScriptLine.language, ScriptLine.text))
    return {(name, language): text for name, language, text in rows if name in NAMES}


def said(language: str) -> dict[str, str]:
    """The lines as they are said now, by name."""
    rows = select(ScriptLine.line, ScriptLine.text).where(ScriptLine.language == language)
    return ours(language) | {name: text for name, text in db.session.execute(rows) if name in NAMES}


def change(given: Mapping[tuple[str, str], str]) -> list[str]:
    """Say these lines from now on; what is empty or as ours is ours. Gives the names of those that changed. Flushes."""
    shipped, before = all_ours(), theirs()
    wanted = {key: text for key, text in given.items() if text and text != shipped[key]}
    if wanted == before:
        return []
    db.session.execute(delete(ScriptLine))
    rows = [ScriptLine(line=name, language=language, text=text) for (name, language), text in wanted.items()]
    db.session.add_all(rows)
    db.session.flush()
    changed = {key for key in wanted.keys() | before.keys() if wanted.get(key) != before.get(key)}
    return [name for name in NAMES if any(key[0] == name for key in changed)]


def digest(texts: Texts) -> str:
    """What a form carries of the lines that its maker had seen."""
    return hashlib.sha256(json.dumps(sorted((*key, text) for key, text in texts.items())).encode()).hexdigest()


def _places(*names: str) -> dict[str, str]:
    return {name: f"{{{name}}}" for name in names}
