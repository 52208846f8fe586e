"""The mails that ask, held against golden files in both languages.

After a change on purpose: WHYLEFT_WRITE_GOLDEN=1 python -m pytest tests/invitations/test_messages.py, and read them.
"""

import os
import re
from datetime import UTC, date, datetime
from email.message import EmailMessage
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select

from survey import create_app
from survey.extensions import db
from survey.invitations.asked import Asked
from survey.invitations.links import ANSWER, OPT_OUT, invitation_of
from survey.invitations.messages import Letter, invitation_mail
from survey.mail import UnsafeHeader
from survey.mail.outcomes import Refused
from survey.mail.written import Written
from survey.questionnaires.models import QuestionnaireVersion
from survey.questionnaires.versions import Version
from tests.engines import settings_for

GOLDEN = Path(__file__).parent / "golden"
MOMENT = datetime(2026, 11, 21, 9, 30, tzinfo=UTC)


@pytest.fixture
def person(context: None) -> Asked:
    content = db.session.scalars(select(QuestionnaireVersion.content)).one()
    return Asked(
        invitation_id=7,
        customer_id=3,
        state="open",
        language="en",
        order_seed=5,
        expires_at=MOMENT,
        version=Version.of(content),
        spell=(date(2021, 4, 1), date(2026, 3, 14)),
        name="Jan <de> Vries & Zn.",
        email="jan@example.org",
        opted_out=False,
        erased=False,
        started=False,
    )


def mail_of(person: Asked, round_: int = 0, **changes: object) -> EmailMessage:
    changed = Asked(**{**person.__dict__, **changes})  # type: ignore[arg-type]
    return written(changed, round_).read()


def written(person: Asked, round_: int = 0) -> Written:
    return invitation_mail(Letter(person, round_, f"<golden.{round_}@example.org>", MOMENT))


def readable(message: EmailMessage) -> str:
    """The whole message as a person would read its source, bodies decoded."""
    headers = "".join(f"{name}: {value}\n" for name, value in message.items())
    bodies = [f"--- {part.get_content_type()}\n{part.get_content()}" for part in message.iter_parts()]
    return "\n".join([headers, *bodies]).replace("\r\n", "\n")


@pytest.mark.sqlite
@pytest.mark.parametrize("language", ["nl", "en"])
@pytest.mark.parametrize(("name", "round_"), [("invitation", 0), ("reminder", 1), ("last-reminder", 2)])
def test_each_mail_is_as_in_its_golden_file(person: Asked, name: str, round_: int, language: str) -> None:
    told = readable(mail_of(person, round_, language=language))
    golden = GOLDEN / f"{name}.{language}.txt"
    if os.environ.get("WHYLEFT_WRITE_GOLDEN"):
        golden.write_text(told)
    assert told == golden.read_text()


@pytest.mark.sqlite
def test_the_same_letter_gives_the_same_bytes(person: Asked) -> None:
    assert written(person) == written(person)


@pytest.mark.sqlite
def test_its_links_open_for_their_own_purpose_only(person: Asked) -> None:
    text = readable(mail_of(person))

    answer = re.search(r"http://127.0.0.1:8000/a/(\S+)", text)
    stop = re.search(r"List-Unsubscribe: <http://127.0.0.1:8000/stop/(\S+)>", text)
    assert answer
    assert stop
    assert invitation_of(ANSWER, answer[1]) == 7
    assert invitation_of(OPT_OUT, stop[1]) == 7
    assert invitation_of(OPT_OUT, answer[1]) is None
    assert invitation_of(ANSWER, stop[1]) is None
    assert "List-Unsubscribe-Post: List-Unsubscribe=One-Click" in text
    head, _, bodies = written(person).content.partition(b"\r\n\r\n")
    assert not any(line.startswith(b" ") for line in head.split(b"\r\n")), "a link in a header is not broken"
    assert all(len(line) <= 76 for line in bodies.split(b"\r\n")), "RFC 2045, 6.7"


@pytest.mark.sqlite
def test_a_name_is_text_in_html(person: Asked) -> None:
    html = mail_of(person, name='<script>x</script>{{7*7}}"><img src=x>').get_body(("html",))
    assert html is not None
    page = html.get_content()
    assert "<script" not in page
    assert "<img" not in page
    assert "{{7*7}}" in page


@pytest.mark.sqlite
@pytest.mark.parametrize("name", ["Café De Linde", 'Bakker & Zn., "De Linde"', "Linde, Bakkerij (Delft)", "麺"])
def test_any_name_of_the_organisation_comes_through(person: Asked, tmp_path: Path, name: str) -> None:
    app = create_app(settings_for(tmp_path, f"sqlite:///{tmp_path / 'none.db'}", organisation=name))
    with app.app_context():
        message = mail_of(person)
    (sender,) = message["From"].addresses
    assert (sender.display_name, sender.addr_spec) == (name, "whyleft@localhost")
    assert message["Subject"] == f"What made you stop coming to {name}?"
    assert not any(part.defects for part in message.walk())


@pytest.mark.sqlite
def test_a_sender_that_is_no_address_is_not_the_fault_of_the_mail(person: Asked, tmp_path: Path) -> None:
    settings = settings_for(tmp_path, f"sqlite:///{tmp_path / 'none.db'}", mail_from="nobody")
    with create_app(settings).app_context(), pytest.raises(ValueError, match="WHYLEFT_MAIL_FROM"):
        mail_of(person)


@pytest.mark.sqlite
@pytest.mark.parametrize("hostile", ["a\r\nBcc: x@y.z", "=?UTF-8?Q?=0A?=Bcc: x@y.z", "a\x1b[31m", "a\u2028b"])
def test_what_could_become_a_header_is_refused(person: Asked, tmp_path: Path, hostile: str) -> None:
    with pytest.raises(UnsafeHeader):
        mail_of(person, email=f"{hostile}@example.org")
    app = create_app(settings_for(tmp_path, f"sqlite:///{tmp_path / 'none.db'}", organisation=hostile))
    with app.app_context(), pytest.raises(UnsafeHeader):
        mail_of(person)


@pytest.mark.sqlite
def test_a_name_never_reaches_a_header(person: Asked) -> None:
    message = mail_of(person, name="=?UTF-8?Q?=0A?=Bcc: x@y.z")
    assert message["Bcc"] is None
    assert str(message["To"]) == "jan@example.org"


@pytest.mark.sqlite
def test_a_domain_goes_out_in_ascii_and_a_local_part_must_be(person: Asked) -> None:
    assert str(mail_of(person, email="jan@münchen.de")["To"]) == "jan@xn--mnchen-3ya.de"
    assert str(mail_of(person, email="o'brien@example.org")["To"]) == "o'brien@example.org"
    with pytest.raises(Refused):
        mail_of(person, email="jän@example.org")


@pytest.mark.sqlite
@pytest.mark.parametrize(
    ("spell", "sentence"),
    [
        ((date(2021, 4, 1), date(2026, 3, 14)), "You came to us from 2021 to March."),
        ((date(2026, 1, 5), date(2026, 3, 14)), "You came to us from January to March."),
        ((date(2021, 4, 1), date(2025, 3, 14)), "You came to us from 2021 to March 2025."),
        ((date(2025, 2, 1), date(2025, 3, 14)), "You came to us from February to March 2025."),
        ((date(2026, 3, 2), date(2026, 3, 14)), "You came to us in March."),
        ((None, date(2024, 3, 14)), "You came to us in March 2024."),
    ],
)
def test_the_relation_is_named(person: Asked, spell: tuple[date | None, date], sentence: str) -> None:
    assert sentence in readable(mail_of(person, spell=spell))


@pytest.mark.sqlite
def test_subjects_say_no_survey(app: Flask, person: Asked) -> None:
    for round_ in (0, 1, 2):
        for language in ("nl", "en"):
            subject = str(mail_of(person, round_, language=language)["Subject"]).lower()
            assert not re.search(r"survey|enqu[eê]te|onderzoek", subject)
