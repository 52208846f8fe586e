"""A real SMTP server that keeps what it takes, and misbehaves for addresses that ask for it."""

import asyncio
import socket
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

#: what the server says to RCPT, by the first word of the address
RCPT = {
    "later": "451 4.7.1 greylisted, later",
    "gone": "550 5.1.1 no such user <gone@example.org>",
    "full": "552 5.2.2 mailbox full",
    "policy": "550 5.7.1 not from you",
    "busy": "421 4.3.2 closing",
}
#: what it says after DATA
DATA = {"bad": "554 5.6.0 <b>not taken</b> for bad@example.org", "slowly": "452 4.2.2 out of room"}


class Sink:
    """Keeps every message it took, as it came over the wire."""

    def __init__(self) -> None:
        self.taken: list[bytes] = []
        self.recipients: list[str] = []
        self.rules: dict[str, str] = dict(RCPT)
        #: seconds to keep silent after a message to `hang@` has been taken
        self.silence = 5.0
        self.sessions = 0
        self.sender_says = ""
        self.on_data: Callable[[], None] = lambda: None

    async def handle_EHLO(
        self, server: SMTP, session: Session, envelope: Envelope, host: str, said: list[str]
    ) -> list[str]:  # noqa: N802
        self.sessions += 1
        session.host_name = host
        return said

    async def handle_MAIL(self, server: SMTP, session: Session, envelope: Envelope, address: str, options: Any) -> str:  # noqa: N802
        envelope.mail_from = address
        return self.sender_says or "250 OK"

    async def handle_RCPT(self, server: SMTP, session: Session, envelope: Envelope, address: str, options: Any) -> str:  # noqa: N802
        if answer := self.rules.get(address.split("@")[0].lower()):
            return answer
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        (recipient,) = envelope.rcpt_tos
        word = recipient.split("@")[0]
        if word in DATA:
            return DATA[word]
        self.taken.append(envelope.original_content or b"")
        self.recipients.append(recipient)
        self.on_data()
        if word == "hang":
            await asyncio.sleep(self.silence)
        return "250 OK"

    @property
    def messages(self) -> list[EmailMessage]:
        return [message_from_bytes(raw, policy=default) for raw in self.taken]  # type: ignore[misc]

    @property
    def ids(self) -> Counter[str]:
        """How often each Message-ID was taken."""
        return Counter(str(message["Message-ID"]) for message in self.messages)


@contextmanager
def sink_at_work(**more: Any) -> Iterator[tuple[Sink, str]]:
    """A sink and its URL."""
    sink = Sink()
    controller = Controller(sink, hostname="127.0.0.1", port=free_port(), **more)
    controller.start()
    try:
        yield sink, f"smtp://127.0.0.1:{controller.port}"
    finally:
        controller.stop(no_assert=True)


def free_port() -> int:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        return int(listening.getsockname()[1])


@contextmanager
def raw_server(talk: Callable[[socket.socket], None]) -> Iterator[str]:
    """A server that talks as told, to one caller after another."""
    listening = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            try:
                caller, _ = listening.accept()
            except OSError:
                return
            with caller:
                try:
                    talk(caller)
                except OSError:
                    continue

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield f"smtp://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        listening.shutdown(socket.SHUT_RDWR)
        listening.close()
        thread.join(timeout=5)
