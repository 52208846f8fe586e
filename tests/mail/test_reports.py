"""What comes back about mail: real reports in their many forms, and whatever else lies in a mailbox."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from survey.mail.reports import LONGEST_REPORT, MailReport, read_report

OURS = "<4f1c@example.org>"

#: as Postfix writes it (RFC 3464)
POSTFIX = f"""\
From: MAILER-DAEMON@mail.example.org (Mail Delivery System)
To: ask@example.org
Subject: Undelivered Mail Returned to Sender
Message-ID: <2026.9A1B@mail.example.org>
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="b"

--b
Content-Type: text/plain; charset=us-ascii

I'm sorry to have to inform you that your message could not be delivered.
--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mail.example.org
Arrival-Date: Wed, 25 Nov 2026 10:00:00 +0100 (CET)

Final-Recipient: rfc822; jan@example.net
Action: ACTION
Status: STATUS
Diagnostic-Code: smtp; DIAGNOSIS

--b
Content-Type: message/rfc822

From: ask@example.org
To: jan@example.net
Subject: What made you stop coming?
Message-ID: {OURS}

Hello
--b--
"""

EXIM = f"""\
From: Mail Delivery System <Mailer-Daemon@example.org>
To: ask@example.org
X-Failed-Recipients: jan@example.net
Auto-Submitted: auto-replied
Message-ID: <E1x@example.org>

This message was created automatically by mail delivery software.
  jan@example.net
    host mx.example.net: 550 5.1.1 <jan@example.net>: user unknown

Message-ID: {OURS}
"""

COMPLAINT = f"""\
From: feedback@provider.example
To: ask@example.org
Message-ID: <fbl1@provider.example>
Content-Type: multipart/report; report-type=feedback-report; boundary="b"

--b
Content-Type: text/plain

This is an abuse report.
--b
Content-Type: message/feedback-report

Feedback-Type: abuse
User-Agent: Provider/1.0
Version: 1
--b
Content-Type: message/rfc822

Message-ID: {OURS}
Subject: What made you stop coming?

Hello
--b--
"""


def postfix(status: str, diagnosis: str = "", action: str = "failed") -> bytes:
    filled = POSTFIX.replace("STATUS", status).replace("DIAGNOSIS", diagnosis).replace("ACTION", action)
    return filled.encode()


def read(raw: bytes) -> MailReport:
    report = read_report(raw)
    assert report is not None
    return report


def test_an_unknown_user_is_a_hard_failure() -> None:
    report = read(postfix("5.1.1", "550 5.1.1 <jan@example.net>: user unknown"))
    assert (report.kind, report.status) == ("hard", "5.1.1")
    assert OURS in report.message_ids
    assert report.text == "smtp; 550 5.1.1 <(address)>: user unknown"


@pytest.mark.parametrize(
    ("status", "diagnosis", "kind"),
    [
        ("5.2.2", "552 5.2.2 mailbox full", "soft"),
        ("5.7.1", "550 5.7.1 blocked", "soft"),
        ("4.4.1", "connection timed out", "soft"),
        ("5.0.0", "550 5.1.10 no such recipient", "hard"),
        ("5.0.0", "550 unknown", "hard"),
        ("nonsense", "", "soft"),
    ],
)
def test_what_is_not_about_the_address_is_soft(status: str, diagnosis: str, kind: str) -> None:
    assert read(postfix(status, diagnosis)).kind == kind


@pytest.mark.parametrize("action", ["delayed", "delivered", "relayed", "expanded"])
def test_what_only_says_that_it_is_late_or_there_is_no_failure(action: str) -> None:
    assert read_report(postfix("4.4.1", action=action)) is None


def test_a_report_in_prose_is_read_too() -> None:
    report = read(EXIM.encode())
    assert (report.kind, report.status) == ("hard", "5.1.1")
    assert OURS in report.message_ids
    assert "jan@example.net" not in report.text


def test_a_complaint_is_one() -> None:
    report = read(COMPLAINT.encode())
    assert report.kind == "complaint"
    assert OURS in report.message_ids


def test_somebody_on_holiday_replies_by_machine() -> None:
    raw = f"Auto-Submitted: auto-replied (vacation)\nIn-Reply-To: {OURS}\nMessage-ID: <v@x.nl>\n\nI am away."
    report = read(raw.encode())
    assert report.kind == "automatic_reply"
    assert OURS in report.message_ids


def test_what_a_person_writes_is_left_for_people() -> None:
    assert read_report(f"From: jan@example.net\nIn-Reply-To: {OURS}\n\nPlease call me.".encode()) is None


def test_a_report_has_one_digest_wherever_it_is_found() -> None:
    one, again = read(postfix("5.1.1")), read(postfix("5.1.1"))
    other = read(postfix("5.1.1").replace(b"2026.9A1B", b"2026.9A1C"))
    assert one.digest == again.digest != other.digest


def test_a_report_cut_in_the_middle_is_still_read() -> None:
    whole = postfix("5.1.1", "550 5.1.1 unknown")
    long = whole.replace(b"Hello", b"Hello " * LONGEST_REPORT)
    assert OURS in read(long).message_ids
    assert read(whole[: whole.index(b"Subject: What")]).kind == "hard"


@given(st.binary(max_size=2000))
def test_any_bytes_are_taken(raw: bytes) -> None:
    report = read_report(raw)
    assert report is None or report.kind in ("hard", "soft", "complaint", "automatic_reply")


@given(st.binary(max_size=200), st.integers(0, len(POSTFIX)))
def test_any_damage_to_a_report_is_taken(noise: bytes, place: int) -> None:
    whole = postfix("5.1.1", "550 5.1.1 unknown")
    read_report(whole[:place] + noise + whole[place:])
