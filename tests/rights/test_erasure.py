"""Being forgotten: by one's own link or by the operator, everywhere, once, and for good."""

import hashlib
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select

from survey.accounts.models import AuditEntry
from survey.customers.models import Customer, RightsRequest, Transaction
from survey.customers.staging import identity_of
from survey.database import committed, writing
from survey.extensions import db
from survey.invitations.links import ANSWER, MY_DATA, token_for
from survey.invitations.models import ContactPolicy, Invitation
from survey.invitations.suppression import suppressed_among
from survey.jobs.models import Job
from survey.jobs.tasks import classify, forget
from survey.responses.models import ResponseReason
from survey.rights.erasing import UnknownCustomer, erase_person
from survey.rights.requests import ERASE, OPERATOR
from survey.taxonomy.models import Reason
from survey.web import settings
from survey.winback.models import Case
from tests import stories
from tests.rights.canary import WORDS, answer_of, canary, everywhere, traces

SignIn = Callable[..., FlaskClient]


@pytest.fixture
def asked_id(app: Flask) -> int:
    """The invitation that somebody with rows everywhere answered."""
    with app.app_context(), writing():
        who = canary()
        everywhere(who)
        db.session.commit()
        return answer_of(who).id


@pytest.fixture
def path(app: Flask, asked_id: int) -> str:
    with app.app_context():
        return f"/my-data/{token_for(MY_DATA, asked_id)}"


def erasures(app: Flask) -> list[tuple[str, bool]]:
    with app.app_context():
        rows = db.session.scalars(select(RightsRequest).where(RightsRequest.kind == ERASE)).all()
        return [(row.asked_by, row.done_at is not None) for row in rows]


def test_the_own_link_asks_first_and_then_nothing_is_left(app: Flask, client: FlaskClient, path: str) -> None:
    with app.app_context():
        assert traces() == list(WORDS)
    assert "Erase it for good</button>" in client.get(f"{path}/erase?lang=en").text
    with app.app_context():
        assert traces() == list(WORDS)
    done = client.post(f"{path}/erase", data={"lang": "en"})
    assert done.status_code == 303
    after = client.get(done.location)
    assert after.status_code == 410
    assert "Nothing here says who you are" in after.text
    with app.app_context():
        assert traces() == []
        stated = db.session.scalars(select(Reason.code).join(ResponseReason)).all()
        assert stated == ["rude_staff"]
        assert suppressed_among(["xanthippe@quaeckernaeck.example"])
        entry = db.session.scalars(select(AuditEntry).where(AuditEntry.action == "customer erased")).one()
        assert entry.user_id is None
        case = db.session.scalars(select(Case)).one()
        assert (case.state, case.outcome) == ("closed", "nothing_to_do")
    assert erasures(app) == [("person", True)]


def test_twice_is_once_and_every_link_of_that_person_is_over(
    app: Flask, client: FlaskClient, path: str, asked_id: int
) -> None:
    client.post(f"{path}/erase", data={"lang": "en"})
    with app.app_context():
        answer = f"/a/{token_for(ANSWER, asked_id)}"
    for again in (
        client.post(f"{path}/erase", data={"lang": "en"}),
        client.get(f"{path}/erase"),
        client.post(f"{path}/copy", data={"lang": "en"}),
        client.get(path),
        client.get(answer),
    ):
        assert again.status_code == 410
    assert erasures(app) == [("person", True)]
    assert app.test_cli_runner().invoke(args=["customers", "erase", "K-4711"]).exit_code == 1
    assert erasures(app) == [("person", True)]


def test_the_operator_does_the_same(app: Flask, asked_id: int) -> None:
    assert app.test_cli_runner().invoke(args=["customers", "erase", "K-4711"]).exit_code == 0
    with app.app_context():
        assert traces() == []
    assert erasures(app) == [("operator", True)]


def test_others_stay_as_they_are(app: Flask, client: FlaskClient, path: str) -> None:
    with app.app_context(), writing():
        answer = stories.response("Ik vond het te duur.", asked=stories.invitation())
        db.session.commit()
        other = db.session.scalars(select(Customer).where(Customer.external_id != "K-4711")).one().external_id
        words = answer.words
    client.post(f"{path}/erase", data={"lang": "en"})
    with app.app_context():
        left = db.session.scalars(select(Customer).where(Customer.erased_at.is_(None))).one()
        assert left.external_id == other
        assert words in repr(db.session.scalars(select(type(answer).words)).all())


def test_purchases_stay_and_no_longer_tell_whose_they_were(app: Flask, context: None) -> None:
    who = canary()
    bought = stories.visit(who, stories.MOMENT.date())
    row = {"customer_id": "K-4711", "transaction_id": "T-1"}
    bought.identity = before = identity_of(row)
    db.session.commit()
    erase_person(who.id, OPERATOR)
    db.session.commit()
    after = db.session.execute(select(Transaction.amount, Transaction.identity)).one()
    assert after.amount == 100
    assert after.identity != before


@pytest.mark.sqlite
def test_no_trace_is_left_in_any_file(app: Flask, client: FlaskClient) -> None:
    """The database, the mail folder, models and uploads; also where SQLite has freed the space."""
    with app.app_context(), writing():
        who = canary()
        stories.mailing(db.session.scalars(select(Invitation).where(Invitation.state == "open")).one())
        db.session.get_one(ContactPolicy, 1).quarantine_days = 0  # she was asked before
        db.session.commit()
        path = f"/my-data/{token_for(MY_DATA, answer_of(who).id)}"
        classify.run()
    app.test_cli_runner().invoke(args=["invitations", "send"])
    with app.app_context():
        folder: Path = settings().instance
    assert any(name.endswith(".eml") for name, _word in in_files(folder))
    client.post(f"{path}/erase", data={"lang": "en"})
    with app.app_context():
        db.session.remove()
        db.engine.dispose()
    assert in_files(folder) == []


def in_files(folder: Path) -> list[tuple[str, str]]:
    files = [path for path in folder.rglob("*") if path.is_file()]
    return [(path.name, word) for path in files for word in WORDS if word.encode() in path.read_bytes()]


@pytest.mark.sqlite
def test_files_that_could_not_be_deleted_are_deleted_later(app: Flask, client: FlaskClient, path: str) -> None:
    """The person is told at once; the request stays open until the copy of the mail is gone as well."""
    with app.app_context():
        folder = Path(settings().mail_url.removeprefix("folder:"))
        key = db.session.scalars(select(Invitation.id)).first()
        copy = copy_of(folder, f"<{key}.0@whyleft.test>")
    copy.mkdir(parents=True)  # a folder is not deleted like a file
    assert client.post(f"{path}/erase", data={"lang": "en"}).status_code == 303
    with app.app_context():
        assert traces() == []
    assert erasures(app) == [("person", False)]
    copy.rmdir()
    copy.write_text("Beste Xanthippe")
    with app.app_context():
        forget.run(Job(key="forget:x", kind="forget", arguments={}))
    assert not copy.exists()
    assert erasures(app) == [("person", True)]


def copy_of(folder: Path, message_id: str) -> Path:
    """Where the mail folder would keep this mail."""
    return folder / f"1-{hashlib.sha256(message_id.encode()).hexdigest()[:16]}-x.eml"


@pytest.mark.postgresql
def test_two_at_once_erase_once(app: Flask, asked_id: int) -> None:
    came: list[str] = []
    ready = threading.Barrier(2)

    def erase() -> None:
        with app.app_context():
            key = db.session.scalars(select(Customer.id)).one()
            db.session.rollback()
            ready.wait()
            try:
                committed(db.session, lambda: erase_person(key, OPERATOR))
                came.append("erased")
            except UnknownCustomer:
                came.append("nobody")

    threads = [threading.Thread(target=erase) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(came) == ["erased", "nobody"]
    with app.app_context():
        assert traces() == []
        assert db.session.scalar(select(func.count()).where(RightsRequest.kind == ERASE)) == 1
