"""A real IMAP server on this machine, whose mailbox is a folder."""

import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from imaplib import IMAP4
from pathlib import Path

from tests.mail.sink import free_port

USER, PASSWORD = "bounces", "a secret, told to nobody"


@dataclass(frozen=True)
class ImapServer:
    port: int

    @property
    def url(self) -> str:
        return f"imap://{USER}:{PASSWORD.replace(' ', '%20')}@127.0.0.1:{self.port}"

    @contextmanager
    def signed_in(self) -> Iterator[IMAP4]:
        client = IMAP4("127.0.0.1", self.port, timeout=10)
        client.login(USER, PASSWORD)
        client.select("INBOX")
        try:
            yield client
        finally:
            client.logout()

    def put(self, *messages: bytes) -> None:
        with self.signed_in() as client:
            for message in messages:
                client.append("INBOX", "", None, message.replace(b"\n", b"\r\n"))  # type: ignore[arg-type]

    def count(self, criterion: str) -> int:
        with self.signed_in() as client:
            return len(client.search(None, criterion)[1][0].split())


@contextmanager
def imap_server() -> Iterator[ImapServer]:
    port = free_port()
    command = [
        Path(sys.executable).parent / "pymap", "--host", "127.0.0.1", "--port", str(port), "--no-tls",
        "--no-service", "admin", "--no-service", "managesieve",
        "dict", "--demo-user", USER, "--demo-password", PASSWORD,
    ]  # fmt: skip
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        _wait_for(port, process)
        yield ImapServer(port)
    finally:
        process.terminate()
        process.wait(10)


def _wait_for(port: int, process: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        if process.poll() is not None:
            raise RuntimeError("the IMAP server ended")
        time.sleep(0.1)
    raise RuntimeError("the IMAP server did not start")
