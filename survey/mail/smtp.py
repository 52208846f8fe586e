"""Mail over SMTP, one connection for many messages, with every outcome told apart (RFC 5321, RFC 1047).

What fails before DATA was not sent. What fails after it may have been: that is Unknown, never "try again".
"""

import io
import re
import smtplib
import socket
import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import TracebackType
from typing import Any, Self
from urllib.parse import unquote, urlsplit

from survey.mail.outcomes import Deferred, NotSent, Refused, ServerAway, Unknown
from survey.mail.written import Written, wire_address

#: seconds for any one step, and for a whole message: a server that trickles must not hold the queue
STEP_SECONDS = 20.0
MESSAGE_SECONDS = 60.0

_LEADING_DOT = re.compile(rb"(?m)^\.")
_ENHANCED = re.compile(r"\b([245]\.\d{1,3}\.\d{1,3})\b")
#: enhanced codes that are not about the address: a full mailbox, a policy, the network (RFC 3463)
_NOT_THE_ADDRESS = ("5.2.2", "5.3.", "5.4.", "5.5.", "5.6.", "5.7.")

Reply = tuple[int, bytes]


class Timed(smtplib.SMTP):
    """A connection that takes no longer than `seconds` for all that is done since `begin`, and `timeout` for a step."""

    def __init__(self, seconds: float, host: str, port: int, **more: Any) -> None:
        self.seconds = seconds
        self.begin()
        super().__init__(host, port, **more)

    def begin(self) -> None:
        """From here on the seconds count."""
        self.until = time.monotonic() + self.seconds

    def getreply(self) -> Reply:
        if self.file is None and self.sock is not None:
            self.file = io.BufferedReader(InTime(self, self.sock))
        return super().getreply()


class TimedTLS(Timed, smtplib.SMTP_SSL):
    """The same, with TLS from the start."""


class InTime(io.RawIOBase):
    """What the server says, as long as there is time: a server that trickles is never silent for long."""

    def __init__(self, smtp: Timed, sock: socket.socket) -> None:
        self.smtp, self.sock = smtp, sock

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        left = self.smtp.until - time.monotonic()
        if left <= 0:
            raise TimeoutError("timed out")
        self.sock.settimeout(min(left, self.smtp.timeout))
        return self.sock.recv_into(buffer)


class SmtpMailer:
    """smtp://[USER:PASSWORD@]HOST[:PORT] (TLS when offered, its certificate checked) or smtps:// (TLS from the start).

    A password is never sent over a connection without TLS, and what fails in TLS is not tried without.
    """

    def __init__(
        self,
        url: str,
        hello: str,
        *,
        bounces_to: str = "",
        step_seconds: float = STEP_SECONDS,
        message_seconds: float = MESSAGE_SECONDS,
    ) -> None:
        self.url = urlsplit(url)
        self.hello = hello
        self.envelope_sender = wire_address(bounces_to) if bounces_to else ""
        self.step_seconds = step_seconds
        self.message_seconds = message_seconds
        self._smtp: Timed | None = None

    def send(self, mail: Written) -> None:
        """Send to its one address. Raises Deferred, ServerAway, Refused or Unknown."""
        try:
            smtp = self._begun(self.envelope_sender or mail.sender)
            _address(smtp, mail.recipient)
            _deliver(smtp, _LEADING_DOT.sub(b"..", mail.content))
        except (ServerAway, Unknown):
            self.close()
            raise
        except NotSent:
            self._reset()
            raise

    def reach(self) -> None:
        """Have a connection. Raises ServerAway where there is none to be had."""
        if self._smtp is None:
            self._smtp = self._connect()

    def close(self) -> None:
        """End the connection; politely where that is possible."""
        smtp, self._smtp = self._smtp, None
        if smtp is not None:
            with suppress(OSError, smtplib.SMTPException):
                smtp.close() if smtp.sock is None else smtp.quit()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _begun(self, sender: str) -> Timed:
        """A connection that has taken our sender, opened again where the server has ended it since the last message.

        A sender that is refused is ours to mend, and no fault of the message.
        """
        if self._smtp is not None:
            self._smtp.begin()
            with suppress(OSError, smtplib.SMTPException):
                if self._smtp.mail(sender)[0] == 250:
                    return self._smtp
            self.close()
        self._smtp = self._connect()
        self._smtp.begin()
        with _before_data():
            said = self._smtp.mail(sender)
        if said[0] != 250:
            raise ServerAway(f"sender not taken: {_text(said)}")
        return self._smtp

    def _connect(self) -> Timed:
        smtp: Timed | None = None
        try:
            smtp = self._dial()
            smtp.ehlo_or_helo_if_needed()
            self._secure(smtp)
            self._sign_in(smtp)
        except (OSError, smtplib.SMTPException) as error:
            if smtp is not None:
                smtp.close()
            raise ServerAway(f"no connection: {_words(error)}") from error
        return smtp

    def _dial(self) -> Timed:
        host, port = self.url.hostname or "localhost", self.url.port
        common: dict[str, Any] = {"local_hostname": self.hello, "timeout": self.step_seconds}
        if self.url.scheme == "smtps":
            return TimedTLS(self.message_seconds, host, port or 465, context=ssl.create_default_context(), **common)
        return Timed(self.message_seconds, host, port or (587 if self.url.username else 25), **common)

    def _secure(self, smtp: smtplib.SMTP) -> None:
        if self.url.scheme == "smtp" and smtp.has_extn("starttls"):
            smtp.starttls(context=ssl.create_default_context())
            smtp.ehlo_or_helo_if_needed()

    def _sign_in(self, smtp: smtplib.SMTP) -> None:
        if self.url.username is None:
            return
        if not isinstance(smtp.sock, ssl.SSLSocket):
            raise smtplib.SMTPException("the server offers no TLS, so the password was not sent")
        smtp.login(unquote(self.url.username), unquote(self.url.password or ""))

    def _reset(self) -> None:
        if self._smtp is not None:
            try:
                self._smtp.rset()
            except (OSError, smtplib.SMTPException):
                self.close()


def _address(smtp: smtplib.SMTP, recipient: str) -> None:
    with _before_data():
        said = smtp.rcpt(recipient)
    if said[0] in (250, 251):
        return
    if said[0] == 421:
        raise ServerAway(_text(said))
    if 500 <= said[0] < 600:
        raise Refused(_text(said), suppress=_is_about_the_address(said))
    raise Deferred(_text(said))


def _deliver(smtp: smtplib.SMTP, content: bytes) -> None:
    with _before_data():
        smtp.putcmd("data")
        said = smtp.getreply()
    if said[0] != 354:
        _raise_for(said)
    try:
        smtp.send(content + (b"" if content.endswith(b"\r\n") else b"\r\n") + b".\r\n")
        said = smtp.getreply()
    except (OSError, smtplib.SMTPException) as error:
        raise Unknown(f"lost while sending: {_words(error)}") from error
    if said[0] != 250:
        _raise_for(said)


def _raise_for(said: Reply) -> None:
    """A refusal of the message itself. The server answered, so it is known not to have been taken."""
    if said[0] == 421:
        raise ServerAway(_text(said))
    if 500 <= said[0] < 600:
        raise Refused(_text(said))
    raise Deferred(_text(said))


@contextmanager
def _before_data() -> Iterator[None]:
    try:
        yield
    except (OSError, smtplib.SMTPException) as error:
        raise ServerAway(f"lost before sending: {_words(error)}") from error


def _is_about_the_address(said: Reply) -> bool:
    enhanced = _ENHANCED.search(_text(said))
    return enhanced is None or not enhanced[1].startswith(_NOT_THE_ADDRESS)


def _text(said: Reply) -> str:
    return f"{said[0]} {said[1].decode(errors='replace')}"


def _words(error: Exception) -> str:
    if isinstance(error, smtplib.SMTPResponseException):
        answer = error.smtp_error
        return f"{error.smtp_code} {answer.decode(errors='replace') if isinstance(answer, bytes) else answer}"
    return str(error) or type(error).__name__
