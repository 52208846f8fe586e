"""Every address of the site, opened by everybody: who gets in, who does not, and that looking changes nothing."""

from collections.abc import Callable, Iterator

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select
from werkzeug.routing import IntegerConverter, Rule

from survey.accounts.access import PUBLIC, SIGNED_IN, allowed_roles
from survey.accounts.models import ROLES
from survey.database import Base
from survey.extensions import db

#: written while a page is only looked at
WRITTEN_BY_LOOKING = {"audit_entry", "tries"}


def guarded(app: Flask) -> Iterator[Rule]:
    return (rule for rule in app.url_map.iter_rules() if rule.endpoint not in PUBLIC)


def address(app: Flask, rule: Rule) -> str:
    """An address of this rule: 1 for every number, x for every word."""
    values = {name: 1 if isinstance(rule._converters[name], IntegerConverter) else "x" for name in rule.arguments}
    return app.url_map.bind("127.0.0.1").build(rule.endpoint, values, method=next(iter(rule.methods - {"OPTIONS"})))


def methods(rule: Rule) -> set[str]:
    return (rule.methods or set()) - {"HEAD"}


def row_counts(app: Flask) -> dict[str, int]:
    with app.app_context():
        counts = {
            table.name: db.session.scalars(select(func.count()).select_from(table)).one()
            for table in Base.metadata.sorted_tables
            if table.name not in WRITTEN_BY_LOOKING
        }
        db.session.rollback()
        return counts


@pytest.mark.sqlite
def test_every_address_says_who_may_use_it(app: Flask) -> None:
    silent = [
        rule.rule for rule in guarded(app) if rule.endpoint not in SIGNED_IN and not allowed_roles(app, rule.endpoint)
    ]
    assert silent == []


@pytest.mark.sqlite
def test_every_open_address_exists(app: Flask) -> None:
    assert (PUBLIC | SIGNED_IN) - set(app.view_functions) == set()


@pytest.mark.usefixtures("posts_need_no_token")
def test_strangers_are_sent_to_sign_in(app: Flask, client: FlaskClient) -> None:
    before = row_counts(app)
    for rule in guarded(app):
        for method in methods(rule):
            answer = client.open(address(app, rule), method=method, buffered=True)
            assert answer.status_code == 302, f"{method} {rule.rule}: {answer.status_code}"
            assert answer.location.startswith("/login"), f"{method} {rule.rule}: {answer.location}"
    assert row_counts(app) == before


@pytest.mark.usefixtures("posts_need_no_token")
@pytest.mark.parametrize("role", [*ROLES, "nobody"])
def test_roles_that_are_not_named_are_turned_away(app: Flask, sign_in: Callable[..., FlaskClient], role: str) -> None:
    client = sign_in(*([role] if role != "nobody" else []))
    before = row_counts(app)
    for rule in guarded(app):
        if rule.endpoint in SIGNED_IN or role in allowed_roles(app, rule.endpoint):
            continue
        for method in methods(rule):
            answer = client.open(address(app, rule), method=method, buffered=True)
            assert answer.status_code == 403, f"{role}: {method} {rule.rule}: {answer.status_code}"
    assert row_counts(app) == before


@pytest.mark.parametrize("role", ROLES)
def test_roles_that_are_named_come_in(app: Flask, sign_in: Callable[..., FlaskClient], role: str) -> None:
    client = sign_in(role)
    for rule in guarded(app):
        if "GET" in methods(rule) and (rule.endpoint in SIGNED_IN or role in allowed_roles(app, rule.endpoint)):
            status = client.get(address(app, rule), buffered=True).status_code
            assert status < 500, f"{role}: {rule.rule}: {status}"
            assert status != 403, f"{role}: {rule.rule} is open to {role} and refuses"


def test_looking_changes_nothing(app: Flask, sign_in: Callable[..., FlaskClient]) -> None:
    """GET, HEAD and OPTIONS on every address, by somebody who may do everything and by a stranger (B15)."""
    everybody = [sign_in(*ROLES), app.test_client()]
    before = row_counts(app)
    for rule in app.url_map.iter_rules():
        for client in everybody:
            for method in ("GET", "HEAD", "OPTIONS"):
                answer = client.open(address(app, rule), method=method, buffered=True)
                assert answer.status_code < 500, f"{method} {rule.rule}: {answer.status_code}"
    assert row_counts(app) == before


@pytest.mark.sqlite
def test_methods_that_no_page_has_are_refused(app: Flask, sign_in: Callable[..., FlaskClient]) -> None:
    client = sign_in(*ROLES)
    before = row_counts(app)
    for rule in app.url_map.iter_rules():
        for method in ("PUT", "PATCH", "DELETE", "TRACE"):
            status = client.open(address(app, rule), method=method, buffered=True).status_code
            assert status in (400, 404, 405), f"{method} {rule.rule}: {status}"
    assert row_counts(app) == before


def test_posting_without_a_token_changes_nothing(app: Flask, sign_in: Callable[..., FlaskClient]) -> None:
    """Only what a mail program does by itself, one click to unsubscribe, comes without a token."""
    client = sign_in(*ROLES)
    before = row_counts(app)
    for rule in guarded(app):
        if "POST" in methods(rule):
            status = client.post(address(app, rule)).status_code
            assert status == 400, f"{rule.rule}: {status}"
    assert row_counts(app) == before
