"""Who may do what: the administrator's pages and the command."""

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from survey.accounts import users
from survey.accounts.models import AuditEntry, User
from survey.customers.models import Branch
from survey.database import writing
from survey.extensions import db

FIELDS = {"email": "new@example.org", "name": " Noor ", "language": "nl", "roles": ["analyst"], "active": "y"}


@pytest.fixture
def branch(app: Flask) -> int:
    with app.app_context(), writing():
        branch = Branch(name="Delft")
        db.session.add(branch)
        db.session.commit()
        return branch.id


def everybody(app: Flask) -> dict[str, tuple[list[str], list[int], bool]]:
    with app.app_context():
        return {
            user.email: (sorted(role.name for role in user.roles), sorted(user.branch_ids), user.active)
            for user in users.all_users()
        }


def entries(app: Flask) -> list[tuple[str, dict[str, Any]]]:
    with app.app_context():
        return [(entry.action, entry.details) for entry in db.session.scalars(select(AuditEntry))]


def test_administrator_adds_somebody(
    app: Flask, sign_in: Callable[..., FlaskClient], submit: Callable[..., Any], mails: Callable[..., Any], branch: int
) -> None:
    answer = submit(sign_in("administrator"), "/users/new", {**FIELDS, "branches": [branch]})
    assert answer.location == "/users"
    assert everybody(app)["new@example.org"] == (["analyst"], [branch], True)
    (mail,) = mails()
    assert mail["To"] == "new@example.org"
    assert "http://127.0.0.1:8000/reset/" in mail.get_content()
    assert entries(app) == [("user added", {"roles": ["analyst"], "branches": [branch], "active": True})]


def test_spaces_around_a_name_are_dropped(
    app: Flask, sign_in: Callable[..., FlaskClient], submit: Callable[..., Any]
) -> None:
    submit(sign_in("administrator"), "/users/new", FIELDS)
    with app.app_context():
        assert users.find("NEW@example.org ").name == "Noor"


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"email": "administrator-0@example.org"}, "already has an account"),
        ({"email": "no address"}, "Type a whole e-mail address"),
        ({"roles": []}, "Choose at least one"),
        ({"roles": ["owner"]}, "valid choice"),
        ({"branches": ["99"]}, "valid choice"),
        ({"language": "de"}, "alid choice"),
    ],
)
def test_wrong_user_is_refused_and_what_was_typed_stays(
    app: Flask,
    sign_in: Callable[..., FlaskClient],
    submit: Callable[..., Any],
    mails: Callable[..., Any],
    wrong: dict[str, Any],
    said: str,
) -> None:
    answer = submit(sign_in("administrator"), "/users/new", FIELDS | wrong)
    assert said in answer.text
    assert 'value="Noor"' in answer.text
    assert list(everybody(app)) == ["administrator-0@example.org"]
    assert mails() == []


def test_administrator_changes_rights(
    app: Flask, sign_in: Callable[..., FlaskClient], user: Callable[..., int], submit: Callable[..., Any], branch: int
) -> None:
    person = user("manager")
    fields = FIELDS | {"email": "manager-0@example.org", "roles": ["analyst", "interviewer"], "branches": [branch]}
    answer = submit(sign_in("administrator"), f"/users/{person}", fields)
    assert answer.location == "/users"
    assert everybody(app)["manager-0@example.org"] == (["analyst", "interviewer"], [branch], True)
    action, details = entries(app)[-1]
    assert action == "user changed"
    assert details["before"]["roles"] == ["manager"]
    assert details["after"]["roles"] == ["analyst", "interviewer"]


def test_saving_without_a_change_writes_no_entry(
    app: Flask, sign_in: Callable[..., FlaskClient], user: Callable[..., int], submit: Callable[..., Any]
) -> None:
    person = user("manager")
    same = {"email": "manager-0@example.org", "name": "manager", "language": "en", "roles": ["manager"], "active": "y"}
    assert submit(sign_in("administrator"), f"/users/{person}", same).location == "/users"
    assert entries(app) == []


def test_last_administrator_stays(app: Flask, sign_in: Callable[..., FlaskClient], submit: Callable[..., Any]) -> None:
    client = sign_in("administrator")
    fields = {"email": "administrator-0@example.org", "language": "en", "roles": ["manager"], "active": "y"}
    assert "only administrator" in submit(client, "/users/1", fields).text
    shut_out = {"email": "administrator-0@example.org", "language": "en", "roles": ["administrator"]}
    assert "only administrator" in submit(client, "/users/1", shut_out).text
    assert everybody(app)["administrator-0@example.org"] == (["administrator"], [], True)


def test_address_of_somebody_else_is_refused(
    app: Flask, sign_in: Callable[..., FlaskClient], user: Callable[..., int], submit: Callable[..., Any]
) -> None:
    person = user("manager")
    fields = FIELDS | {"email": "administrator-0@example.org"}
    assert "already has an account" in submit(sign_in("administrator"), f"/users/{person}", fields).text
    assert "manager-0@example.org" in everybody(app)


def test_nobody_of_that_number_is_404(sign_in: Callable[..., FlaskClient]) -> None:
    client = sign_in("administrator")
    assert client.get("/users/999").status_code == 404
    assert client.get("/users/99999999999999999999").status_code == 404


def test_administrator_mails_a_link(
    app: Flask, sign_in: Callable[..., FlaskClient], user: Callable[..., int], submit: Callable[..., Any], mails: Any
) -> None:
    person = user("manager")
    answer = submit(sign_in("administrator"), f"/users/{person}", {}, to=f"/users/{person}/link")
    assert answer.status_code == 303
    assert [mail["To"] for mail in mails()] == ["manager-0@example.org"]
    assert entries(app) == [("password link sent", {})]


def run(app: Flask, *arguments: str, typed: str = "") -> Any:
    return app.test_cli_runner().invoke(args=["users", *arguments], input=typed)


def test_command_adds_and_prints_a_link(app: Flask) -> None:
    result = run(app, "add", "Anna@Example.org", "--role", "manager", "--role", "analyst")
    assert result.exit_code == 0, result.output
    assert "Added anna@example.org: manager, analyst." in result.output
    link = result.output.split("at ")[-1].strip()
    assert link.startswith("http://127.0.0.1:8000/reset/")
    assert app.test_client().get(link.removeprefix("http://127.0.0.1:8000")).status_code == 200
    assert everybody(app) == {"anna@example.org": (["analyst", "manager"], [], True)}


def test_command_twice_changes_roles_and_keeps_the_rest(app: Flask, branch: int) -> None:
    run(app, "add", "a@example.org", "--role", "manager", "--language", "en", "--name", "Anna")
    again = run(app, "add", "a@example.org", "--role", "manager")
    assert "has these roles already" in again.output
    changed = run(app, "add", "a@example.org", "--role", "interviewer", "--branch", "Delft")
    assert "Changed a@example.org: interviewer." in changed.output
    assert everybody(app) == {"a@example.org": (["interviewer"], [branch], True)}
    with app.app_context():
        anna = users.find("a@example.org")
        assert (anna.language, anna.name) == ("en", "Anna")
    assert [action for action, _ in entries(app)] == ["user added", "user changed"]


def test_command_takes_a_password(app: Flask, client: FlaskClient, enter: Callable[..., Any]) -> None:
    first = run(app, "add", "a@example.org", "--role", "manager", "--password-stdin", typed="twelve chars or more\n")
    assert first.exit_code == 0
    assert "/reset/" not in first.output
    assert enter(client, "a@example.org", "twelve chars or more").location == "/"
    run(app, "add", "a@example.org", "--role", "manager", "--password-stdin", typed="twelve chars or more\n")
    assert client.get("/change").status_code == 200, "the same password again ended the session"


@pytest.mark.parametrize(
    ("arguments", "typed", "said"),
    [
        (["add", "no address", "--role", "manager"], "", "is not an e-mail address"),
        (["add", "a@example.org", "--role", "owner"], "", "'owner' is not one of"),
        (["add", "a@example.org"], "", "Missing option '--role'"),
        (
            ["add", "a@example.org", "--role", "manager", "--branch", "Mars"],
            "",
            "no branch called Mars. Branches: Delft",
        ),
        (["add", "a@example.org", "--role", "manager", "--password-stdin"], "short\n", "shorter than 12"),
    ],
)
@pytest.mark.usefixtures("branch")
def test_command_refuses_in_words_and_adds_nobody(app: Flask, arguments: list[str], typed: str, said: str) -> None:
    result = run(app, *arguments, typed=typed)
    assert result.exit_code != 0
    assert said in result.output
    assert everybody(app) == {}


def test_command_lists_everybody(app: Flask, user: Callable[..., int], branch: int) -> None:
    user("manager", branches=(branch,))
    user("administrator")
    assert run(app, "list").output.splitlines() == [
        "administrator-0@example.org  administrator  all branches",
        "manager-1@example.org  manager  Delft",
        "2 users",
    ]


def test_list_page_names_roles_and_branches(
    sign_in: Callable[..., FlaskClient], user: Callable[..., int], branch: int
) -> None:
    user("manager", branches=(branch,))
    page = sign_in("administrator").get("/users").text
    assert "2 people can sign in" in page
    assert "<td>Delft</td>" in page
    assert "has no password yet" in page


def test_deleted_branch_does_not_break_the_pages(
    app: Flask, sign_in: Callable[..., FlaskClient], user: Callable[..., int], branch: int
) -> None:
    person = user("manager", branches=(branch,))
    with app.app_context(), writing():
        db.session.delete(db.session.get_one(Branch, branch))
        db.session.commit()
        assert db.session.get_one(User, person).branch_ids == frozenset()
    assert sign_in("administrator").get("/users").status_code == 200
