"""Mail over SMTP, one connection for many messages, with every outcome told apart (RFC 5321, RFC 1047).

What fails before DATA was not sent. What fails after it may have been: that is Unknown, never "try again".
"""

import re
import smtplib
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from email.message import EmailMessage
from email.utils import parseaddr
from types import TracebackType
from typing import Any, Self
from urllib.parse import unquote, urlsplit

import idna

from survey.mail.outcomes import Deferred, NotSent, Refused, ServerAway, Unknown

#: seconds for any one step, and for a whole message: a server that trickles must not hold the queue
STEP_SECONDS = 20.0
MESSAGE_SECONDS = 60.0

_LEADING_DOT = re.compile(rb"(?m)^\.")
_ENHANCED = re.compile(r"\b([245]\.\d{1,3}\.\d{1,3})\b")
#: enhanced codes that are not about the address: a full mailbox, a policy, the network (RFC 3463)
_NOT_THE_ADDRESS = ("5.2.2", "5.3.", "5.4.", "5.5.", "5.6.", "5.7.")

Reply = tuple[int, bytes]


@contextmanager
def within(smtp: smtplib.SMTP, seconds: float) -> Iterator[None]:
    """Cut the connection when all the steps together take too long; what waits on it then fails."""
    timer = threading.Timer(seconds, _cut, (smtp,))
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


class Timed(smtplib.SMTP):
    """A connection whose greeting, too, has to come within a time."""

    def __init__(self, seconds: float, host: str, port: int, **more: Any) -> None:
        self.seconds = seconds
        super().__init__(host, port, **more)

    def connect(self, *where: Any, **more: Any) -> Reply:
        with within(self, self.seconds):
            return super().connect(*where, **more)


class TimedTLS(Timed, smtplib.SMTP_SSL):
    """The same, with TLS from the start."""


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
        self._smtp: smtplib.SMTP | None = None

    def send(self, message: EmailMessage) -> None:
        """Send to the one address in To. Raises Deferred, ServerAway, Refused or Unknown."""
        sender, recipient = self.envelope_sender or wire_address(str(message["From"])), wire_address(str(message["To"]))
        content = _LEADING_DOT.sub(b"..", message.as_bytes(policy=message.policy.clone(linesep="\r\n")))
        smtp = self._ready()
        try:
            with within(smtp, self.message_seconds):
                self._address(smtp, sender, recipient)
                _deliver(smtp, content)
        except (ServerAway, Unknown):
            self.close()
            raise
        except NotSent:
            self._reset(smtp)
            raise

    def reach(self) -> None:
        """Have a connection. Raises ServerAway where there is none to be had."""
        self._ready()

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

    def _ready(self) -> smtplib.SMTP:
        """The connection, opened again where the server has ended it since the last message."""
        if self._smtp is not None:
            try:
                if self._smtp.noop()[0] == 250:
                    return self._smtp
            except (OSError, smtplib.SMTPException):
                pass
            self.close()
        self._smtp = self._connect()
        return self._smtp

    def _connect(self) -> smtplib.SMTP:
        smtp: smtplib.SMTP | None = None
        try:
            smtp = self._dial()
            with within(smtp, self.message_seconds):
                smtp.ehlo_or_helo_if_needed()
                self._secure(smtp)
                self._sign_in(smtp)
        except (OSError, smtplib.SMTPException) as error:
            if smtp is not None:
                smtp.close()
            raise ServerAway(f"no connection: {_words(error)}") from error
        return smtp

    def _dial(self) -> smtplib.SMTP:
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

    def _address(self, smtp: smtplib.SMTP, sender: str, recipient: str) -> None:
        """The envelope. A sender that is refused is ours to mend, and no fault of the message."""
        with _before_data():
            said = smtp.mail(sender)
            if said[0] != 250:
                raise ServerAway(f"sender not taken: {_text(said)}")
            said = smtp.rcpt(recipient)
        if said[0] in (250, 251):
            return
        if said[0] == 421:
            raise ServerAway(_text(said))
        if 500 <= said[0] < 600:
            raise Refused(_text(said), suppress=_is_about_the_address(said))
        raise Deferred(_text(said))

    def _reset(self, smtp: smtplib.SMTP) -> None:
        try:
            smtp.rset()
        except (OSError, smtplib.SMTPException):
            self.close()


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


def _cut(smtp: smtplib.SMTP) -> None:
    with suppress(OSError, AttributeError):
        smtp.sock.shutdown(socket.SHUT_RDWR)  # type: ignore[union-attr]  # None when it was closed meanwhile


def wire_address(header: str) -> str:
    """The bare address with its domain in ASCII. Raises Refused where a server could not take it."""
    address = parseaddr(header)[1]
    local, _, domain = address.rpartition("@")
    try:
        wire = f"{local}@{domain if domain.isascii() else idna.encode(domain, uts46=True).decode()}"
    except idna.IDNAError:
        raise Refused("the domain of the address is not one") from None
    if not local or not wire.isascii():
        raise Refused("the address cannot be written in ASCII, and we send no other")
    return wire


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
