"""A process of Whyleft that dies by signal 9 at a commit, with nothing said to whoever waits for its answer.

`python -m tests.faults.dying WHEN NUMBER WORK...`: before or after the commit of that number; the work is `send` for
all mail that is due, or `post PATH FIELDS`.
"""

import os
import signal
import subprocess
import sys
from itertools import count
from pathlib import Path

from flask import Flask
from sqlalchemy import event
from sqlalchemy.orm import Session

from survey import create_app
from survey.invitations.sending import send_all
from tests.engines import SECRET

ROOT = Path(__file__).parent.parent.parent
FORM = "application/x-www-form-urlencoded"


def die(app: Flask, when: str, number: int, *work: str, **settings: str) -> None:
    """Let another process do this work for the same business, and die."""
    of = app.settings  # type: ignore[attr-defined]  # an app of create_app
    given = {
        "WHYLEFT_INSTANCE": str(of.instance),
        "WHYLEFT_DATABASE_URL": of.database_url,
        "WHYLEFT_SECRET_KEY": SECRET,
        "WHYLEFT_BASE_URL": of.base_url,
        "WHYLEFT_MAIL_URL": of.mail_url,
        # with one connection it is known which commit is which
        "WHYLEFT_MAIL_CONNECTIONS": "1",
    }
    kept = {name: value for name, value in os.environ.items() if not name.startswith("WHYLEFT_")}
    environment = kept | given | {f"WHYLEFT_{name.upper()}": value for name, value in settings.items()}
    command = [sys.executable, "-m", "tests.faults.dying", when, str(number), *work]
    done = subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert done.returncode == -signal.SIGKILL, done.stderr


def kill_at_commit(when: str, number: int) -> None:
    """From now on, this process dies right before or right after its commit of this number, from 1."""
    passed = count(1)

    def at_commit(session: Session) -> None:
        if next(passed) == number:
            session.flush() if when == "before" else None
            os.kill(os.getpid(), signal.SIGKILL)

    event.listen(Session, f"{when}_commit", at_commit)


def main(when: str, number: str, what: str, *more: str) -> None:
    app = create_app()
    kill_at_commit(when, int(number))
    if what == "post":
        path, fields = more
        app.test_client().post(path, data=fields, content_type=FORM)
        return
    with app.app_context():
        send_all()


if __name__ == "__main__":
    main(*sys.argv[1:])
