"""The headers of every answer, and the names this site answers to."""

from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from survey import create_app
from tests.engines import settings_for

pytestmark = pytest.mark.sqlite


@pytest.fixture
def secure(database_url: str, tmp_path: Path) -> FlaskClient:
    """A stranger at an installation behind https."""
    return create_app(settings_for(tmp_path, database_url, base_url="https://leaving.example.org")).test_client()


def test_policy_allows_only_our_own_files(client: FlaskClient) -> None:
    policy = client.get("/login").headers["Content-Security-Policy"]
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
    assert rules["default-src"] == "'none'"
    assert rules["script-src"] == "'self'"
    assert rules["style-src"] == "'self'"
    assert rules["frame-ancestors"] == "'none'"
    assert "unsafe" not in policy


@pytest.mark.parametrize("path", ["/login", "/nothing", "/static/whyleft.css", "/"])
def test_every_answer_carries_the_safe_headers(client: FlaskClient, path: str) -> None:
    headers = client.get(path, buffered=True).headers
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "same-origin"
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert "camera=()" in headers["Permissions-Policy"]


def test_pages_are_not_kept_and_files_may_be(client: FlaskClient) -> None:
    assert client.get("/login").headers["Cache-Control"] == "no-store"
    assert "no-store" not in client.get("/static/whyleft.css", buffered=True).headers["Cache-Control"]


@pytest.mark.parametrize("host", ["evil", "evil.example", "127.0.0.1.evil.example", "127.0.0.1:80@evil", "", "a b"])
def test_other_host_names_are_refused(client: FlaskClient, host: str) -> None:
    answer = client.get("/login", headers={"Host": host})
    assert answer.status_code == 400
    assert "evil" not in answer.text


def test_host_named_by_a_proxy_is_not_believed(client: FlaskClient) -> None:
    answer = client.get("/users", headers={"X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "https"})
    assert answer.location == "/login?next=/users"


def test_further_hosts_of_the_settings_are_answered(database_url: str, tmp_path: Path) -> None:
    client = create_app(settings_for(tmp_path, database_url, hosts="inside.example.org")).test_client()
    assert client.get("/login", headers={"Host": "inside.example.org"}).status_code == 200


def test_cookies_are_out_of_reach_of_scripts_and_other_sites(client: FlaskClient) -> None:
    cookies = client.get("/login?lang=nl").headers.getlist("Set-Cookie")
    assert {cookie.split("=")[0] for cookie in cookies} == {"session", "language"}
    assert all("HttpOnly" in cookie and "SameSite=Lax" in cookie for cookie in cookies)


def test_https_is_asked_for_only_where_it_is_there(client: FlaskClient, secure: FlaskClient) -> None:
    assert "Strict-Transport-Security" not in client.get("/login").headers
    answer = secure.get("/login?lang=nl", base_url="https://leaving.example.org")
    assert "max-age=31536000" in answer.headers["Strict-Transport-Security"]
    assert all("Secure" in cookie for cookie in answer.headers.getlist("Set-Cookie"))


@pytest.mark.parametrize(
    "cookie", ["session=x", "session=" + "x" * 8000, "session=a; session=b", "session=.e\xe9", "language=\x01"]
)
def test_broken_cookies_never_break_a_page(client: FlaskClient, cookie: str) -> None:
    """B17, CVE-2025-41076: a session cookie nobody can read is a new visitor."""
    assert client.get("/login", headers={"Cookie": cookie}).status_code == 200


def test_session_of_another_key_is_nobody(
    app: Flask, sign_in: Callable[..., FlaskClient], database_url: str, tmp_path: Path
) -> None:
    cookie = sign_in("administrator").get_cookie("session")
    assert cookie is not None
    other = create_app(settings_for(tmp_path, database_url, secret_key="another secret, also long enough to be one"))
    assert other.test_client().get("/users", headers={"Cookie": f"session={cookie.value}"}).status_code == 302
