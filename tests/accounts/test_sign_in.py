"""Signing in and out: who gets in, what strangers learn, and what is written down."""

import re
import time
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from survey.accounts import audit, users
from survey.accounts.models import AuditEntry, Role, User
from survey.accounts.tries import account_key, count_try
from survey.database import writing
from survey.extensions import db

GENERIC = "This e-mail address and password do not belong together."
PASSWORD = "correct horse battery staple"


def actions(app: Flask) -> list[str]:
    with app.app_context():
        return list(db.session.scalars(select(AuditEntry.action).order_by(AuditEntry.id)))


def signed_in(client: FlaskClient) -> bool:
    return client.get("/change").status_code == 200


def test_right_password_opens_the_site(
    app: Flask, client: FlaskClient, member: Callable[..., str], enter: Callable[..., Any]
) -> None:
    answer = enter(client, member("manager").upper())
    assert (answer.status_code, answer.location) == (302, "/")
    assert signed_in(client)
    assert actions(app) == ["signed in"]


def test_unknown_person_and_wrong_password_read_the_same(
    app: Flask, client: FlaskClient, member: Callable[..., str], enter: Callable[..., Any]
) -> None:
    email = member("manager")
    wrong = enter(client, email, "not the password")
    unknown = enter(client, "nobody@example.org", "not the password")
    assert GENERIC in wrong.text
    assert without_differences(wrong.text, email) == without_differences(unknown.text, "nobody@example.org")
    assert wrong.status_code == unknown.status_code == 200
    assert actions(app) == ["sign-in failed", "sign-in failed"]


def without_differences(page: str, email: str) -> str:
    """The page without what the person typed and without its one-time token."""
    return re.sub(r'name="csrf_token" value="[^"]+"', "", page).replace(email, "")


def test_person_without_password_and_person_shut_out_read_the_same(
    app: Flask, client: FlaskClient, user: Callable[..., int], member: Callable[..., str], enter: Callable[..., Any]
) -> None:
    user("analyst")
    shut_out = member("manager")
    with app.app_context(), writing():
        users.find(shut_out).active = False
        db.session.commit()
    assert GENERIC in enter(client, "analyst-0@example.org").text
    assert GENERIC in enter(client, shut_out).text
    assert not signed_in(client)


@pytest.mark.sqlite
def test_unknown_person_takes_as_long_as_wrong_password(
    client: FlaskClient, member: Callable[..., str], enter: Callable[..., Any]
) -> None:
    def seconds(email: str) -> float:
        # of the processor, not of the clock: other work on the machine does not count
        begin = time.process_time()
        enter(client, email, "not the password")
        return time.process_time() - begin

    email = member("manager")
    seconds(email)
    known = min(seconds(email) for _ in range(4))
    unknown = min(seconds("nobody@example.org") for _ in range(4))
    assert 0.5 < unknown / known < 2


@pytest.fixture
def failed_before(app: Flask) -> Callable[..., None]:
    """So many failures from this source, counted as the page counts them."""

    def count(number: int, source: str) -> None:
        with app.app_context():
            for _ in range(number):
                count_try("sign-in failed", source)

    return count


def test_ten_wrong_passwords_make_a_pause(
    client: FlaskClient, member: Callable[..., str], enter: Callable[..., Any], failed_before: Callable[..., None]
) -> None:
    email = member("manager")
    failed_before(8, "127.0.0.1")
    assert [enter(client, email, "not the password").status_code for _ in range(2)] == [200, 200]
    refused = enter(client, email)
    assert refused.status_code == 429
    assert int(refused.headers["Retry-After"]) > 0
    assert "Too many tries" in refused.text
    assert not signed_in(client)


def test_forged_address_does_not_lift_the_pause(
    client: FlaskClient, member: Callable[..., str], enter: Callable[..., Any], failed_before: Callable[..., None]
) -> None:
    email = member("manager")
    failed_before(9, "127.0.0.1")
    client.environ_base["HTTP_X_FORWARDED_FOR"] = "203.0.113.1"
    assert enter(client, email, "not the password").status_code == 200
    client.environ_base["HTTP_X_FORWARDED_FOR"] = "203.0.113.2"
    assert enter(client, email).status_code == 429


def test_one_account_is_tried_from_many_networks_only_so_often(
    client: FlaskClient, member: Callable[..., str], enter: Callable[..., Any], failed_before: Callable[..., None]
) -> None:
    email = member("manager")
    failed_before(29, account_key(email))
    client.environ_base["REMOTE_ADDR"] = "203.0.113.1"
    assert enter(client, email, "not the password").status_code == 200
    client.environ_base["REMOTE_ADDR"] = "203.0.113.2"
    assert enter(client, email).status_code == 429


def test_sessions_end_with_the_browser_unless_asked(
    client: FlaskClient, member: Callable[..., str], enter: Callable[..., Any]
) -> None:
    answer = enter(client, member("manager"))
    cookies = [value.split("=")[0] for value in answer.headers.getlist("Set-Cookie") if "Max-Age=0" not in value]
    assert "remember_token" not in cookies
    assert client.get_cookie("session").expires is None


def test_token_planted_before_sign_in_is_worth_nothing_after(
    client: FlaskClient, member: Callable[..., str], enter: Callable[..., Any]
) -> None:
    page = client.get("/login")
    planted = re.search(r'name="csrf_token" value="([^"]+)"', page.text).group(1)
    enter(client, member("manager"))
    assert client.post("/logout", data={"csrf_token": planted}).status_code == 400
    assert signed_in(client)


def test_signing_out_takes_a_post(
    app: Flask, client: FlaskClient, member: Callable[..., str], enter: Callable[..., Any], submit: Callable[..., Any]
) -> None:
    enter(client, member("manager"))
    assert client.get("/logout").status_code == 405
    assert signed_in(client)
    assert submit(client, "/change", {}, to="/logout").status_code == 302
    assert not signed_in(client)
    assert actions(app) == ["signed in", "signed out"]


@pytest.mark.sqlite
@pytest.mark.parametrize(
    "elsewhere",
    ["//evil", "/\\evil", "https:evil", "https://evil", "%2f%2fevil", "%252f%252fevil", "/%09/evil", "\\evil", "evil"],
)
def test_next_leads_only_to_own_pages(
    client: FlaskClient, member: Callable[..., str], enter: Callable[..., Any], elsewhere: str
) -> None:
    assert enter(client, member("manager"), next=elsewhere).location == "/"


@pytest.mark.sqlite
@pytest.mark.parametrize("elsewhere", ["//evil", "/\\evil", "https:evil", "/\t/evil", "/\n/evil"])
def test_next_in_the_form_leads_only_to_own_pages(
    client: FlaskClient, member: Callable[..., str], submit: Callable[..., Any], elsewhere: str
) -> None:
    fields = {"email": member("manager"), "password": PASSWORD, "next": elsewhere}
    assert submit(client, "/login", fields).location == "/"


def test_next_leads_back_to_the_page_asked_for(
    client: FlaskClient, member: Callable[..., str], enter: Callable[..., Any]
) -> None:
    asked = client.get("/audit?page=2")
    assert asked.location == "/login?next=/audit?page%3D2"
    assert enter(client, member("administrator"), next="/audit?page%3D2").location == "/audit?page=2"


def test_role_taken_away_bites_at_the_next_request(app: Flask, sign_in: Callable[..., FlaskClient]) -> None:
    client = sign_in("administrator", "manager")
    assert client.get("/users").status_code == 200
    with app.app_context(), writing():
        person = db.session.scalars(select(User)).one()
        person.roles = list(db.session.scalars(select(Role).where(Role.name == "manager")))
        db.session.commit()
    assert client.get("/users").status_code == 403


def test_person_shut_out_is_signed_out(app: Flask, sign_in: Callable[..., FlaskClient]) -> None:
    client = sign_in("administrator")
    with app.app_context(), writing():
        db.session.scalars(select(User)).one().active = False
        db.session.commit()
    assert client.get("/users").status_code == 302


def test_json_is_no_way_in(client: FlaskClient, member: Callable[..., str]) -> None:
    answer = client.post("/login", json={"email": member("manager"), "password": PASSWORD})
    assert answer.status_code == 400
    assert not signed_in(client)


def test_audit_chain_holds_over_all_of_it(
    app: Flask, client: FlaskClient, member: Callable[..., str], enter: Callable[..., Any]
) -> None:
    email = member("manager")
    enter(client, email, "wrong")
    enter(client, email)
    with app.app_context():
        assert audit.broken_entry(db.session()) is None
