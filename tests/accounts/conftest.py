"""People with passwords, and forms sent the way a browser sends them."""

import re
from collections.abc import Callable
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from survey.accounts import users
from survey.accounts.models import User
from survey.database import writing
from survey.extensions import db

PASSWORD = "correct horse battery staple"


@pytest.fixture
def submit() -> Callable[..., TestResponse]:
    """Open a page, fill in its form and send it with the page's own token."""

    def send(client: FlaskClient, page: str, fields: dict[str, object], to: str = "") -> TestResponse:
        text = client.get(page).text
        hidden = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', text))
        assert "csrf_token" in hidden, f"{page} has no form"
        return client.post(to or page, data={**hidden, **fields}, buffered=True)

    return send


@pytest.fixture
def member(app: Flask, user: Callable[..., int]) -> Callable[..., str]:
    """A user with these roles and the password PASSWORD; gives the address."""

    def make(*roles: str) -> str:
        person = user(*roles)
        with app.app_context(), writing():
            found = db.session.get_one(User, person)
            users.set_password(found, PASSWORD)
            db.session.commit()
            return found.email

    return make


@pytest.fixture
def enter(submit: Callable[..., TestResponse]) -> Callable[..., TestResponse]:
    """Try to sign in on the page."""

    def send(client: FlaskClient, email: str, password: str = PASSWORD, next: str = "") -> TestResponse:
        page = f"/login?lang=en&next={next}" if next else "/login?lang=en"
        return submit(client, page, {"email": email, "password": password}, to="/login")

    return send


@pytest.fixture
def mails(tmp_path: Path) -> Callable[[], list[EmailMessage]]:
    """The mails that went out so far, oldest first."""

    def read() -> list[EmailMessage]:
        files = sorted((tmp_path / "mail").rglob("*.eml"), key=lambda file: file.stat().st_mtime_ns)
        return [message_from_bytes(file.read_bytes(), policy=policy.default) for file in files]

    return read
