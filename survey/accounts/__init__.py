"""Users, roles, sign-in and the audit log."""

from flask import Flask

from survey.accounts import signing_in
from survey.accounts.access import guard


def init_app(app: Flask) -> None:
    signing_in.init_app(app)
    app.before_request(guard)
