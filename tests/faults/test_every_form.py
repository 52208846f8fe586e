"""B13, B14: every form that somebody who signed in can send takes odd texts and bytes that are no text, and keeps none.

The forms are those of the pages that can be reached, so their other fields hold what is there. What no page leads to is
sent to all the same, by the address map.
"""

import io
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import quote

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.exceptions import HTTPException
from werkzeug.routing import IntegerConverter, Rule

from survey.accounts.access import PUBLIC
from survey.clock import now, today
from survey.database import writing
from survey.extensions import db
from survey.jobs.tasks import cases
from survey.responses.walk_in import links
from tests import stories
from tests.faults.forms import Form, posted, read
from tests.faults.test_odd_texts import LETTERS, MARKS, UNREADABLE, UNSEEN
from tests.winback.callers import to_call

SignIn = Callable[..., FlaskClient]
FORM = "application/x-www-form-urlencoded"
#: a form of so few fields is a button, with its token and what it is about
FEW = 3
ROLES = ("administrator", "manager", "analyst", "interviewer")
#: marks on a letter few enough to fit, and too many to be kept
ODD = f"\x00{UNREADABLE} {LETTERS} {MARKS[:8]}\x00"
#: half characters, and bytes that begin nothing
NO_TEXT = b"%ff%fe%ed%a0%80"
#: what a form answers that was taken, or was not
ANSWERS = {200, 302, 303, 400, 403, 404, 409, 413, 415, 422, 429}
#: ends the session of whoever tries the others
LEFT_OUT = {"security.logout"}


@pytest.fixture
def staff(app: Flask, posts_need_no_token: None, sign_in: SignIn) -> FlaskClient:
    """Somebody who may do everything, in a business with a row of most kinds."""
    app.testing = False  # a failure is answered as it is to people
    with app.app_context(), writing():
        who = stories.customer(external_id="K1", branch_id=stories.branch("Utrecht").id)
        stories.visit(who, today())
        gone = stories.defection(who, on=today())
        answer = stories.response("Rude.", "rude_staff", asked=stories.invitation(gone))
        answer.created_at, answer.may_contact, answer.masked_words = now(), True, "Rude."
        stories.classified(answer, stories.model(), rude_staff=0.9)
        stories.reading(answer)
        db.session.flush()
        cases.run()
        links.make(stories.branch("Utrecht").id, 1)
        to_call()
        db.session.commit()
    everybody = sign_in(*ROLES)
    file = io.BytesIO(b"customer_id;date;amount\nK1;2026-01-01;x\n")
    everybody.post("/customers/imports", data={"file": (file, "visits.csv")})
    return everybody


def crawl(staff: FlaskClient) -> Iterator[Form]:
    """The forms of every page that can be reached from the first, of one page of each kind."""
    waiting, known, seen = ["/"], {"/"}, set()
    while waiting:
        path = waiting.pop(0)
        kind = (endpoint_of(staff.application, path), path.partition("kind=")[2])
        if kind in seen:
            continue
        seen.add(kind)
        answer = staff.get(path, follow_redirects=True)
        if answer.mimetype != "text/html":
            continue
        yield from posted(answer.text)
        for link in read(answer.text).links:
            path = link.split("#")[0]
            if path.startswith("/") and "lang=" not in path and path not in known:
                known.add(path)
                waiting.append(path)


def endpoint_of(app: Flask, path: str, method: str = "GET") -> str:
    try:
        endpoint, _values = app.url_map.bind("127.0.0.1").match(path.split("?")[0], method)
    except HTTPException:
        return ""
    return str(endpoint)


def rules(app: Flask) -> Iterator[Rule]:
    """Where somebody who signed in can send a form."""
    for rule in app.url_map.iter_rules():
        if "POST" in (rule.methods or ()) and rule.endpoint not in PUBLIC | LEFT_OUT:
            yield rule


def address(app: Flask, rule: Rule) -> str:
    """An address of this rule: 1 for every number, a reason for every word."""
    numbers = {name for name in rule.arguments if isinstance(rule._converters[name], IntegerConverter)}
    values = {name: 1 if name in numbers else "price" for name in rule.arguments}
    return str(app.url_map.bind("127.0.0.1").build(rule.endpoint, values, method="POST"))


def every_form(staff: FlaskClient) -> dict[str, Form]:
    """A form for every endpoint: off a page, or made up where no page has it now."""
    app, found = staff.application, {}
    for form in crawl(staff):
        found.setdefault(endpoint_of(app, form.action, "POST"), form)
    names = {name for form in found.values() for name in form.fields}
    for rule in rules(app):
        made_up = Form(address(app, rule), "post", {name: ["1"] for name in names}, names)
        found.setdefault(rule.endpoint, made_up)
    # buttons alone may take away what the others need
    endpoints = sorted((rule.endpoint for rule in rules(app)), key=lambda name: len(found[name].fields) < FEW)
    return {endpoint: found[endpoint] for endpoint in endpoints}


def body(form: Form, *, everywhere: bool) -> dict[str, Any]:
    """What is sent: odd text and bytes that are no text in the fields that are typed into, or in every field, and in a
    name; the others as they stand."""
    if form.files:
        given = {name: [ODD] if name in form.typed else values for name, values in form.fields.items()}
        files = {name: (io.BytesIO(NO_TEXT), f"{ODD}.csv") for name in form.files}
        return {"data": given | files}
    odd = quote(ODD).encode() + NO_TEXT
    parts = [
        name.encode() + b"=" + (odd if everywhere or name in form.typed else quote(value).encode())
        for name, values in form.fields.items()
        for value in values
    ]
    return {"data": b"&".join([*parts, b"%ff=%80"]), "content_type": FORM}


def texts_in(value: Any) -> Iterator[str]:
    """Every text in what a column holds."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        yield from (text for pair in value.items() for part in pair for text in texts_in(part))
    elif isinstance(value, list):
        yield from (text for part in value for text in texts_in(part))


def unseen(app: Flask) -> list[str]:
    """What stands in any row and should not: controls, turned writing, what has no width, heaps of marks."""
    with app.app_context():
        rows = [(table.name, row) for table in db.metadata.sorted_tables for row in db.session.execute(select(table))]
        found = [(name, text) for name, row in rows for value in row for text in texts_in(value)]
    return [f"{name}: {text!r}" for name, text in found if UNSEEN.search(text)]


def test_every_form_takes_whatever_is_typed(staff: FlaskClient) -> None:
    app, faults, taken = staff.application, [], set()
    forms = every_form(staff)
    assert len(forms) > 60

    for endpoint, form in forms.items():
        ways = {"bytes alone": {"data": b"\xff=\xfe", "content_type": FORM}}
        ways |= {"everywhere": body(form, everywhere=True), "where one types": body(form, everywhere=False)}
        for way, sent in ways.items():
            status = staff.post(form.action, **sent).status_code
            taken |= {endpoint} if form.typed and status == 303 else set()
            if status not in ANSWERS:
                faults.append(f"{endpoint}, {way}: {status}")
    assert faults == []
    assert {"winback.note", "winback.add_remedy", "winback.change_remedy"} <= taken, "some of it was stored"
    assert unseen(app) == []
