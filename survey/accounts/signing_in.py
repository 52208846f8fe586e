"""Flask-Security set up for this house, and the audit entries of what people do with it."""

from datetime import timedelta
from typing import Any

from flask import Flask, g, session
from flask_login import user_logged_out
from flask_security import Security, SQLAlchemyUserDatastore
from flask_security.signals import password_changed, password_reset, user_authenticated

from survey.accounts import audit
from survey.accounts.forms import NewPasswordForm, OwnPasswordForm, SignInForm
from survey.accounts.mails import AccountMail
from survey.accounts.models import Role, User
from survey.accounts.words import MESSAGES
from survey.extensions import db

RULES: dict[str, Any] = {
    "PASSWORD_HASH": "argon2",
    # argon2 salts by itself; hashing twice would tie every password to the secret key
    "PASSWORD_SINGLE_HASH": {"argon2"},
    # for the hash of a hash inside a link: a slow one would tell by its time which accounts exist
    "HASHING_SCHEMES": ["hex_sha256"],
    "DEPRECATED_HASHING_SCHEMES": [],
    "PASSWORD_LENGTH_MIN": 12,
    "RETURN_GENERIC_RESPONSES": True,
    "CHANGEABLE": True,
    "RECOVERABLE": True,
    "RESET_PASSWORD_WITHIN": timedelta(days=1),
    "AUTO_LOGIN_AFTER_RESET": False,
    "DEFAULT_REMEMBER_ME": False,
    "LOGOUT_METHODS": ["POST"],
    "POST_LOGIN_VIEW": "/",
    "POST_LOGOUT_VIEW": "/login",
    "POST_CHANGE_VIEW": "/",
    "API_ENABLED_METHODS": ["session"],
    "EMAIL_HTML": False,
    # web.add_safe_headers says "no-store" for every page
    "CACHE_CONTROL": None,
    "STATIC_FOLDER": None,
    "STATIC_FOLDER_URL": None,
    "I18N_DOMAIN": "messages",
    # no page asks to sign in again in the middle of a session
    "FRESHNESS": timedelta(seconds=-1),
}


def init_app(app: Flask) -> None:
    app.config.update({f"SECURITY_{name}": value for name, value in RULES.items()})
    app.config.update({f"SECURITY_MSG_{name}": (text, "error") for name, text in MESSAGES.items()})
    app.config["SECURITY_MSG_PASSWORD_CHANGE"] = (MESSAGES["PASSWORD_CHANGE"], "success")
    app.config["SECURITY_MSG_PASSWORD_RESET_NO_LOGIN"] = (MESSAGES["PASSWORD_RESET_NO_LOGIN"], "success")
    app.config["SECURITY_MSG_UNAUTHENTICATED"] = (MESSAGES["UNAUTHENTICATED"], "message")
    app.config["SECURITY_I18N_DIRNAME"] = [f"{app.root_path}/translations"]
    security = Security(
        app,
        SQLAlchemyUserDatastore(db, User, Role),
        mail_util_cls=AccountMail,
        login_form=SignInForm,
        reset_password_form=NewPasswordForm,
        change_password_form=OwnPasswordForm,
    )
    security.want_json(lambda request: False)
    for signal, hear in (
        (user_authenticated, on_sign_in),
        (user_logged_out, on_sign_out),
        (password_changed, on_new_password),
        (password_reset, on_new_password),
    ):
        signal.connect(hear, app)


def on_sign_in(app: Flask, user: User, **_: Any) -> None:
    """A token that was planted before the person signed in is worth nothing afterwards."""
    session.pop("csrf_token", None)
    g.pop("csrf_token", None)
    audit.record("signed in", user.id, about=("user", user.id))


def on_sign_out(app: Flask, user: User, **_: Any) -> None:
    session.clear()
    audit.record("signed out", user.id, about=("user", user.id))


def on_new_password(app: Flask, user: User, **_: Any) -> None:
    audit.record("password set", user.id, about=("user", user.id))
