"""How mail leaves: over SMTP, or into a folder. Chosen by WHYLEFT_MAIL_URL, one recipient a message.

`send` returns when the message is sent and raises an outcome of survey.mail.outcomes when it is not.
"""

import hashlib
import os
import re
import secrets
import time
from collections.abc import Collection
from datetime import datetime
from email.message import EmailMessage
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self
from urllib.parse import urlsplit

from survey.mail.outcomes import Deferred
from survey.mail.smtp import SmtpMailer
from survey.mail.written import Written
from survey.web import settings

#: could end a header or begin an encoded word that some Python versions decode into a header of its own
_UNSAFE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]|=\?")

#: when it was written, in nanoseconds; who died while writing left a part
_COPY = re.compile(r"(\d+)-[0-9a-f]{16}-[0-9a-f]{8}\.(?:eml|part)")


class UnsafeHeader(ValueError):
    """A value that must not go into a header."""


class Mailer(Protocol):
    """Something that sends mail until it is closed."""

    def send(self, mail: Written) -> None: ...

    def reach(self) -> None:
        """Raises ServerAway where mail could not be sent now."""

    def close(self) -> None: ...

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


def header_text(value: str) -> str:
    """The value, fit for a header. Raises UnsafeHeader for control characters and for `=?` (CVE-2024-6923)."""
    if _UNSAFE.search(value):
        raise UnsafeHeader("holds a control character or =?")
    return value


def open_mailer() -> Mailer:
    """The mailer of this installation. Nothing is connected before the first message."""
    url = settings().mail_url
    if url.startswith("folder:"):
        return FolderMailer(_folder(url))
    hello = urlsplit(settings().base_url).hostname or "localhost"
    return SmtpMailer(url, hello, bounces_to=settings().mail_bounces_to)


def send(message: EmailMessage | Written) -> None:
    """Send one message. Raises NotSent or one of its kinds."""
    mail = message if isinstance(message, Written) else Written.of(message)
    with open_mailer() as mailer:
        mailer.send(mail)


def forget_copies(message_ids: Collection[str]) -> int:
    """Delete the copies of these messages that the mail folder keeps; gives how many there were."""
    url = settings().mail_url
    if not url.startswith("folder:"):
        return 0
    copies = [path for key in message_ids for path in _folder(url).glob(f"*-{_short(key)}-*")]
    for path in copies:
        path.unlink(missing_ok=True)
    return len(copies)


def copies_before(moment: datetime) -> list[Path]:
    """The copies that the mail folder keeps of what was sent before a moment; none where mail goes to a server."""
    url = settings().mail_url
    named = ((path, _COPY.fullmatch(path.name)) for path in _folder(url).glob("*") if url.startswith("folder:"))
    return [path for path, name in named if name and int(name[1]) < moment.timestamp() * 1e9]


def forget_older(moment: datetime) -> int:
    """Delete the copies of what was sent before a moment; gives how many there were."""
    copies = copies_before(moment)
    for path in copies:
        path.unlink(missing_ok=True)
    return len(copies)


class KeepsNothing:
    """A mailer that holds no connection."""

    def reach(self) -> None:
        """There is nothing to be reached."""

    def close(self) -> None:
        """Nothing is open."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class FolderMailer(KeepsNothing):
    """Writes each message to a file of its own, whole or not at all; a message sent twice is two files."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def send(self, mail: Written) -> None:
        name = f"{time.time_ns()}-{_short(mail.message_id)}-{secrets.token_hex(4)}"
        unfinished = self.folder / f"{name}.part"
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            with unfinished.open("wb") as file:
                file.write(mail.content)
                file.flush()
                os.fsync(file.fileno())
            unfinished.rename(self.folder / f"{name}.eml")
        except OSError as error:
            raise Deferred(f"the mail folder does not take it: {error.strerror}") from error


class MemoryMailer(KeepsNothing):
    """Keeps messages in a list, for tests that need no wire."""

    def __init__(self) -> None:
        self.sent: list[EmailMessage] = []

    def send(self, mail: Written) -> None:
        self.sent.append(mail.read())


def _folder(url: str) -> Path:
    return Path(url.removeprefix("folder:"))


def _short(message_id: str) -> str:
    return hashlib.sha256(message_id.encode()).hexdigest()[:16]
