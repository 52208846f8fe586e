"""Choosing, changing and forgetting a password."""

import re
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import time_machine
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from survey import create_app
from survey.accounts.models import AuditEntry, User
from survey.database import writing
from survey.extensions import db
from tests.engines import settings_for

PASSWORD = "correct horse battery staple"
NEW = "  een heel lange zin met spaties, één letter met een accent en meer dan 64 tekens  "


@pytest.fixture
def ask(client: FlaskClient, submit: Callable[..., Any]) -> Callable[[str], Any]:
    return lambda email: submit(client, "/reset", {"email": email})


def link_in(mail: Any) -> str:
    found = re.search(r"http://127\.0\.0\.1:8000(/reset/\S+)", mail.get_content())
    assert found is not None, mail.get_content()
    return found.group(1)


def test_forgotten_password_is_replaced_through_the_mail(
    client: FlaskClient,
    member: Callable[..., str],
    ask: Callable[..., Any],
    mails: Callable[..., Any],
    submit: Callable[..., Any],
    enter: Callable[..., Any],
) -> None:
    email = member("manager")
    ask(email)
    (mail,) = mails()
    assert mail["To"] == email
    link = link_in(mail)
    assert submit(client, link, {"password": NEW, "password_confirm": NEW}).location == "/login"
    assert enter(client, email, NEW).location == "/"
    assert [mail["Subject"] for mail in mails()][1:] == ["Your password was set"]


def test_long_password_counts_to_its_last_character(
    client: FlaskClient,
    member: Callable[..., str],
    ask: Callable[..., Any],
    mails: Callable[..., Any],
    submit: Callable[..., Any],
    enter: Callable[..., Any],
) -> None:
    email = member("manager")
    ask(email)
    long = "abcd " * 25
    answer = submit(client, link_in(mails()[0]), {"password": long + "x", "password_confirm": long + "x"})
    assert answer.status_code == 302, answer.text
    assert enter(client, email, long + "y").status_code == 200
    assert enter(client, email, long + "x").status_code == 302


def test_link_works_once(
    client: FlaskClient,
    member: Callable[..., str],
    ask: Callable[..., Any],
    mails: Callable[..., Any],
    submit: Callable[..., Any],
) -> None:
    ask(member("manager"))
    link = link_in(mails()[0])
    submit(client, link, {"password": NEW, "password_confirm": NEW})
    again = client.get(link, follow_redirects=True)
    assert again.request.path == "/reset"


def test_link_works_for_a_day(
    client: FlaskClient, member: Callable[..., str], ask: Callable[..., Any], mails: Callable[..., Any]
) -> None:
    ask(member("manager"))
    link = link_in(mails()[0])
    with time_machine.travel(datetime.now(UTC) + timedelta(hours=25)):
        assert client.get(f"{link}?lang=en").location == "/reset"
        assert "too old" in client.get("/reset?lang=en").text


def test_mailed_link_does_not_come_from_the_host_header(
    client: FlaskClient, member: Callable[..., str], mails: Callable[..., Any], submit: Callable[..., Any]
) -> None:
    client.environ_base["HTTP_X_FORWARDED_HOST"] = "evil.example"
    submit(client, "/reset", {"email": member("manager")})
    assert "evil" not in mails()[0].as_string()
    assert link_in(mails()[0])


def test_answer_does_not_tell_whether_the_account_exists(
    app: Flask, client: FlaskClient, member: Callable[..., str], ask: Callable[..., Any], mails: Callable[..., Any]
) -> None:
    known, unknown = ask(member("manager")), ask("nobody@example.org")
    assert (known.status_code, known.location, known.text) == (unknown.status_code, unknown.location, unknown.text)
    assert len(mails()) == 1


@pytest.mark.sqlite
def test_answer_comes_as_fast_whether_the_account_exists_or_not(
    member: Callable[..., str], ask: Callable[..., Any], mails: Callable[..., Any]
) -> None:
    """The mail leaves after the answer, and making its link costs less than one slow hash would."""

    def seconds(email: str) -> float:
        # of the processor, not of the clock: other work on the machine does not count
        begin = time.process_time()
        ask(email)
        return time.process_time() - begin

    email = member("manager")
    seconds(email)
    known = min(seconds(email) for _ in range(2))
    unknown = min(seconds(f"nobody{number}@example.org") for number in range(2))
    assert known - unknown < 0.1
    assert len(mails()) == 3


def test_somebody_shut_out_gets_no_link(
    app: Flask, client: FlaskClient, member: Callable[..., str], ask: Callable[..., Any], mails: Callable[..., Any]
) -> None:
    email = member("manager")
    with app.app_context(), writing():
        db.session.scalars(select(User)).one().active = False
        db.session.commit()
    assert ask(email).status_code == 303
    assert mails() == []


def test_mail_is_in_the_language_of_the_account(
    app: Flask,
    user: Callable[..., int],
    client: FlaskClient,
    mails: Callable[..., Any],
    submit: Callable[..., Any],
) -> None:
    user("manager", language="nl")
    submit(client, "/reset?lang=en", {"email": "manager-0@example.org"})
    submit(client, link_in(mails()[0]), {"password": NEW, "password_confirm": NEW})
    assert [mail["Subject"] for mail in mails()] == ["Kies een nieuw wachtwoord", "Uw wachtwoord is ingesteld"]


def test_nobody_is_flooded_with_links(
    member: Callable[..., str], ask: Callable[..., Any], mails: Callable[..., Any]
) -> None:
    email = member("manager")
    answers = [ask(email).status_code for _ in range(5)]
    assert answers == [303, 303, 303, 429, 429]
    assert len(mails()) == 3


@pytest.mark.parametrize(
    ("password", "again", "said"),
    [
        ("too short", "too short", "at least 12 characters"),
        ("long enough at first", "but not the same", "not the same as the password above"),
        ("", "", "Type a password"),
        ("x" * 129, "x" * 129, "at most 128 characters"),
    ],
)
@pytest.mark.sqlite
def test_password_that_will_not_do_is_refused_in_words(
    client: FlaskClient,
    member: Callable[..., str],
    enter: Callable[..., Any],
    submit: Callable[..., Any],
    password: str,
    again: str,
    said: str,
) -> None:
    enter(client, member("manager"))
    fields = {"password": PASSWORD, "new_password": password, "new_password_confirm": again}
    answer = submit(client, "/change", fields)
    assert said in answer.text


def test_changing_the_password_ends_other_sessions(
    app: Flask,
    member: Callable[..., str],
    enter: Callable[..., Any],
    submit: Callable[..., Any],
    mails: Callable[..., Any],
) -> None:
    email = member("manager")
    here, elsewhere = app.test_client(), app.test_client()
    enter(here, email)
    enter(elsewhere, email)
    fields = {"password": PASSWORD, "new_password": NEW, "new_password_confirm": NEW}
    assert submit(here, "/change", fields).location == "/"
    assert here.get("/change").status_code == 200
    assert elsewhere.get("/change").status_code == 302
    assert [mail["Subject"] for mail in mails()] == ["Your password was changed"]


def test_wrong_current_password_changes_nothing(
    app: Flask, client: FlaskClient, member: Callable[..., str], enter: Callable[..., Any], submit: Callable[..., Any]
) -> None:
    email = member("manager")
    enter(client, email)
    fields = {"password": "not the password", "new_password": NEW, "new_password_confirm": NEW}
    assert "not your current password" in submit(client, "/change", fields).text
    with app.app_context():
        assert "password refused" in db.session.scalars(select(AuditEntry.action)).all()
    assert enter(app.test_client(), email).location == "/"


def test_passwords_are_kept_as_argon2id(app: Flask, member: Callable[..., str]) -> None:
    member("manager")
    with app.app_context():
        assert db.session.scalars(select(User.password)).one().startswith("$argon2id$")


def test_password_outlives_the_secret_key(
    app: Flask, database_url: str, tmp_path: Path, member: Callable[..., str], enter: Callable[..., Any]
) -> None:
    email = member("manager")
    other = create_app(settings_for(tmp_path, database_url, secret_key="another secret, also long enough to be one"))
    assert enter(other.test_client(), email).location == "/"
    with other.app_context():
        db.engine.dispose()
