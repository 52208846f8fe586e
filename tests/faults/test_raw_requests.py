"""B12, B18, B20: requests that no browser makes, sent as bytes to the server that we ship, are refused."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select

from survey.database import writing
from survey.extensions import db
from survey.invitations.links import ANSWER, token_for
from survey.responses.models import Response, WalkInAnswer
from tests.engines import SECRET
from tests.invitations.people import invite
from tests.mail.sink import free_port
from tests.responses.test_walk_in import card_of, stamp_in

pytestmark = pytest.mark.sqlite

ROOT = Path(__file__).parent.parent.parent
BODY = b"reason=price"
FORM = b"Content-Type: application/x-www-form-urlencoded\r\n"


@contextmanager
def gunicorn(app: Flask) -> Iterator[int]:
    """The server of an installation, with one worker; gives its port."""
    settings, port = app.settings, free_port()  # type: ignore[attr-defined]  # an app of create_app
    given = {
        "WHYLEFT_INSTANCE": str(settings.instance),
        "WHYLEFT_DATABASE_URL": settings.database_url,
        "WHYLEFT_SECRET_KEY": SECRET,
        "WHYLEFT_BASE_URL": settings.base_url,
        "WHYLEFT_MAIL_URL": settings.mail_url,
    }
    kept = {name: value for name, value in os.environ.items() if not name.startswith("WHYLEFT_")}
    command = [sys.executable, "-m", "gunicorn", "--worker-class", "gthread", "--threads", "4", "--no-control-socket"]
    command += ["--bind", f"127.0.0.1:{port}", "wsgi:app"]
    process = subprocess.Popen(command, env=kept | given, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    try:
        for _ in range(300):
            with socket.socket() as trying:
                if trying.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.1)
        yield port
    finally:
        process.terminate()
        process.communicate(timeout=30)


def status_of(port: int, raw: bytes) -> int:
    """What the server answers to these bytes; 0 where it closes without a word, or waits for more."""
    with socket.create_connection(("127.0.0.1", port), timeout=30) as line:
        line.sendall(raw)
        line.shutdown(socket.SHUT_WR)
        answer = b""
        while not answer.count(b"\r\n") and (more := line.recv(4096)):
            answer += more
    return int(answer.split()[1]) if answer else 0


def refused_for(path: bytes, body: bytes) -> dict[str, bytes]:
    """Requests that a server may read otherwise than whoever stands before it, or that are no form of ours."""
    first = b"POST " + path + b" HTTP/1.1\r\n"
    host, length, close = b"Host: 127.0.0.1\r\n", b"Content-Length: %d\r\n" % len(body), b"Connection: close\r\n"
    chunked = b"Transfer-Encoding: chunked\r\n"
    whole = b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body)
    large = b"%x\r\n%s\r\n0\r\n\r\n" % (300_000, b"words=" + b"x" * 299_994)
    return {
        "two lengths of the body": first + host + FORM + length + chunked + close + b"\r\n" + whole,
        "two different lengths": first + host + FORM + length + b"Content-Length: 3\r\n" + close + b"\r\n" + body,
        "lines that end in LF alone": (first + host + FORM + length + close + b"\r\n").replace(b"\r", b"") + body,
        "a length that is no number": first + host + FORM + b"Content-Length: +12\r\n" + close + b"\r\n" + body,
        "a header over two lines": first + host + FORM + length + b"X: a\r\n b\r\n" + close + b"\r\n" + body,
        "NUL in a header": first + host + FORM + length + b"X: a\x00b\r\n" + close + b"\r\n" + body,
        "two hosts": first + host + b"Host: evil.example\r\n" + FORM + length + close + b"\r\n" + body,
        "another host": first + b"Host: evil.example\r\n" + FORM + length + close + b"\r\n" + body,
        "too large, in chunks": first + host + FORM + chunked + close + b"\r\n" + large,
    }


def sent(path: bytes, body: bytes) -> bytes:
    """The same as a browser sends it."""
    length = b"Content-Length: %d\r\n" % len(body)
    return b"POST " + path + b" HTTP/1.1\r\nHost: 127.0.0.1\r\n" + FORM + length + b"Connection: close\r\n\r\n" + body


def test_requests_that_no_browser_makes_are_refused(app: Flask, client: FlaskClient) -> None:
    """By the mailed form, and by the form of a branch."""
    with app.app_context(), writing():
        link = f"/a/{token_for(ANSWER, invite().id)}".encode()
    card = card_of(app, "Utrecht")
    stamp = stamp_in(client.get(card).text)
    forms = {link: BODY, card.encode(): BODY + b"&at=" + stamp.encode()}
    with gunicorn(app) as port:
        for path, body in forms.items():
            answers = {name: status_of(port, raw) for name, raw in refused_for(path, body).items()}
            assert {name: status for name, status in answers.items() if status not in (0, 400, 413)} == {}
            assert answers["too large, in chunks"] == 413
            with app.app_context():
                for table in (Response, WalkInAnswer):
                    assert db.session.scalar(select(func.count()).select_from(table)) == (
                        table is Response and path != link
                    )
            assert status_of(port, sent(path, body)) == 303
