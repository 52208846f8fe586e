"""What the pages share that are for people who do not sign in: how a form is read, and how a page leaves."""

import gzip
from urllib.parse import urlsplit

import structlog
from flask import Response, abort, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import force_locale
from werkzeug.datastructures import MultiDict

from survey import web
from survey.accounts.tries import count_try, network_of, too_many
from survey.extensions import db
from survey.responses.fields import TooManyFields, read_fields
from survey.responses.forms import typed

FORM_TYPE = "application/x-www-form-urlencoded"
#: pages smaller than this are sent as they are
WORTH_PACKING = 2048

log = structlog.get_logger()


def sent_fields() -> "MultiDict[str, str]":
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


def is_from_another_site() -> bool:
    """Whether the browser says that another site sent this. Programs that say nothing are believed."""
    site = request.headers.get("Sec-Fetch-Site")
    if site:
        return site in ("cross-site", "same-site")
    origin = request.headers.get("Origin", "null")
    return origin != "null" and urlsplit(origin).netloc != request.host


def guesses_too_often(limit: int) -> bool:
    """Whether this network opened `limit` links a minute that are not ours; one that did not is counted once more."""
    source = network_of(request.remote_addr)
    if too_many("link", source, limit):
        return True
    count_try("link", source)
    return False


def give_back(error: Exception, language: str) -> ResponseReturnValue:
    """The page of a form that could not be stored: what was typed, to be sent again in a moment."""
    db.session.rollback()
    log.warning("answer could not be stored", error=type(error).__name__)
    given = sent_fields()
    with force_locale(language):
        page = render_template("responses/busy.html", given=given, kept=typed(given), action=request.path)
    return page, 503, {"Retry-After": web.RETRY_AFTER_SECONDS}


def ease(response: Response) -> Response:
    """Spare a slow phone: compress a page for whoever can read that (what is secret in it is its own address, which its
    reader knows), and ask for no window group of its own.

    `Cross-Origin-Opener-Policy: same-origin` keeps other sites' windows away from a signed-in session. These pages have
    none, and the browser would start another process when the answer comes: a tenth of the time until a reason shows.
    """
    response.headers["Cross-Origin-Opener-Policy"] = "unsafe-none"
    response.vary.add("Accept-Encoding")
    wanted = request.accept_encodings.quality("gzip") and response.mimetype == "text/html"
    if wanted and not response.direct_passthrough:
        page = response.get_data()
        if len(page) >= WORTH_PACKING:
            response.set_data(gzip.compress(page, 6, mtime=0))
            response.content_encoding = "gzip"
    return response
