"""The pages of people who are asked: the form, the thanks, and never being asked again. Nobody signs in here.

These pages carry no session, so they have no session token against forged requests. What stands in for it: the
link itself is a secret that only the person asked holds, and a POST that a browser says comes from another site
gets the form back, with the text in it. The one-click POST of RFC 8058 comes from a mail program and is taken
wherever it comes from; the worst it can do is to leave somebody in peace.
"""

from typing import Any
from urllib.parse import urlsplit

import structlog
from flask import Blueprint, abort, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import force_locale
from flask_babel import gettext as _
from sqlalchemy.exc import OperationalError
from werkzeug.datastructures import MultiDict

from survey import web
from survey.accounts.tries import count_try, network_of, too_many
from survey.clock import now, today
from survey.database import reading
from survey.extensions import csrf, db
from survey.invitations.asked import Asked, asked
from survey.invitations.closing import opt_out
from survey.invitations.links import ANSWER, OPT_OUT, invitation_of, token_for
from survey.questionnaires.relation import relation_sentence
from survey.responses.answering import take
from survey.responses.fields import TooManyFields, read_fields
from survey.responses.forms import AnswerForm
from survey.write_gate import GateTimeout

#: links that are not ours, a minute, from one address
WRONG_LINKS = 30
FORM_TYPE = "application/x-www-form-urlencoded"

blueprint = Blueprint("responses", __name__)
csrf.exempt(blueprint)
log = structlog.get_logger()


@blueprint.route("/a/<token>", methods=["GET", "POST"])
def form(token: str) -> ResponseReturnValue:
    """The form of one invitation; a POST stores the answer, anything else changes nothing."""
    given = _fields() if request.method == "POST" else request.args
    person = _person(ANSWER, token)
    language = _language(given, person)
    with force_locale(language):
        if not person.is_open(now()):
            return _closed(person)
        if request.method != "POST":
            return _show(person, AnswerForm(person, MultiDict(given), language))
        return _receive(token, person, AnswerForm(person, given, language), given)


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
    given = _fields() if request.mimetype == FORM_TYPE else request.args
    with force_locale(_language(given, person)):
        if request.method != "POST":
            return render_template("responses/stop.html")
        opt_out(person.invitation_id)
        db.session.commit()
        return render_template("responses/stopped.html")


@blueprint.errorhandler(OperationalError)
@blueprint.errorhandler(GateTimeout)
def keep_text(error: Exception) -> ResponseReturnValue:
    """The database is busy, full or away: give back what was typed, to be sent again in a moment."""
    if request.method != "POST" or request.endpoint != "responses.form":
        return web.show_busy(error)
    db.session.rollback()
    log.warning("answer could not be stored", error=type(error).__name__)
    given = _fields()
    with force_locale(_language(given, None)):
        page = render_template("responses/busy.html", given=given, action=request.path)
    return page, 503, {"Retry-After": web.RETRY_AFTER_SECONDS}


def _receive(token: str, person: Asked, answers: AnswerForm, given: "MultiDict[str, str]") -> ResponseReturnValue:
    if given.get("switch") in web.LANGUAGES:
        return _show(person, answers, kept=True)
    if _from_another_site():
        return _show(person, answers, 422, _("This did not come from our own page. Please send it again from here."))
    if strange := answers.strange_fields(given):
        log.warning("unknown fields ignored", count=strange)
    if not answers.validate():
        return _show(person, answers, 422)
    taken = take(person, answers.answer())
    db.session.commit()
    if not taken:
        return _closed(_reload(person))
    return redirect(url_for(".thanks", token=token, lang=answers.language), 303)


def _show(
    person: Asked, answers: AnswerForm, status: int = 200, fault: str = "", kept: bool = False
) -> ResponseReturnValue:
    page = render_template(
        "responses/form.html",
        version=person.version,
        answers=answers,
        intro=relation_sentence(person.version, answers.language, person.spell, today()),
        fault=fault,
        kept=kept or status != 200,
        stop_token=token_for(OPT_OUT, person.invitation_id),
        keep_words_days=web.settings().keep_words_days,
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
    source = network_of(request.remote_addr)
    if too_many("link", source, WRONG_LINKS):
        abort(_unknown_link(429))
    count_try("link", source)


def _unknown_link(status: int) -> Any:
    with force_locale(_language(request.args, None)):
        response = make_response(render_template("responses/unknown.html", status=status), status)
    if status == 429:
        response.headers["Retry-After"] = "60"
    return response


def _fields() -> "MultiDict[str, str]":
    """What was sent in; ends the request where it is no form, or none of ours."""
    if request.mimetype != FORM_TYPE:
        abort(415)
    body = request.get_data()
    # a body of unknown length is cut off at the limit without a word
    if request.content_length is None and len(body) >= (request.max_content_length or 0):
        abort(413)
    try:
        return read_fields(body)
    except TooManyFields:
        abort(413)


def _language(given: "MultiDict[str, str]", person: Asked | None) -> str:
    for wish in (given.get("switch"), given.get("lang")):
        if wish in web.LANGUAGES:
            return str(wish)
    if person is not None:
        return person.language
    return request.accept_languages.best_match(web.LANGUAGES) or "nl"


def _from_another_site() -> bool:
    """Whether the browser says that another site sent this. Programs that say nothing are believed."""
    site = request.headers.get("Sec-Fetch-Site")
    if site:
        return site in ("cross-site", "same-site")
    origin = request.headers.get("Origin", "null")
    return origin != "null" and urlsplit(origin).netloc != request.host
