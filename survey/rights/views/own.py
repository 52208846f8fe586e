"""The pages of a person's own link: what is held, a copy of it, and being forgotten. Nobody signs in here.

As on the form, there is no session: the link is a secret that only the person holds, and a POST that a browser says
comes from another site is refused. Whoever holds the link sees what is held, so it is asked for by few and seldom.
"""

from flask import Blueprint, Response, abort, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import force_locale

from survey import web
from survey.accounts.tries import count_try, too_many
from survey.extensions import csrf, db
from survey.responses.web import FORM_TYPE, ease, guesses_too_often, is_from_another_site, sent_fields
from survey.rights.erasing import UnknownCustomer
from survey.rights.export import export_of, file_name
from survey.rights.labels import told
from survey.rights.links import Owner, owner_of
from survey.rights.person import Held, held
from survey.rights.requests import EXPORT, PERSON, asked_and_done
from survey.rights.views.room import erase_now

#: links that are not ours, a minute, from one address
WRONG_LINKS = 30
#: pages and copies an hour of one person
SEEN_AN_HOUR = 30
#: rows of a part that the page shows; the copy has all
SHOWN = 20

blueprint = Blueprint("my_data", __name__, url_prefix="/my-data")
blueprint.after_request(ease)
csrf.exempt(blueprint)


@blueprint.get("/<token>")
def show(token: str) -> ResponseReturnValue:
    """What is held of whoever holds this link."""
    owner = _owner(token)
    with force_locale(_language(owner)):
        mine = _held(owner)
        if mine is None:
            return _gone()
        contact = web.settings().privacy_contact
        return render_template("rights/my_data.html", token=token, held=mine, told=told, shown=SHOWN, contact=contact)


@blueprint.post("/<token>/copy")
def copy(token: str) -> ResponseReturnValue:
    """All of it as a file. That it was asked for is noted."""
    owner = _owner(token)
    with force_locale(_language(owner)):
        _must_come_from_here()
        mine = _held(owner)
        if mine is None:
            return _gone()
        asked_and_done(mine.customer_id, EXPORT, PERSON)
        file = export_of(mine)
        db.session.commit()
        headers = {"Content-Disposition": f'attachment; filename="{file_name(mine)}"'}
        return file, 200, {"Content-Type": "application/zip", **headers}


@blueprint.route("/<token>/erase", methods=["GET", "POST"])
def erase(token: str) -> ResponseReturnValue:
    """Being forgotten: GET asks whether that is meant, POST does it. Twice is once."""
    owner = _owner(token)
    with force_locale(_language(owner)):
        if owner.erased:
            return _gone()
        if request.method != "POST":
            return render_template("rights/my_data_erase.html", token=token)
        _must_come_from_here()
        return _erase(token, owner)


def _erase(token: str, owner: Owner) -> ResponseReturnValue:
    try:
        erase_now(owner.customer_id, PERSON)
    except UnknownCustomer:
        db.session.rollback()
        return _gone()
    return redirect(url_for(".show", token=token, lang=web.language()), 303)


def _owner(token: str) -> Owner:
    """Whoever this link was made for; ends the request where it is no link of ours."""
    owner = owner_of(token)
    if owner is None:
        abort(_unknown_link(429 if guesses_too_often(WRONG_LINKS) else 404))
    return owner


def _held(owner: Owner) -> Held | None:
    """What is held, asked for only so often: to gather it takes some twenty questions to the database."""
    source = f"customer:{owner.customer_id}"
    if too_many("my data", source, SEEN_AN_HOUR, minutes=60):
        abort(_too_often())
    count_try("my data", source)
    return held(owner.customer_id)


def _must_come_from_here() -> None:
    """A copy or an erasure is asked for by a form of ours, with nothing in it but the language."""
    if request.mimetype != FORM_TYPE:
        abort(415)
    if is_from_another_site():
        abort(make_response(render_template("rights/my_data_elsewhere.html"), 422))


def _gone() -> ResponseReturnValue:
    return render_template("rights/my_data_gone.html"), 410


def _unknown_link(status: int) -> Response:
    with force_locale(_language(None)):
        response = make_response(render_template("responses/unknown.html", status=status), status)
    if status == 429:
        response.headers["Retry-After"] = "60"
    return response


def _too_often() -> Response:
    return make_response(render_template("rights/my_data_later.html"), 429, {"Retry-After": "3600"})


def _language(owner: Owner | None) -> str:
    sent = sent_fields() if request.method == "POST" and request.mimetype == FORM_TYPE else request.args
    wish = sent.get("lang")
    if wish in web.LANGUAGES:
        return str(wish)
    if owner is not None:
        return owner.language
    return request.accept_languages.best_match(web.LANGUAGES) or "nl"
