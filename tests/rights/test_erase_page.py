"""The button of the operator that erases a customer: what the page announces is what happens, typed before it does."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from survey.accounts.models import AuditEntry
from survey.customers.models import Customer, RightsRequest
from survey.database import writing
from survey.extensions import db
from survey.invitations.models import Mailing
from survey.responses.models import Response, ResponseAnswer
from survey.rights.going import Line, going_of
from tests import stories
from tests.reading import text_of
from tests.rights.canary import canary, everywhere, traces
from tests.rights.test_erasure import copy_of

SignIn = Callable[..., FlaskClient]
pytestmark = pytest.mark.usefixtures("posts_need_no_token")


@pytest.fixture
def customer_id(app: Flask) -> int:
    """Somebody of whom everything is held."""
    with app.app_context(), writing():
        who = canary()
        everywhere(who)
        answer = db.session.scalars(select(Response.id)).one()
        db.session.add(ResponseAnswer(response_id=answer, question="grade", number=7))
        db.session.commit()
        return who.id


def actions(app: Flask) -> list[str]:
    with app.app_context():
        return list(db.session.scalars(select(AuditEntry.action).where(AuditEntry.object_kind == "customer")))


def counts(lines: Any) -> dict[str, int]:
    return {str(line.label): line.count for line in lines}


def test_what_is_announced_is_what_happens(app: Flask, customer_id: int, sign_in: SignIn) -> None:
    admin, path = sign_in("administrator"), f"/customers/{customer_id}/erase"
    page = text_of(admin.get(path))
    assert "Erase Xanthippe Quaeckernaeck?" in page
    assert "This customer has the number K-4711." in page
    assert "Notes in cases: 1" in page
    assert "Purchases and visits: 3" in page
    with app.app_context():
        before = going_of(db.session.get_one(Customer, customer_id))
        assert len(traces()) > 0
    assert len(before.identity) == 5
    assert len(before.goes) == 9, "the canary has something of every kind, so that each is looked at"
    assert len(before.stays) == 15

    done = admin.post(path, data={"number": " K-4711 "})
    assert (done.status_code, done.location) == (303, "/privacy-register")
    page = text_of(admin.get(done.location))
    assert "Erased. One answer stays counted, without words and name." in page
    with app.app_context():
        assert traces() == []
        after = going_of(db.session.get_one(Customer, customer_id))
        assert [str(label) for label in after.identity] == ["Customer number"]  # the number of a row, from now on
        assert after.goes == []
        request = db.session.scalars(select(RightsRequest).where(RightsRequest.kind == "erase")).one()
        assert (request.asked_by, request.done_at is not None) == ("operator", True)
    was, still = counts(before.stays), counts(after.stays)
    for grows in ("Requests about one's own data", "Lines of the audit log, by number"):
        assert still.pop(grows) > 0
        was.pop(grows)
    assert still == was
    assert actions(app)[-2:] == ["customer viewed", "customer erased"]


def test_another_number_erases_nobody(app: Flask, customer_id: int, sign_in: SignIn) -> None:
    admin, path = sign_in("administrator"), f"/customers/{customer_id}/erase"
    for number, said in (
        ("K-4712", "Nothing was erased."),
        ("", "Type the number as it stands above."),
        ("k-4711", "Nothing"),
    ):
        page = text_of(admin.post(path, data={"number": number}), 422)
        assert said in page
        assert f'value="{number}"' in page
    assert "customer erased" not in actions(app)
    with app.app_context():
        assert db.session.get_one(Customer, customer_id).name == "Xanthippe Quaeckernaeck"


def test_twice_is_once(app: Flask, customer_id: int, sign_in: SignIn) -> None:
    admin, path = sign_in("administrator"), f"/customers/{customer_id}/erase"
    assert admin.post(path, data={"number": "K-4711"}).status_code == 303
    assert admin.post(path, data={"number": "K-4711"}).status_code == 404
    assert admin.post(path, data={"number": f"erased-{customer_id}"}).status_code == 404
    assert admin.get(path).status_code == 404
    assert actions(app).count("customer erased") == 1


@pytest.mark.parametrize("role", ["manager", "analyst", "interviewer"])
def test_others_may_not(customer_id: int, sign_in: SignIn, role: str) -> None:
    person, path = sign_in(role), f"/customers/{customer_id}/erase"
    assert person.get(path).status_code == 403
    assert person.post(path, data={"number": "K-4711"}).status_code == 403


def test_who_is_tied_to_another_branch_finds_nobody(app: Flask, customer_id: int, sign_in: SignIn) -> None:
    with app.app_context(), writing():
        own = db.session.get_one(Customer, customer_id).branch_id or 0
        other = stories.branch("Zwolle").id
        db.session.commit()
    stranger, path = sign_in("administrator", branches=(other,)), f"/customers/{customer_id}/erase"
    assert stranger.get(path).status_code == 404
    assert stranger.post(path, data={"number": "K-4711"}).status_code == 404
    assert sign_in("administrator", branches=(own, other)).get(path).status_code == 200


def test_files_that_cannot_be_deleted_are_spoken_of(app: Flask, customer_id: int, sign_in: SignIn) -> None:
    """The rows go whatever becomes of the files; the request stays open until those are gone as well."""
    with app.app_context():
        folder = app.settings.mail_url.removeprefix("folder:")  # type: ignore[attr-defined]
        first = db.session.scalars(select(Mailing.message_id).order_by(Mailing.id)).first()
    assert first is not None
    copy_of(Path(folder), first).mkdir(parents=True)  # a folder is not deleted like a file
    admin = sign_in("administrator")
    done = admin.post(f"/customers/{customer_id}/erase", data={"number": "K-4711"})
    page = text_of(admin.get(done.location))
    assert "could not be deleted yet; it is tried again tonight" in page
    with app.app_context():
        assert traces() == []


def test_the_way_to_it_stands_on_the_customers_page(app: Flask, sign_in: SignIn) -> None:
    with app.app_context(), writing():
        gone = stories.defection()
        stories.invitation(gone)
        db.session.commit()
        path, link = f"/targeting/departures/{gone.id}", f"/customers/{gone.customer_id}/erase"
    assert link in text_of(sign_in("administrator").get(path))
    assert link not in text_of(sign_in("manager").get(path))


def test_lines_of_nothing_are_left_out(app: Flask, context: None) -> None:
    who = stories.customer(email=None)
    found = going_of(who)
    assert [str(label) for label in found.identity] == ["Customer number", "Name"]
    assert found.goes == []
    assert all(isinstance(line, Line) and line.count for line in found.stays)
