"""Who may come where. Nothing is open unless it is named here or its view says who may."""

from collections.abc import Callable
from typing import Any, TypeVar

from flask import Flask, abort, current_app, request
from flask.typing import ResponseReturnValue
from flask_login import current_user
from sqlalchemy import ColumnElement, true
from sqlalchemy.orm import InstrumentedAttribute

from survey.accounts.models import ROLES, User

F = TypeVar("F", bound=Callable[..., Any])

#: endpoints that anybody may use, signed in or not
PUBLIC = frozenset(
    {
        "static",
        "health.healthz",
        "health.readyz",
        "my_data.copy",
        "my_data.erase",
        "my_data.show",
        "privacy.show",
        "responses.form",
        "responses.saved",
        "responses.stop",
        "responses.thanks",
        "security.forgot_password",
        "security.login",
        "security.reset_password",
        "walk_in.form",
        "walk_in.thanks",
    }
)
#: endpoints that any signed-in person may use
SIGNED_IN = frozenset({"home.start", "security.logout", "security.change_password"})


def allow(*roles: str) -> Callable[[F], F]:
    """Mark a view as open to users who have one of these roles."""
    unknown = set(roles) - set(ROLES)
    if unknown or not roles:
        raise ValueError(f"name one or more of {ROLES}, not {roles}")

    def mark(view: F) -> F:
        view.allowed_roles = roles  # type: ignore[attr-defined]  # read by guard() and by the URL map test
        return view

    return mark


def allowed_roles(app: Flask, endpoint: str) -> tuple[str, ...]:
    """The roles that may use an endpoint; empty where its view names none."""
    return getattr(app.view_functions[endpoint], "allowed_roles", ())


def guard() -> ResponseReturnValue | None:
    """Before every request: turn away whoever may not come here."""
    endpoint = request.endpoint
    if endpoint is None or endpoint in PUBLIC:
        return None
    if not current_user.is_authenticated:
        return current_app.login_manager.unauthorized()  # type: ignore[attr-defined,no-any-return]
    if endpoint in SIGNED_IN:
        return None
    if not any(current_user.has_role(role) for role in allowed_roles(current_app, endpoint)):
        abort(403)
    return None


def visible(user: User, branch_id: InstrumentedAttribute[Any]) -> ColumnElement[bool]:
    """The condition that keeps a query to the branches this user may see."""
    return branch_id.in_(user.branch_ids) if user.branch_ids else true()
