"""The form behind the short address of a branch. Anybody may fill it in, nobody signs in, and no cookie is set.

Against forged requests stands what stands for the mailed form too: a POST that a browser says comes from another site
gets the form back. Against floods: one page is one answer, and one network gives so many answers and not more.
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
from survey.accounts.tries import count_try, network_of, too_many
from survey.customers.keeping import days_of
from survey.customers.models import Branch
from survey.extensions import csrf, db
from survey.responses.forms import AnswerForm
from survey.responses.models import BranchLink
from survey.responses.walk_in.answers import Sheet, is_taken, new_sheet, sheet_of, take
from survey.responses.walk_in.links import link_with
from survey.responses.web import ease, give_back, guesses_too_often, is_from_another_site, sent_fields
from survey.write_gate import GateTimeout

#: answers of one network in so many minutes: a tablet at the counter, or the telephones of a busy hour
MOST_ANSWERS, MINUTES = 20, 10
#: codes that are not ours, a minute, from one address
WRONG_CODES = 30

blueprint = Blueprint("walk_in", __name__)
blueprint.after_request(ease)
csrf.exempt(blueprint)
log = structlog.get_logger()


@blueprint.route("/b/<code>", methods=["GET", "POST"])
def form(code: str) -> ResponseReturnValue:
    """The form of one branch; a POST stores an answer, anything else changes nothing."""
    given = sent_fields() if request.method == "POST" else request.args
    link, language = _link(code), _language(given)
    with force_locale(language):
        sheet = new_sheet(link) if link.active else None
        if sheet is None:
            return render_template("responses/gone.html"), 410
        if request.method != "POST":
            return _show(link, sheet, AnswerForm(sheet, given, language))
        return _receive(link, sheet, given, language)


@blueprint.get("/b/<code>/thanks")
def thanks(code: str) -> ResponseReturnValue:
    """What one sees after sending."""
    link, language = _link(code), _language(request.args)
    with force_locale(language):
        sheet = new_sheet(link)
        if sheet is None:
            return render_template("responses/gone.html"), 410
        return render_template("responses/thanks.html", text=sheet.version.text(language, "thanks"))


@blueprint.errorhandler(OperationalError)
@blueprint.errorhandler(GateTimeout)
def keep_text(error: Exception) -> ResponseReturnValue:
    """The database is busy, full or away: give back what was typed, to be sent again in a moment."""
    if request.method != "POST":
        return web.show_busy(error)
    return give_back(error, _language(sent_fields()))


def _receive(link: BranchLink, fresh: Sheet, given: "MultiDict[str, str]", language: str) -> ResponseReturnValue:
    sheet = sheet_of(link, given.get("at", ""))
    answers = AnswerForm(sheet or fresh, given, language)
    if sheet is None or is_from_another_site():
        fault = _("This did not come from our own page. Please send it again from here.")
        return _show(link, fresh, AnswerForm(fresh, given, language), fault=fault), 422
    if given.get("switch") in web.LANGUAGES:
        return _show(link, sheet, answers, kept=True)
    if strange := answers.strange_fields(given):
        log.warning("unknown fields ignored", count=strange)
    if not answers.validate():
        return _show(link, sheet, answers, kept=True), 422
    return _store(link, sheet, answers)


def _store(link: BranchLink, sheet: Sheet, answers: AnswerForm) -> ResponseReturnValue:
    """Store the answer and say thanks; also where this page was sent in before."""
    source, code = network_of(request.remote_addr), link.code
    if not is_taken(sheet):
        if too_many("walk-in", source, MOST_ANSWERS, MINUTES):
            fault = _("Many answers came from this network just now. Wait ten minutes and send it again.")
            return _show(link, sheet, answers, fault=fault), 429, {"Retry-After": str(MINUTES * 60)}
        taken = take(sheet, answers.answer())
        db.session.commit()
        if taken:
            count_try("walk-in", source)
    return redirect(url_for(".thanks", code=code, lang=answers.language), 303)


def _show(link: BranchLink, sheet: Sheet, answers: AnswerForm, *, fault: str = "", kept: bool = False) -> str:
    return render_template(
        "walk_in/form.html",
        version=sheet.version,
        branch=db.session.get_one(Branch, link.branch_id).name,
        answers=answers,
        stamp=sheet.stamp,
        fault=fault,
        kept=kept or bool(fault),
        keep_words_days=days_of("words"),
        privacy_contact=web.settings().privacy_contact,
    )


def _link(code: str) -> BranchLink:
    """The short address with this code; ends the request where there is none."""
    link = link_with(code)
    if link is None:
        abort(_unknown(429 if guesses_too_often(WRONG_CODES) else 404))
    return link


def _unknown(status: int) -> Any:
    with force_locale(_language(request.args)):
        response = make_response(render_template("walk_in/unknown.html", status=status), status)
    if status == 429:
        response.headers["Retry-After"] = "60"
    return response


def _language(given: "MultiDict[str, str]") -> str:
    for wish in (given.get("switch"), given.get("lang")):
        if wish in web.LANGUAGES:
            return str(wish)
    return request.accept_languages.best_match(web.LANGUAGES) or "nl"
