"""The mailers besides SMTP, and what may go into a header."""

from datetime import timedelta
from email import message_from_bytes
from pathlib import Path

import pytest
import time_machine
from flask import Flask

from survey import create_app, mail
from survey.clock import now
from survey.mail.outcomes import Deferred, without_addresses
from survey.mail.smtp import SmtpMailer
from survey.mail.written import Written
from tests.engines import settings_for
from tests.mail.test_smtp import letter


@pytest.fixture
def app(tmp_path: Path) -> Flask:
    return create_app(settings_for(tmp_path, f"sqlite:///{tmp_path / 'none.db'}"))


def test_a_folder_gets_one_whole_file_a_message(app: Flask, tmp_path: Path) -> None:
    with app.app_context():
        mail.send(letter())
        mail.send(letter())

    files = sorted((tmp_path / "mail").iterdir())
    assert [file.suffix for file in files] == [".eml", ".eml"]
    assert message_from_bytes(files[0].read_bytes())["Message-ID"] == "<1@example.org>"


def test_copies_of_a_message_can_be_forgotten(app: Flask, tmp_path: Path) -> None:
    other = letter()
    other.replace_header("Message-ID", "<2@example.org>")
    with app.app_context():
        for message in (letter(), letter(), other):
            mail.send(message)
        copy = next((tmp_path / "mail").iterdir())
        copy.rename(copy.with_suffix(".part"))  # as if its writer had been killed
        assert mail.forget_copies(["<1@example.org>", "<3@example.org>"]) == 2

    (left,) = (tmp_path / "mail").iterdir()
    assert message_from_bytes(left.read_bytes())["Message-ID"] == "<2@example.org>"


def test_copies_can_be_forgotten_by_their_age(app: Flask, tmp_path: Path) -> None:
    begun = now()
    with app.app_context():
        assert mail.forget_older(begun) == 0
        for days in (3, 2, 0):
            with time_machine.travel(begun - timedelta(days=days)):
                mail.send(letter())
        (tmp_path / "mail" / "1-of somebody-else.eml").write_text("")

        assert mail.forget_older(begun - timedelta(days=10_000)) == 0
        assert len(mail.copies_before(begun - timedelta(days=1))) == 2
        assert mail.forget_older(begun - timedelta(days=1)) == 2
        assert mail.forget_older(begun - timedelta(days=1)) == 0
    assert len(list((tmp_path / "mail").iterdir())) == 2


def test_a_folder_that_cannot_be_written_defers(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(Deferred):
        mail.FolderMailer(tmp_path / "file").send(Written.of(letter()))


def test_the_setting_chooses_the_mailer(tmp_path: Path) -> None:
    for url, kind in (("smtp://localhost:2525", SmtpMailer), (f"folder:{tmp_path}", mail.FolderMailer)):
        with create_app(settings_for(tmp_path, f"sqlite:///{tmp_path / 'none.db'}", mail_url=url)).app_context():
            assert isinstance(mail.open_mailer(), kind)


@pytest.mark.parametrize("hostile", ["a\nb", "a\rb", "a\x00b", "=?UTF-8?Q?=0A?=Bcc: x@y.z", "a\x85b", "a\u2029b"])
def test_hostile_header_values_are_refused(hostile: str) -> None:
    with pytest.raises(mail.UnsafeHeader):
        mail.header_text(hostile)


def test_ordinary_header_values_pass() -> None:
    assert mail.header_text("Café De Linde 💐 = ?") == "Café De Linde 💐 = ?"


def test_answers_are_one_short_line_without_addresses() -> None:
    told = without_addresses("550 5.1.1\r\n<jan@x.nl>: no\x1b[31m such user Piet.X@y.co.uk " + "z" * 900)
    assert told.startswith("550 5.1.1 <(address)>: no [31m such user (address) zzz")
    assert len(told) == 500
