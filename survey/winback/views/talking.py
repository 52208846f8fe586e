"""One call as a page: whom, in which language, what to say, what to ask, and what was typed so far."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from flask import abort, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import force_locale
from flask_login import current_user
from markupsafe import Markup
from werkzeug.datastructures import MultiDict

from survey.clock import now, today
from survey.invitations.asked import Asked, asked
from survey.invitations.policy import contact_policy
from survey.responses.drafts import draft_of
from survey.responses.forms import AnswerForm
from survey.responses.timing import is_ours, stamp
from survey.web import LANGUAGES
from survey.winback import calls, words
from survey.winback.calls import Person
from survey.winback.calls_forms import WHYS, HeardForm, LaterForm, NobodyForm, RefusedForm
from survey.winback.calls_outcomes import NOBODY
from survey.winback.calls_script import script_for


@dataclass(frozen=True)
class Talk:
    """A call as it stands: whom, about what, in which language, and what was typed so far."""

    person: Person
    asked: Asked
    language: str
    answers: AnswerForm
    heard: HeardForm
    saved_at: datetime | None = None

    @property
    def faults(self) -> list[tuple[str, str]]:
        """What is wrong: the id of the field, and a sentence."""
        besides = [(field.id, f"{field.label.text}: {fault}") for field in self.heard for fault in field.errors]
        return [*self.answers.faults, *besides]


def asked_of(invitation_id: int) -> Asked:
    """The invitation of this number; ends the request where there is none."""
    return asked(invitation_id) or abort(404)


def talk_with(person: Person, given: "MultiDict[str, str] | None" = None) -> Talk:
    """The call with what was typed: just now, or as it was saved."""
    about = asked_of(person.invitation_id)
    draft = draft_of(person.invitation_id) if given is None else None
    language = spoken(given, draft.language if draft else about.language)
    fields = given if given is not None else draft.fields if draft else None
    answers = AnswerForm(about, fields if fields is not None else MultiDict(), language, may_decline=True)
    with force_locale(language):
        heard = HeardForm(about.version, language, fields)
    return Talk(person, about, language, answers, heard, draft.saved_at if draft else None)


def spoken(given: "MultiDict[str, str] | None", otherwise: str) -> str:
    """The language of the call: switched to, spoken until now, else the customer's."""
    wishes = (request.args.get("speak"),) if given is None else (given.get("switch"), given.get("lang"))
    return next((wish for wish in wishes if wish is not None and wish in LANGUAGES), otherwise)


def later_form(about: Asked, **more: Any) -> LaterForm:
    return LaterForm(contact_policy(), about.expires_at, prefix="later-", **more)


def not_mine(person: Person) -> ResponseReturnValue:
    """Who has not taken a call sees who has, or that it can be taken."""
    is_taken = person.is_taken(current_user.id, now())
    page = render_template(
        "calls/not_mine.html",
        person=person,
        is_taken=is_taken,
        is_due=not is_taken and calls.is_due(person.invitation_id, current_user),
    )
    return page, 409 if is_taken else 200


def talk_page(talk: Talk, fault: str = "", **forms: Any) -> str:
    person, about = talk.person, talk.asked
    shown_at = talk.answers.shown_at
    with force_locale(talk.language):
        interview = render_template(
            "calls/_interview.html",
            talk=talk,
            version=about.version,
            whys=WHYS,
            fault=fault,
            shown_at=shown_at if is_ours(shown_at, about.invitation_id) else stamp(about.invitation_id),
            script=script_for(about, talk.language, current_user.name),
        )
    empty = {
        "nobody_form": NobodyForm(formdata=None, prefix="nobody-"),
        "refused_form": RefusedForm(formdata=None, prefix="refused-"),
    }
    if "later_form" not in forms:
        empty["later_form"] = later_form(about, formdata=None, day=today() + timedelta(days=1))
    return render_template(
        "calls/call.html",
        person=person,
        talk=talk,
        interview=Markup(interview),  # noqa: S704  # made by a template of ours, which escapes
        outcomes={name: words.CALLS[name] for name in NOBODY},
        moment=now(),
        **empty | forms,
    )
