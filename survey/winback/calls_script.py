"""What an interviewer says, in the language of who is called; to be called with that locale in force."""

from collections.abc import Mapping
from dataclasses import dataclass

from flask_babel import ngettext

from survey.clock import today
from survey.invitations.asked import Asked
from survey.questionnaires.relation import filled, relation_sentence
from survey.web import settings
from survey.winback.script_lines import said


@dataclass(frozen=True)
class Script:
    """In the order in which it is said."""

    greeting: str
    why: str
    no_sale: str
    may_i: str
    privacy: str


@dataclass(frozen=True)
class Talking:
    """Who speaks with whom, and how many days their words are kept as typed. Names may be empty."""

    interviewer: str
    name: str
    keep_words_days: int


def script_for(person: Asked, language: str, interviewer: str) -> Script:
    """What to say to this person. `interviewer`: the name to call oneself by; may be empty."""
    why = relation_sentence(person.version, language, person.spell, today())
    return script_of(said(language), Talking(interviewer, person.name or "", person.keep_words_days), why)


def script_of(lines: Mapping[str, str], talking: Talking, why: str) -> Script:
    """The lines, by name, with what is known filled in. `why`: the first sentence of the questionnaire."""
    values = {
        "interviewer": talking.interviewer,
        "organisation": settings().organisation,
        "name": talking.name,
        "days": ngettext("%(num)d day", "%(num)d days", talking.keep_words_days),
    }
    hello = lines["hello" if talking.interviewer else "hello_only"]
    who = lines["who" if talking.name else "who_only"]
    return Script(
        greeting=filled(f"{hello} {who}", values),
        why=why,
        **{name: filled(lines[name], values) for name in ("no_sale", "may_i", "privacy")},
    )
