"""A sender that is killed in the middle of its work, by signal 9, again and again."""

import os
import subprocess
import sys
from collections import Counter
from datetime import timedelta
from pathlib import Path

from flask import Flask
from sqlalchemy import select, update

from survey.clock import now
from survey.extensions import db
from survey.invitations.claiming import counts_by_state
from survey.invitations.models import Mailing
from survey.invitations.outbox import send_due
from survey.mail.smtp import SmtpMailer
from tests.engines import SECRET
from tests.invitations.people import invite_many
from tests.mail.sink import Sink, sink_at_work

ROOT = Path(__file__).parent.parent.parent
PEOPLE = 60
KILLED_AT = (1, 30)


def start_sender(app: Flask, mail_url: str) -> "subprocess.Popen[bytes]":
    settings = app.settings  # type: ignore[attr-defined]
    given = {
        "WHYLEFT_INSTANCE": str(settings.instance),
        "WHYLEFT_DATABASE_URL": settings.database_url,
        "WHYLEFT_SECRET_KEY": SECRET,
        "WHYLEFT_BASE_URL": settings.base_url,
        "WHYLEFT_MAIL_URL": mail_url,
        # with one connection it is known which mail was on its way when the sender was killed
        "WHYLEFT_MAIL_CONNECTIONS": "1",
    }
    kept = {name: value for name, value in os.environ.items() if not name.startswith("WHYLEFT_")}
    command = [sys.executable, "-m", "flask", "--app", "wsgi", "invitations", "send"]
    return subprocess.Popen(command, env=kept | given, cwd=ROOT, stdout=subprocess.PIPE)


def run_until_taken(app: Flask, sink: Sink, url: str, most: int) -> bool:
    """Run a sender and kill it as soon as the server has taken `most` messages in all; true where it came to that."""
    sender = start_sender(app, url)
    sink.on_data = lambda: sender.kill() if len(sink.taken) == most else None
    sender.communicate(timeout=120)
    return sender.returncode != 0


def let_leases_run_out() -> None:
    db.session.execute(update(Mailing).values(lease_until=now() - timedelta(seconds=1)))
    db.session.commit()


def test_nothing_is_sent_twice_and_nothing_is_forgotten(app: Flask, context: None) -> None:
    invite_many(f"person-{n}@example.org" for n in range(PEOPLE))

    with sink_at_work() as (sink, url):
        for most in KILLED_AT:
            # killed when the server has the message and has not yet said so
            assert run_until_taken(app, sink, url, most)
            let_leases_run_out()
        with SmtpMailer(url, "localhost") as mailer:
            assert send_due(mailer) == {"sent": PEOPLE - KILLED_AT[-1]}

    states = counts_by_state()
    assert states == {"sent": PEOPLE - len(KILLED_AT), "unknown": len(KILLED_AT)}
    assert set(sink.ids.values()) == {1}
    assert len(sink.taken) == PEOPLE
    unknown = set(db.session.scalars(select(Mailing.message_id).where(Mailing.state == "unknown")))
    assert unknown == {list(sink.ids)[most - 1] for most in KILLED_AT}
    assert Counter(sink.recipients).most_common(1)[0][1] == 1
