"""A copy of what is held: by the command, by the button, and by one's own link."""

import io
import json
import stat
from collections.abc import Callable
from pathlib import Path
from zipfile import ZipFile

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select
from werkzeug.test import TestResponse

from survey.accounts.models import AuditEntry, Tries
from survey.customers.models import Customer, RightsRequest
from survey.database import writing
from survey.extensions import db
from survey.invitations.links import ANSWER, MY_DATA, OPT_OUT, token_for
from survey.invitations.models import Invitation
from survey.rights.erasing import erase_person
from survey.rights.requests import OPERATOR
from survey.rights.views.own import SEEN_AN_HOUR
from tests import stories
from tests.page_rules import faults_of
from tests.rights.canary import STAFF, WORDS, canary, everywhere

SignIn = Callable[..., FlaskClient]
FORM = "application/x-www-form-urlencoded"


@pytest.fixture
def customer_id(app: Flask) -> int:
    """Somebody of whom everything is held, and whose name tries to be a page."""
    with app.app_context(), writing():
        who = canary()
        everywhere(who)
        who.name = "Xanthippe <b>Quaeckernaeck</b>"
        db.session.commit()
        return who.id


@pytest.fixture
def token(app: Flask, customer_id: int) -> str:
    with app.app_context():
        asked = db.session.scalars(select(Invitation.id).where(Invitation.customer_id == customer_id).limit(1)).one()
        return token_for(MY_DATA, asked)


def opened(file: bytes) -> tuple[dict[str, list[dict[str, str]]], str]:
    """What is in the ZIP: the data, and the page."""
    with ZipFile(io.BytesIO(file)) as archive:
        data, page = archive.namelist()
        assert data == "data.json"
        return json.loads(archive.read(data)), archive.read(page).decode()


def requests(app: Flask) -> list[tuple[str, str, bool]]:
    with app.app_context():
        rows = db.session.scalars(select(RightsRequest).order_by(RightsRequest.id).offset(1)).all()
        return [(row.kind, row.asked_by, row.done_at is not None) for row in rows]


def is_whole(answer: TestResponse) -> None:
    assert answer.status_code == 200
    assert answer.mimetype == "application/zip"
    data, page = opened(answer.data)
    assert data["customer"][0]["customer_number"] == "K-4711"
    for text in (json.dumps(data, ensure_ascii=False), page):
        assert [word for word in WORDS if word not in text] == []
        assert not any(name in text for name in STAFF)


# -- by the command --------------------------------------------------------------------------------------------


def test_the_command_writes_a_file_for_nobody_else(app: Flask, customer_id: int, tmp_path: Path) -> None:
    done = app.test_cli_runner().invoke(args=["customers", "export", "K-4711", "--to", str(tmp_path)])
    assert done.exit_code == 0, done.output
    (path,) = tmp_path.glob("my-data-*.zip")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    data, page = opened(path.read_bytes())
    assert data["about"]["currency"] == "EUR"  # type: ignore[call-overload]
    assert data["purchases"][0] == {
        "occurred_on": "2026-01-03", "amount": "100.00", "branch": "Zierikzee", "service": "",
    }  # fmt: skip
    assert faults_of(page) == []
    assert "&lt;b&gt;Quaeckernaeck" in page
    assert '<html lang="nl">' in page
    assert requests(app) == [("export", "operator", True)]
    with app.app_context():
        last = db.session.scalars(select(AuditEntry).order_by(AuditEntry.id.desc())).first()
        assert last is not None
        assert (last.action, last.object_id) == ("customer exported", str(customer_id))


def test_the_command_says_whom_it_does_not_know(app: Flask, customer_id: int, tmp_path: Path) -> None:
    run = app.test_cli_runner().invoke
    assert "No customer has the id K-1." in run(args=["customers", "export", "K-1"]).output
    run(args=["customers", "erase", "K-4711"])
    again = run(args=["customers", "export", "K-4711", "--to", str(tmp_path)])
    assert again.exit_code == 1
    assert list(tmp_path.glob("*.zip")) == []


# -- by the button ---------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("posts_need_no_token")
@pytest.mark.parametrize("role", ["administrator", "manager"])
def test_the_button_gives_all_of_it_and_is_written_down(
    app: Flask, customer_id: int, sign_in: SignIn, role: str
) -> None:
    person = sign_in(role)
    is_whole(person.post(f"/customers/{customer_id}/export"))
    is_whole(person.post(f"/customers/{customer_id}/export"))
    assert requests(app) == [("export", "operator", True)] * 2
    with app.app_context():
        entries = select(func.count()).where(AuditEntry.action == "customer exported")
        assert db.session.scalar(entries) == 2


@pytest.mark.usefixtures("posts_need_no_token")
def test_the_button_is_for_who_may_see_the_customer(app: Flask, customer_id: int, sign_in: SignIn) -> None:
    with app.app_context(), writing():
        own = db.session.get_one(Customer, customer_id).branch_id or 0
        other = stories.branch("Zwolle").id
        db.session.commit()
    assert sign_in("manager", branches=(other,)).post(f"/customers/{customer_id}/export").status_code == 404
    assert sign_in("administrator", branches=(own,)).post(f"/customers/{customer_id}/export").status_code == 200
    manager = sign_in("manager")
    assert manager.post("/customers/999999/export").status_code == 404
    with app.app_context(), writing():
        erase_person(customer_id, OPERATOR)
        db.session.commit()
    assert manager.post(f"/customers/{customer_id}/export").status_code == 404


def test_the_button_stands_on_the_pages_of_a_customer(app: Flask, customer_id: int, sign_in: SignIn) -> None:
    with app.app_context():
        gone = db.session.scalars(select(Invitation.defection_id).where(Invitation.customer_id == customer_id)).first()
    button = f'action="/customers/{customer_id}/export"'
    manager = sign_in("manager")
    assert button in manager.get(f"/targeting/departures/{gone}").text
    assert button in manager.get("/cases/1").text
    assert button not in sign_in("analyst").get(f"/targeting/departures/{gone}").text
    assert button not in sign_in("interviewer").get("/cases/1").text


# -- by one's own link -----------------------------------------------------------------------------------------


def test_the_link_shows_what_is_held_and_gives_a_copy(app: Flask, client: FlaskClient, token: str) -> None:
    page = client.get(f"/my-data/{token}?lang=en")
    assert page.status_code == 200
    assert "What we hold about you" in page.text
    assert [word for word in WORDS if word not in page.text] == []
    assert not any(name in page.text for name in STAFF)
    assert page.headers["Cache-Control"] == "no-store"
    assert "Set-Cookie" not in page.headers
    is_whole(client.post(f"/my-data/{token}/copy", data={"lang": "en"}))
    is_whole(client.post(f"/my-data/{token}/copy", data={"lang": "nl"}))
    assert requests(app) == [("export", "person", True)] * 2


def test_the_page_speaks_the_language_of_who_was_asked(client: FlaskClient, token: str) -> None:
    assert "Wat wij over u bewaren" in client.get(f"/my-data/{token}").text
    assert "What we hold about you" in client.get(f"/my-data/{token}?lang=en").text
    assert client.get(f"/my-data/{token}?lang=xx").status_code == 200


def test_the_page_shows_the_last_of_many_rows_and_the_copy_all(app: Flask, client: FlaskClient, token: str) -> None:
    with app.app_context(), writing():
        who = db.session.scalars(select(Customer)).one()
        for _ in range(30):
            stories.visit(who, stories.MOMENT.date())
        db.session.commit()
    assert "13 earlier rows stand in the copy." in client.get(f"/my-data/{token}?lang=en").text
    data, _page = opened(client.post(f"/my-data/{token}/copy", data={}, content_type=FORM).data)
    assert len(data["purchases"]) == 33


def test_looking_changes_nothing(app: Flask, client: FlaskClient, token: str) -> None:
    before = counted(app)
    for path in (f"/my-data/{token}", f"/my-data/{token}/erase"):
        for method in ("GET", "HEAD", "OPTIONS"):
            assert client.open(path, method=method).status_code == 200
    assert client.get(f"/my-data/{token}/copy").status_code == 405
    assert counted(app) == before


def counted(app: Flask) -> dict[str, int | None]:
    with app.app_context():
        tables = [table for table in db.metadata.sorted_tables if table.name != Tries.__tablename__]
        return {table.name: db.session.scalar(select(func.count()).select_from(table)) for table in tables}


def test_links_made_for_something_else_open_nothing(app: Flask, client: FlaskClient, customer_id: int) -> None:
    with app.app_context():
        asked = db.session.scalars(select(Invitation.id)).first() or 0
        other = {purpose: token_for(purpose, asked) for purpose in (ANSWER, OPT_OUT, MY_DATA)}
        unknown = token_for(MY_DATA, 999_999)
    for path in (f"/my-data/{other[ANSWER]}", f"/my-data/{other[OPT_OUT]}", f"/my-data/{unknown}", "/my-data/x"):
        assert client.get(path).status_code == 404, path
        assert client.post(f"{path}/copy", data={"lang": "en"}).status_code == 404, path
        assert client.post(f"{path}/erase", data={"lang": "en"}).status_code == 404, path
    assert client.get(f"/a/{other[MY_DATA]}").status_code == 404
    assert client.post(f"/stop/{other[MY_DATA]}").status_code == 404
    with app.app_context():
        assert db.session.scalars(select(Customer.erased_at)).all() == [None]


def test_the_link_of_another_shows_nothing_of_this_one(app: Flask, client: FlaskClient, customer_id: int) -> None:
    with app.app_context(), writing():
        asked = stories.invitation()
        db.session.commit()
        theirs = token_for(MY_DATA, asked.id)
    page = client.get(f"/my-data/{theirs}?lang=en").text
    assert "Jan Voorbeeld" in page
    assert [word for word in WORDS if word in page] == []
    data, _page = opened(client.post(f"/my-data/{theirs}/copy", data={"lang": "en"}).data)
    assert [word for word in WORDS if word in repr(data)] == []


@pytest.mark.sqlite
@pytest.mark.parametrize("what", ["copy", "erase"])
def test_forms_of_other_sites_and_other_kinds_are_refused(client: FlaskClient, token: str, what: str) -> None:
    path = f"/my-data/{token}/{what}"
    forged = client.post(path, data={"lang": "en"}, headers={"Sec-Fetch-Site": "cross-site"})
    assert forged.status_code == 422
    assert "did not come from our own page" in forged.text
    assert client.post(path, data={"lang": "en"}, headers={"Origin": "https://evil.example"}).status_code == 422
    assert client.post(path, json={"lang": "en"}).status_code == 415
    assert client.get(f"/my-data/{token}").status_code == 200


def test_who_opens_it_again_and_again_is_asked_to_wait(app: Flask, client: FlaskClient, token: str) -> None:
    seen = [client.get(f"/my-data/{token}?lang=en").status_code for _ in range(SEEN_AN_HOUR)]
    assert set(seen) == {200}
    later = client.get(f"/my-data/{token}?lang=en")
    assert later.status_code == 429
    assert "in an hour" in later.text
    assert client.post(f"/my-data/{token}/copy", data={"lang": "en"}).status_code == 429
    # whoever wants to be forgotten need not wait
    assert client.post(f"/my-data/{token}/erase", data={"lang": "en"}).status_code == 303
