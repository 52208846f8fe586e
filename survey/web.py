"""What every request of the site shares: one transaction, safe headers, language, and errors in words."""

import secrets
from typing import Any

import structlog
from flask import Flask, Response, current_app, g, has_request_context, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import get_locale
from flask_login import AnonymousUserMixin, current_user
from flask_wtf.csrf import CSRFError
from sqlalchemy.exc import DataError, DBAPIError, OperationalError
from werkzeug.exceptions import HTTPException, SecurityError
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.routing import IntegerConverter

from survey import database
from survey.config import Settings
from survey.extensions import db
from survey.write_gate import GateTimeout

LANGUAGES = ("nl", "en")
SAFE_METHODS = ("GET", "HEAD", "OPTIONS")
RETRY_AFTER_SECONDS = "2"

CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src {styles}; img-src 'self' data:; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)

log = structlog.get_logger()


class Whyleft(Flask):
    """Flask, with the settings at hand and one writing transaction around every request that may write."""

    def __init__(self, name: str, settings: Settings) -> None:
        super().__init__(name, template_folder="../templates", instance_path=str(settings.instance))
        self.settings = settings
        #: for migrations, which import nothing of ours
        self.writing = database.writing

    def full_dispatch_request(self) -> Response:
        if request.method in SAFE_METHODS:
            return super().full_dispatch_request()
        with database.writing():
            return super().full_dispatch_request()

    def dispatch_request(self) -> ResponseReturnValue:
        """Run the view; where PostgreSQL asks for it, the whole view again."""
        for _ in range(database.TRIES - 1):
            try:
                return super().dispatch_request()
            except DBAPIError as error:
                db.session.rollback()
                if not database.should_retry(error):
                    raise
        return super().dispatch_request()


class RowNumber(IntegerConverter):
    """A number in an address: no longer than every engine takes for a key."""

    regex = r"\d{1,9}"


def settings() -> Settings:
    """The settings of the application that is running."""
    return current_app.settings  # type: ignore[attr-defined,no-any-return]  # current_app is always a Whyleft


def choose_language() -> str:
    """What the person chose, else what the account says, else what the browser asks for, else Dutch."""
    if not has_request_context():
        return "en"  # commands speak English; mail says itself which language it is in
    chosen = request.args.get("lang") or request.cookies.get("language")
    if chosen in LANGUAGES:
        return str(chosen)
    if current_user.is_authenticated:
        return str(current_user.language)
    return request.accept_languages.best_match(LANGUAGES) or "nl"


def language() -> str:
    """The language of what is being written now: nl or en."""
    return "nl" if str(get_locale() or "nl").startswith("nl") else "en"


def init_app(app: Whyleft) -> None:
    if app.settings.proxies:
        app.wsgi_app = ProxyFix(  # type: ignore[method-assign]  # the documented way to put a layer around it
            app.wsgi_app, x_for=app.settings.proxies, x_proto=app.settings.proxies
        )
    app.url_map.converters["int"] = RowNumber
    app.after_request(add_safe_headers)
    app.register_error_handler(HTTPException, show_http_error)
    app.register_error_handler(CSRFError, show_http_error)
    app.register_error_handler(GateTimeout, show_busy)
    app.register_error_handler(OperationalError, show_busy)
    app.register_error_handler(DataError, show_senseless)
    app.register_error_handler(Exception, show_failure)
    app.context_processor(page_context)


def add_safe_headers(response: Response) -> Response:
    styles = f"'self' 'nonce-{g.nonce}'" if "nonce" in g else "'self'"
    headers = response.headers
    headers.setdefault("Content-Security-Policy", CONTENT_SECURITY_POLICY.format(styles=styles))
    headers.setdefault("X-Content-Type-Options", "nosniff")
    headers.setdefault("Referrer-Policy", "same-origin")
    headers.setdefault("Permissions-Policy", "camera=(), geolocation=(), microphone=()")
    headers.setdefault("Cross-Origin-Opener-Policy", "same-origin")
    if request.endpoint != "static":
        headers.setdefault("Cache-Control", "no-store")
    if settings().base_url.startswith("https://"):
        headers.setdefault("Strict-Transport-Security", "max-age=31536000; includeSubDomains")
    return response


def page_context() -> dict[str, Any]:
    """Names that every template may use."""
    return {
        "organisation": settings().organisation,
        "language": language(),
        "demo": settings().demo,
        "nonce": page_nonce,
    }


def page_nonce() -> str:
    """The nonce of this response's inline style; made when a template first asks for it."""
    if "nonce" not in g:
        g.nonce = secrets.token_urlsafe(16)
    return str(g.nonce)


def show_http_error(error: HTTPException) -> ResponseReturnValue:
    if error.response is not None:
        return error.response
    if isinstance(error, SecurityError):
        # no address of ours can be built for a host that is not ours, so there is no page to show
        return Response("This site is not known by that name.\n", 400, mimetype="text/plain")
    code = error.code or 500
    more = {name: value for name, value in error.get_headers() if name in ("Retry-After", "Allow")}
    return render_template("errors/http.html", code=code), code, more


def forget_who_asks() -> None:
    """Show the page to nobody in particular: to look the person up would ask the database that has just failed."""
    g._login_user = AnonymousUserMixin()  # where Flask-Login keeps the person of this request


def show_busy(error: Exception) -> ResponseReturnValue:
    """The database is busy, full, read-only or away: say so, and when to come back."""
    db.session.rollback()
    forget_who_asks()
    log.warning("database unavailable", error=type(error).__name__, endpoint=request.endpoint)
    return render_template("errors/http.html", code=503), 503, {"Retry-After": RETRY_AFTER_SECONDS}


def show_senseless(error: Exception) -> ResponseReturnValue:
    """An address asks for what PostgreSQL cannot look for, such as text with a NUL; anywhere else it is our fault."""
    if request.method not in SAFE_METHODS or not request.query_string:
        return show_failure(error)
    db.session.rollback()
    log.warning("senseless address", endpoint=request.endpoint)
    return render_template("errors/http.html", code=400), 400


def show_failure(error: Exception) -> ResponseReturnValue:
    """A fault of ours: logged with its trace, shown without it."""
    if current_app.testing or current_app.debug:
        raise error
    forget_who_asks()
    log.error("request failed", endpoint=request.endpoint, exc_info=error)
    return render_template("errors/http.html", code=500), 500
