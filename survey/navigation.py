"""The menu by role, the language switch, and the address of this page with something changed."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from flask import Flask, Response, current_app, has_request_context, request, url_for
from flask_babel import lazy_gettext as _
from flask_login import current_user

from survey.accounts.access import SIGNED_IN, allowed_roles
from survey.assets import asset, vendored
from survey.web import LANGUAGES

LANGUAGE_COOKIE_SECONDS = 365 * 86400
#: pages of people who are asked: their forms carry the language themselves
WITHOUT_COOKIES = ("my_data", "privacy", "responses", "walk_in")


@dataclass(frozen=True)
class Entry:
    """A place in the menu. Who sees it follows from who may open it."""

    endpoint: str
    label: Any
    #: only for who sees all branches
    of_all: bool = False


@dataclass(frozen=True)
class Link:
    url: str
    label: str
    current: bool


#: in the order in which they stand
MAIN = (
    Entry("reports.breakdown", _("Why customers leave")),
    Entry("rate.index", _("How many leave")),
    Entry("value.index", _("What a customer is worth")),
    Entry("defections.drifting", _("Who is drifting")),
    Entry("defections.index", _("Who left")),
    Entry("winback.index", _("Coming back")),
    Entry("review.queue", _("Read answers")),
    Entry("investments.overview", _("Where the money goes")),
)
#: what is wanted now and then, and for setting up: under the account
SETTING_UP = (
    Entry("notices.index", _("Notices")),
    Entry("customer.find", _("Find a customer")),
    Entry("calls.index", _("Whom to call")),
    Entry("winback.script", _("What interviewers say")),
    Entry("root_causes.index", _("What lies behind it")),
    Entry("pack.newest", _("Decision pack"), of_all=True),
    Entry("asking.index", _("How asking goes")),
    Entry("branch_links.counted", _("Answers at branches")),
    Entry("customers.imports", _("Import files")),
    Entry("defections.definitions", _("When has a customer left")),
    Entry("targeting.index", _("Who is asked what")),
    Entry("taxonomy.reasons", _("Reasons")),
    Entry("questionnaires.index", _("Questionnaires")),
    Entry("themes.found", _("New reasons")),
    Entry("models.overview", _("The model")),
    Entry("mail.index", _("Mail")),
    Entry("jobs.index", _("Jobs and schedule")),
    Entry("accounts.list_users", _("Users")),
    Entry("accounts.audit_log", _("Audit log")),
    Entry("retention.index", _("How long data is kept")),
    Entry("register.index", _("Register of what is processed")),
    Entry("doctor.page", _("Health of this installation")),
)


def may_open(endpoint: str) -> bool:
    """Whether the endpoint exists and the person signed in may use it."""
    if endpoint not in current_app.view_functions or not current_user.is_authenticated:
        return False
    roles = allowed_roles(current_app, endpoint)
    return endpoint in SIGNED_IN or any(current_user.has_role(role) for role in roles)


def links(entries: Iterable[Entry]) -> list[Link]:
    """What of this part of the menu the person signed in may open."""
    return [
        Link(url_for(entry.endpoint), str(entry.label), entry.endpoint == request.endpoint)
        for entry in entries
        if may_open(entry.endpoint) and not (entry.of_all and current_user.branch_ids)
    ]


def same_page(**changes: Any) -> str:
    """The address of this page with these parts of its query changed; None takes one out."""
    if request.endpoint is None:
        return "?" + "&".join(f"{name}={value}" for name, value in changes.items() if value is not None)
    query = {**request.args.to_dict(flat=False), **changes}
    kept = {name: value for name, value in query.items() if value is not None}
    return url_for(request.endpoint, **{**kept, **(request.view_args or {})})


def frame() -> dict[str, Any]:
    """What base.html needs; a mail, made outside a request, needs none of it."""
    signed_in = has_request_context() and current_user.is_authenticated
    return {
        "signed_in": signed_in,
        "person": (current_user.name or current_user.email) if signed_in else "",
        "person_in_short": (current_user.name or current_user.email.partition("@")[0]) if signed_in else "",
        "menu": links(MAIN) if signed_in else [],
        "setting_up": links(SETTING_UP) if signed_in else [],
    }


def remember_language(response: Response) -> Response:
    """A language chosen by a link holds until another is chosen."""
    chosen = request.args.get("lang")
    if request.blueprint in WITHOUT_COOKIES:
        return response
    if chosen in LANGUAGES and chosen != request.cookies.get("language"):
        response.set_cookie(
            "language",
            chosen,
            max_age=LANGUAGE_COOKIE_SECONDS,
            httponly=True,
            samesite="Lax",
            secure=bool(current_app.config["SESSION_COOKIE_SECURE"]),
        )
    return response


def init_app(app: Flask) -> None:
    app.context_processor(frame)
    # globals, so that a macro has them without being imported "with context"
    app.jinja_env.globals.update(may_open=may_open, same_page=same_page, vendored=vendored, asset=asset)
    app.after_request(remember_language)
