"""The pages of people who are asked: the form, the thanks, and never being asked again. Nobody signs in here.

These pages carry no session, so they have no session token against forged requests. What stands in for it: the
link itself is a secret that only the person asked holds, and a POST that a browser says comes from another site
gets the form back, with the text in it. The one-click POST of RFC 8058 comes from a mail program and is taken
wherever it comes from; the worst it can do is to leave somebody in peace.
"""

from typing import Any

import structlog
from flask import Blueprint, abort, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import force_locale
from flask_babel import gettext as _
from sqlalchemy.exc import OperationalError
from werkzeug.datastructures import MultiDict

from survey import web
from survey.clock import local, now, today
from survey.database import reading
from survey.extensions import csrf, db
from survey.invitations.asked import Asked, asked
from survey.invitations.closing import opt_out
from survey.invitations.links import ANSWER, MY_DATA, OPT_OUT, invitation_of, token_for
from survey.questionnaires.relation import relation_sentence
from survey.responses.answering import How, mark_started, take
from survey.responses.drafts import Draft, draft_of, empty_drafts, save_draft
from survey.responses.forms import AnswerForm, typed
from survey.responses.timing import is_ours, seconds_since, stamp
from survey.responses.web import FORM_TYPE, ease, give_back, guesses_too_often, is_from_another_site, sent_fields
from survey.write_gate import GateTimeout

#: links that are not ours, a minute, from one address
WRONG_LINKS = 30

blueprint = Blueprint("responses", __name__)
blueprint.after_request(ease)
csrf.exempt(blueprint)
log = structlog.get_logger()


@blueprint.route("/a/<token>", methods=["GET", "POST"])
def form(token: str) -> ResponseReturnValue:
    """The form of one invitation; a POST stores the answer, anything else changes nothing."""
    given = sent_fields() if request.method == "POST" else request.args
    person = _person(ANSWER, token)
    draft = _draft(person) if request.method != "POST" else None
    language = _language(given, person, draft)
    with force_locale(language):
        if not person.is_open(now()):
            return _closed(person)
        if request.method != "POST":
            return _open(person, given, draft, language)
        return _receive(token, person, AnswerForm(person, given, language, may_decline=True), given)


@blueprint.get("/a/<token>/saved")
def saved(token: str) -> ResponseReturnValue:
    """What one sees after saving for later."""
    person = _person(ANSWER, token)
    draft = _draft(person)
    if draft is None:
        return redirect(url_for(".form", token=token))
    with force_locale(_language(request.args, person, draft)):
        return render_template(
            "responses/saved.html", until=local(person.expires_at), link=url_for(".form", token=token)
        )


@blueprint.get("/a/<token>/thanks")
def thanks(token: str) -> ResponseReturnValue:
    """What one sees after sending."""
    person = _person(ANSWER, token)
    if not person.is_answered:
        return redirect(url_for(".form", token=token))
    language = _language(request.args, person)
    with force_locale(language):
        return render_template("responses/thanks.html", text=person.version.text(language, "thanks"))


@blueprint.route("/stop/<token>", methods=["GET", "POST"])
def stop(token: str) -> ResponseReturnValue:
    """Never to be asked again: GET shows a button, POST does it. Works as long as the invitation is known."""
    person = _person(OPT_OUT, token)
    given = sent_fields() if request.mimetype == FORM_TYPE else request.args
    with force_locale(_language(given, person)):
        if request.method != "POST":
            return render_template("responses/stop.html")
        opt_out(person.invitation_id)
        empty_drafts([person.invitation_id])
        db.session.commit()
        return render_template("responses/stopped.html")


@blueprint.errorhandler(OperationalError)
@blueprint.errorhandler(GateTimeout)
def keep_text(error: Exception) -> ResponseReturnValue:
    """The database is busy, full or away: give back what was typed, to be sent again in a moment."""
    if request.method != "POST" or request.endpoint != "responses.form":
        return web.show_busy(error)
    return give_back(error, _language(sent_fields(), None))


def _draft(person: Asked) -> Draft | None:
    """What this person saved for later; nobody who has sent nothing has saved anything."""
    return draft_of(person.invitation_id) if person.started and person.is_open(now()) else None


def _open(person: Asked, given: "MultiDict[str, str]", draft: Draft | None, language: str) -> ResponseReturnValue:
    """The form as it was saved, or empty; a reason in the address, tapped in the mail, is only chosen, not stored."""
    fields = MultiDict(draft.fields) if draft else MultiDict[str, str]()
    if given.get("reason"):
        fields["reason"] = str(given.get("reason"))
    return _show(person, AnswerForm(person, fields, language, may_decline=True), saved_at=draft and draft.saved_at)


def _receive(token: str, person: Asked, answers: AnswerForm, given: "MultiDict[str, str]") -> ResponseReturnValue:
    if is_from_another_site():
        return _show(person, answers, 422, _("This did not come from our own page. Please send it again from here."))
    if given.get("switch") in web.LANGUAGES:
        return _keep_begun(person, _show(person, answers, kept=True))
    if given.get("save"):
        save_draft(person.invitation_id, answers.language, typed(given))
        return _keep_begun(person, redirect(url_for(".saved", token=token, lang=answers.language), 303))
    if strange := answers.strange_fields(given):
        log.warning("unknown fields ignored", count=strange)
    if not answers.validate():
        return _keep_begun(person, _show(person, answers, 422))
    seconds = seconds_since(answers.shown_at, person.invitation_id)
    taken = take(person, answers.answer(), How(seconds_taken=seconds))
    db.session.commit()
    if not taken:
        return _closed(_reload(person))
    return redirect(url_for(".thanks", token=token, lang=answers.language), 303)


def _keep_begun(person: Asked, page: ResponseReturnValue) -> ResponseReturnValue:
    """Note that somebody began, together with what was saved."""
    mark_started(person.invitation_id)
    db.session.commit()
    return page


def _show(person: Asked, answers: AnswerForm, status: int = 200, fault: str = "", **more: Any) -> ResponseReturnValue:
    """The form. `more`: `kept` where what was typed stands in it, `saved_at` where it was saved for later."""
    shown_before = is_ours(answers.shown_at, person.invitation_id)
    page = render_template(
        "responses/form.html",
        version=person.version,
        answers=answers,
        intro=relation_sentence(person.version, answers.language, person.spell, today()),
        fault=fault,
        kept=more.get("kept", False) or status != 200,
        saved_at=more.get("saved_at"),
        shown_at=answers.shown_at if shown_before else stamp(person.invitation_id),
        stop_token=token_for(OPT_OUT, person.invitation_id),
        my_data_token=token_for(MY_DATA, person.invitation_id),
        keep_words_days=person.keep_words_days,
        privacy_contact=web.settings().privacy_contact,
    )
    return page, status


def _closed(person: Asked) -> ResponseReturnValue:
    """The page of an invitation that is over."""
    if person.is_answered and not person.erased:
        return render_template("responses/already.html")
    return render_template("responses/gone.html"), 410


def _person(purpose: str, token: str) -> Asked:
    """Whoever this link was made for; ends the request where it is no link of ours."""
    number = invitation_of(purpose, token)
    if number is None:
        _refuse_guesses()
    with reading():
        person = asked(number) if number else None
        db.session.rollback()
    if person is None:
        abort(_unknown_link(404))
    return person


def _reload(person: Asked) -> Asked:
    return asked(person.invitation_id) or person


def _refuse_guesses() -> None:
    if guesses_too_often(WRONG_LINKS):
        abort(_unknown_link(429))


def _unknown_link(status: int) -> Any:
    with force_locale(_language(request.args, None)):
        response = make_response(render_template("responses/unknown.html", status=status), status)
    if status == 429:
        response.headers["Retry-After"] = "60"
    return response


def _language(given: "MultiDict[str, str]", person: Asked | None, draft: Draft | None = None) -> str:
    for wish in (given.get("switch"), given.get("lang")):
        if wish in web.LANGUAGES:
            return str(wish)
    if draft is not None:
        return draft.language
    if person is not None:
        return person.language
    return request.accept_languages.best_match(web.LANGUAGES) or "nl"
