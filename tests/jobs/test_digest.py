"""The daily mail of notices: in everybody's language, never empty, never twice."""

from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select, update

from survey.accounts.models import User
from survey.clock import now
from survey.database import committed
from survey.extensions import db
from survey.jobs import queue
from survey.jobs.models import Job
from survey.jobs.running import run_next
from survey.mail.outcomes import Refused, ServerAway, Unknown
from survey.notices import N_, Notice, notify, settle
from tests import stories

GOLDEN = Path(__file__).parent / "digest.txt"


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[EmailMessage]:
    """What leaves."""
    letters: list[EmailMessage] = []
    monkeypatch.setattr("survey.mail.send", letters.append)
    return letters


@pytest.fixture
def people(app: Flask, user: Any) -> Iterator[list[int]]:
    """Anna reads English, Bas reads Dutch; Chris does not want to know, and Daan has left."""
    ids = [
        user("administrator", language="en"),
        user("manager", language="nl"),
        user("analyst"),
        user("interviewer"),
    ]
    with app.app_context():
        change(User, User.id.in_([ids[0], ids[1], ids[3]]), wants_notices=True)
        change(User, User.id == ids[3], active=False)
        yield ids


def change(table: Any, where: Any, **values: Any) -> None:
    committed(db.session, lambda: db.session.execute(update(table).where(where).values(**values)))


def tell(key: str = "gate", level: str = "warning", message: str = "", **values: Any) -> None:
    message = message or N_("The queue has waited for %(minutes)s minutes.")
    committed(db.session, lambda: notify(key, level, message, values or {"minutes": 1234}, link="/jobs"))


def digest(day: str = "2026-11-21") -> str:
    """Run the digest of a day, now; gives what became of it."""
    job_id = committed(db.session, lambda: queue.enqueue("digest", f"digest:{day}").id)
    change(Job, Job.id == job_id, due_at=now())
    ended = run_next("one", job_id)
    db.session.rollback()
    return ended.state if ended else ""


@pytest.mark.usefixtures("people")
def test_each_reader_gets_one_mail_in_their_language(sent: list[EmailMessage]) -> None:
    tell()
    assert digest() == "done"
    assert [letter["To"] for letter in sent] == ["administrator-0@example.org", "manager-0@example.org"]
    assert "The queue has waited for 1,234 minutes." in sent[0].get_content()
    assert "1.234" in sent[1].get_content()  # as a Dutch reader writes it
    assert digest("2026-11-22") == "done"
    assert len(sent) == 2


@pytest.mark.usefixtures("people")
def test_the_whole_mail(sent: list[EmailMessage]) -> None:
    tell("queue", "warning", minutes=1234)
    tell("job", "alarm", N_("The job “%(kind)s” failed."), kind="detect")
    tell("tip", "info", N_("There is a new %(what)s."), what="model <b>7</b>")
    digest()
    assert sent[0].get_content() == GOLDEN.read_text()
    assert sent[0]["Subject"] == "3 notices from Whyleft"


@pytest.mark.usefixtures("people")
def test_a_branchs_notice_goes_to_its_people_and_to_those_tied_to_none(sent: list[EmailMessage], user: Any) -> None:
    delft, gouda = committed(db.session, lambda: [stories.branch(name).id for name in ("Delft", "Gouda")])
    tied = [user("manager", branches=(delft,)), user("analyst", branches=(gouda, delft))]
    change(User, User.id.in_(tied), wants_notices=True)
    where = N_("It is about %(branch)s.")
    committed(db.session, lambda: notify("d", "info", where, {"branch": "Delft"}, branch_id=delft))
    committed(db.session, lambda: notify("g", "info", where, {"branch": "Gouda"}, branch_id=gouda))
    digest()
    told = {letter["To"].split("@")[0]: letter.get_content() for letter in sent}
    assert {name: ("Delft." in text, "Gouda." in text) for name, text in told.items()} == {
        "administrator-0": (True, True),
        "manager-0": (True, True),
        "manager-1": (True, False),
        "analyst-2": (True, True),
    }


def test_a_branchs_notice_waits_for_somebody_who_may_read_it(app: Flask, sent: list[EmailMessage], user: Any) -> None:
    with app.app_context():
        delft, gouda = committed(db.session, lambda: [stories.branch(name).id for name in ("Delft", "Gouda")])
        change(User, User.id == user("manager", branches=(gouda,)), wants_notices=True)
        committed(db.session, lambda: notify("d", "info", N_("It is about %(branch)s."), {"branch": "D"}, "", delft))
        tell()
        assert digest() == "done"
        change(User, User.id == user("analyst", branches=(delft,)), wants_notices=True)
        assert digest("2026-11-22") == "done"
    assert [letter["To"].split("@")[0] for letter in sent] == ["manager-1", "analyst-1"]
    assert "1,234" in sent[0].get_content()
    assert "about D" in sent[1].get_content()
    assert "1,234" not in sent[1].get_content()


@pytest.mark.usefixtures("people")
def test_no_notices_no_mail(sent: list[EmailMessage]) -> None:
    assert digest() == "done"
    tell()
    committed(db.session, lambda: settle("gate"))
    assert digest("2026-11-22") == "done"
    assert sent == []


def test_nobody_to_tell_keeps_the_notice_for_later(app: Flask, sent: list[EmailMessage], user: Any) -> None:
    with app.app_context():
        tell()
        assert digest() == "done"
        reader = user("manager")
        change(User, User.id == reader, wants_notices=True)
        assert digest("2026-11-22") == "done"
    assert len(sent) == 1


@pytest.mark.usefixtures("people")
def test_a_notice_that_opens_again_is_mailed_again(sent: list[EmailMessage]) -> None:
    tell()
    digest()
    committed(db.session, lambda: settle("gate"))
    tell(minutes=5)
    digest("2026-11-22")
    assert len(sent) == 4
    assert "5 minutes" in sent[2].get_content()


def fail_for(address: str, error: Exception, letters: list[EmailMessage]) -> Any:
    def send(letter: EmailMessage) -> None:
        if letter["To"] == address:
            raise error
        letters.append(letter)

    return send


@pytest.mark.usefixtures("people")
def test_who_was_not_reached_is_mailed_on_the_next_attempt_and_the_others_not_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    tell()
    letters: list[EmailMessage] = []
    monkeypatch.setattr("survey.mail.send", fail_for("administrator-0@example.org", ServerAway("451"), letters))
    assert digest() == "later"
    tell("late", message=N_("This came %(when)s."), when="later")
    monkeypatch.setattr("survey.mail.send", letters.append)
    assert digest() == "done"
    assert [letter["To"] for letter in letters] == ["manager-0@example.org", "administrator-0@example.org"]
    assert "This came" not in letters[1].get_content()
    assert digest("2026-11-22") == "done"
    assert len(letters) == 4
    assert all("This came" in letter.get_content() for letter in letters[2:])


@pytest.mark.usefixtures("people")
@pytest.mark.parametrize("error", [Unknown("the line broke"), Refused("550 no such user")])
def test_a_mail_that_may_have_arrived_or_never_will_is_not_sent_again(
    monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    tell()
    letters: list[EmailMessage] = []
    monkeypatch.setattr("survey.mail.send", fail_for("administrator-0@example.org", error, letters))
    assert digest() == "done"
    assert len(letters) == 1
    assert db.session.scalars(select(Notice.mailed_at)).one()


@pytest.mark.usefixtures("people")
def test_a_digest_killed_between_two_mails_goes_on_with_the_second(monkeypatch: pytest.MonkeyPatch) -> None:
    tell()
    letters: list[EmailMessage] = []

    def send_and_die(letter: EmailMessage) -> None:
        letters.append(letter)
        raise KeyboardInterrupt

    monkeypatch.setattr("survey.mail.send", send_and_die)
    with pytest.raises(KeyboardInterrupt):
        digest()
    change(Job, Job.kind == "digest", state="queued")
    monkeypatch.setattr("survey.mail.send", letters.append)
    assert digest() == "done"
    assert [letter["To"] for letter in letters] == ["administrator-0@example.org", "manager-0@example.org"]
