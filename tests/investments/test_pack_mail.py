"""The mail of the decision pack: in the first days of a quarter, to who wants it and may see it, once; golden files.

After a change on purpose: WHYLEFT_WRITE_GOLDEN=1 python -m pytest tests/investments/test_pack_mail.py, and read them.
"""

import os
from datetime import UTC, date, datetime
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select, update

from survey.accounts.models import User
from survey.customers import newest
from survey.customers.models import CustomerHistory
from survey.database import committed, writing
from survey.extensions import db
from survey.investments import pack
from survey.jobs.tasks import pack as task
from survey.mail.outcomes import Refused, ServerAway
from survey.reports.models import StoredFigure
from tests.investments.business import QUARTER, SAID, business, check

GOLDEN = Path(__file__).parent / "golden"
FIRST_DAY = date(2026, 7, 1)


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[EmailMessage]:
    """What leaves."""
    letters: list[EmailMessage] = []
    monkeypatch.setattr("survey.mail.send", letters.append)
    return letters


@pytest.fixture
def garage(app: Flask, user: Any, monkeypatch: pytest.MonkeyPatch) -> Flask:
    """A manager reads English, an analyst Dutch; three want it and get none: not their role, one branch only, gone."""
    business(app)
    check(app)
    user("manager", language="en"), user("analyst", language="nl"), user("administrator")
    strangers = [user("interviewer"), user("manager", branches=(1,)), user("manager", "analyst")]
    with app.app_context(), writing():
        db.session.execute(update(User).where(User.name != "administrator").values(wants_pack=True))
        db.session.execute(update(User).where(User.id == strangers[-1]).values(active=False))
        db.session.commit()
    on(FIRST_DAY, monkeypatch)
    return app


def on(day: date, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is this day, in the morning."""
    for module in ("survey.jobs.tasks.pack", "survey.jobs.tasks.shares", "survey.investments.pack"):
        monkeypatch.setattr(f"{module}.today", lambda: day)
    monkeypatch.setattr("survey.jobs.tasks.pack.now", lambda: datetime(2026, day.month, day.day, 4, tzinfo=UTC))


def run(app: Flask) -> dict[str, Any]:
    with app.app_context(), writing():
        return task.run()


def test_once_to_each_who_wants_it_and_sees_everything(
    garage: Flask, sent: list[EmailMessage], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run(garage) == {"mails": 2}
    assert [letter["To"] for letter in sent] == ["manager-0@example.org", "analyst-0@example.org"]
    run(garage)
    on(date(2026, 7, 2), monkeypatch)
    run(garage)
    assert len(sent) == 2
    with garage.app_context(), writing():
        db.session.execute(update(User).where(User.name == "administrator").values(wants_pack=True))
        db.session.commit()
        row = db.session.scalars(select(StoredFigure).where(StoredFigure.name == pack.NAME)).one()
        assert (row.scope, row.as_of) == ("2026-Q2", FIRST_DAY)
    run(garage)
    assert [letter["To"] for letter in sent[2:]] == ["administrator-0@example.org"]
    on(date(2026, 7, 25), monkeypatch)
    assert run(garage) == {}


def test_it_waits_for_the_purchases_of_the_quarter_but_not_for_ever(
    garage: Flask, sent: list[EmailMessage], monkeypatch: pytest.MonkeyPatch
) -> None:
    with garage.app_context(), writing():
        db.session.execute(update(CustomerHistory).values(last_on=date(2026, 6, 10)))
        newest.look_again()
        db.session.commit()
    assert run(garage) == {}
    assert sent == []
    on(date(2026, 7, 10), monkeypatch)
    assert run(garage) == {"mails": 2}


def test_nobody_left_nothing_is_kept_and_nothing_mailed(
    garage: Flask, sent: list[EmailMessage], monkeypatch: pytest.MonkeyPatch
) -> None:
    on(date(2026, 10, 12), monkeypatch)
    assert run(garage) == {}
    assert sent == []


def test_who_was_not_reached_is_mailed_on_the_next_attempt_and_the_others_not_again(
    garage: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    letters: list[str] = []

    def send(letter: EmailMessage) -> None:
        if letter["To"].startswith("manager") and not letters:
            letters.append("away")
            raise ServerAway("451")
        letters.append(letter["To"])

    monkeypatch.setattr("survey.mail.send", send)
    with pytest.raises(task.NotAllMailed):
        run(garage)
    assert run(garage) == {"mails": 2}
    assert letters == ["away", "analyst-0@example.org", "manager-0@example.org"]


def test_killed_between_two_mails_and_refused_for_good(garage: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who was being mailed when the job died is left out rather than mailed twice."""
    letters: list[str] = []

    def send(letter: EmailMessage) -> None:
        letters.append(letter["To"])
        if len(letters) == 1:
            raise KeyboardInterrupt
        raise Refused("550 no such user")

    monkeypatch.setattr("survey.mail.send", send)
    with pytest.raises(KeyboardInterrupt):
        run(garage)
    run(garage)
    run(garage)
    assert letters == ["manager-0@example.org", "analyst-0@example.org"]


@pytest.mark.sqlite
def test_the_whole_mail_in_both_languages(garage: Flask, sent: list[EmailMessage]) -> None:
    run(garage)
    for letter, language in zip(sent, ("en", "nl"), strict=True):
        text = readable(letter)
        assert SAID not in text  # what customers wrote stays where it can be erased
        golden = GOLDEN / f"pack.{language}.txt"
        if os.environ.get("WHYLEFT_WRITE_GOLDEN"):
            golden.parent.mkdir(exist_ok=True)
            golden.write_text(text)
        assert text == golden.read_text()


def readable(letter: EmailMessage) -> str:
    """The whole mail as a person would read its source, bodies decoded."""
    headers = "".join(f"{name}: {value}\n" for name, value in letter.items())
    bodies = [f"--- {part.get_content_type()}\n{part.get_content()}" for part in letter.iter_parts()]  # type: ignore[attr-defined]  # a mail of parts
    return "\n".join([headers, *bodies]).replace("\r\n", "\n")


def test_a_pack_made_twice_is_the_one_made_first(garage: Flask) -> None:
    with garage.app_context(), writing():
        first = pack.in_languages(QUARTER)
        assert first is not None
        committed(db.session, lambda: pack.keep(QUARTER, first))
        committed(db.session, lambda: pack.keep(QUARTER, first | {"en": {}}))
        kept = pack.stored(QUARTER)
        assert kept is not None
        assert kept.payload["en"]["departures"] == 24
