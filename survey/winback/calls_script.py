"""What an interviewer says, in the language of who is called; to be called with that locale in force."""

from dataclasses import dataclass

from flask_babel import gettext as _

from survey.clock import today
from survey.invitations.asked import Asked
from survey.questionnaires.relation import relation_sentence
from survey.web import settings


@dataclass(frozen=True)
class Script:
    """In the order in which it is said."""

    greeting: str
    why: str
    no_sale: str
    may_i: str
    privacy: str


def script_for(person: Asked, language: str, interviewer: str) -> Script:
    """What to say to this person. `interviewer`: the name to call oneself by; may be empty."""
    return Script(
        greeting=_greeting(interviewer, person.name or ""),
        why=relation_sentence(person.version, language, person.spell, today()),
        no_sale=_("I am not calling to sell you anything. I only want to listen and to learn from it."),
        may_i=_("May I ask you a few questions? You may stop at any moment, or I can call you another time."),
        privacy=_(
            "I type in what you say. People here who can do something about it read it, and nobody else. "
            "After %(days)s days only a version without names, numbers and addresses remains.",
            days=person.keep_words_days,
        ),
    )


def _greeting(interviewer: str, name: str) -> str:
    organisation = settings().organisation
    hello = (
        _("Hello, this is %(interviewer)s of %(organisation)s.", interviewer=interviewer, organisation=organisation)
        if interviewer
        else _("Hello, I am calling for %(organisation)s.", organisation=organisation)
    )
    asked = _("Am I speaking with %(name)s?", name=name) if name else _("Whom am I speaking with?")
    return f"{hello} {asked}"
