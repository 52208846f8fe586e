"""Users, roles, sign-in and the audit log."""

from flask import Flask
from flask_security import SQLAlchemyUserDatastore

from survey.accounts.access import guard
from survey.accounts.models import Role, User
from survey.extensions import db, security


def init_app(app: Flask) -> None:
    app.config.update(
        SECURITY_PASSWORD_HASH="argon2",  # noqa: S106  # names the algorithm
        SECURITY_PASSWORD_SALT=app.config["SECRET_KEY"],
        SECURITY_RETURN_GENERIC_RESPONSES=True,
    )
    security.init_app(app, SQLAlchemyUserDatastore(db, User, Role))
    app.before_request(guard)
