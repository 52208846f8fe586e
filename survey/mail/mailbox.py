"""The mailbox that reports about our mail come into, read over IMAP. What was read is marked as seen, never deleted."""

import imaplib
import ssl
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from urllib.parse import unquote, urlsplit

from imap_tools import AND, BaseMailBox, ImapToolsError, MailBox, MailBoxStartTls, MailBoxUnencrypted
from imap_tools.consts import MailMessageFlags

from survey.mail.reports import LONGEST_REPORT

SECONDS = 20.0
#: a password may go without TLS to this machine only
_THIS_MACHINE = ("localhost", "127.0.0.1", "::1")


class MailboxAway(Exception):
    """The mailbox cannot be read now; says why, without the password."""


class Unread:
    """An open mailbox."""

    def __init__(self, box: BaseMailBox) -> None:
        self._box = box

    def keys(self) -> list[str]:
        """What nobody has seen yet, oldest first."""
        return self._box.uids(AND(seen=False))

    def read(self, key: str) -> bytes:
        """The first LONGEST_REPORT bytes of one message; leaves it unseen. Empty where it is gone meanwhile."""
        _, parts = self._box.client.uid("fetch", key, f"(BODY.PEEK[]<0.{LONGEST_REPORT}>)")
        return next((part[1] for part in parts if isinstance(part, tuple)), b"")

    def mark_seen(self, keys: Sequence[str]) -> None:
        self._box.flag(list(keys), MailMessageFlags.SEEN, True)


@contextmanager
def open_mailbox(url: str) -> Iterator[Unread]:
    """imap[s]://USER:PASSWORD@HOST[:PORT][/FOLDER]. Raises MailboxAway for whatever the network or server does."""
    try:
        with _signed_in(url) as box:
            yield Unread(box)
    except (OSError, imaplib.IMAP4.error, ImapToolsError) as error:
        raise MailboxAway(_why(error, urlsplit(url).password)) from error


def _signed_in(url: str) -> BaseMailBox:
    parts = urlsplit(url)
    folder = unquote(parts.path.strip("/")) or "INBOX"
    box = _dial(parts.scheme, parts.hostname or "localhost", parts.port)
    try:
        return box.login(unquote(parts.username or ""), unquote(parts.password or ""), folder)
    except BaseException:
        box.client.shutdown()
        raise


def _dial(scheme: str, host: str, port: int | None) -> BaseMailBox:
    trusted = ssl.create_default_context()
    if scheme == "imaps":
        return MailBox(host, port or 993, timeout=SECONDS, ssl_context=trusted)
    if host in _THIS_MACHINE:
        return MailBoxUnencrypted(host, port or 143, timeout=SECONDS)
    return MailBoxStartTls(host, port or 143, timeout=SECONDS, ssl_context=trusted)


def _why(error: Exception, password: str | None) -> str:
    said = " ".join(str(error).split())[:300] or type(error).__name__
    return said.replace(unquote(password), "(password)") if password else said
