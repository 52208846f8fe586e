"""A mail as it goes over the wire: its bytes, made once, and the addresses of its envelope.

The mails that ask are many, so they are put together here from ready pieces: `EmailMessage` takes every header apart
and folds it again, which is most of what such a mail costs.
"""

from binascii import b2a_qp
from dataclasses import dataclass
from email import message_from_bytes
from email.header import Header
from email.message import EmailMessage
from email.policy import default
from email.utils import parseaddr
from typing import Self

import idna

from survey.mail.outcomes import Refused

#: its boundary, kind and content
_PART = '\r\n--{}\r\nContent-Type: text/{}; charset="utf-8"\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n{}'


@dataclass(frozen=True)
class Written:
    """One mail, ready to leave. `content` is all of it, headers too, and its lines end with CRLF."""

    message_id: str
    #: bare addresses, in ASCII
    sender: str
    recipient: str
    content: bytes

    @classmethod
    def of(cls, message: EmailMessage) -> Self:
        """Write out a message to one person. Raises Refused where an address cannot be written on the wire."""
        sender, recipient = (wire_address(str(message[name])) for name in ("From", "To"))
        content = message.as_bytes(policy=message.policy.clone(linesep="\r\n"))
        return cls(str(message["Message-ID"] or ""), sender, recipient, content)

    def read(self) -> EmailMessage:
        """The message as a mail program reads it."""
        return message_from_bytes(self.content, _class=EmailMessage, policy=default)


def in_two_forms(headers: dict[str, str], text: str, page: str, boundary: str) -> bytes:
    """A mail with the same in text and in HTML. The headers are taken as they are: see `header_text`."""
    shape = {"MIME-Version": "1.0", "Content-Type": f'multipart/alternative; boundary="{boundary}"'}
    head = (_header(name, value) for name, value in (headers | shape).items())
    parts = (_PART.format(boundary, kind, _quoted(told)) for kind, told in (("plain", text), ("html", page)))
    return "".join([*head, *parts, f"\r\n--{boundary}--\r\n"]).encode("ascii")


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


def _header(name: str, value: str) -> str:
    """A line, or more where it is encoded: a link is in ASCII, and never broken."""
    told = value if value.isascii() else Header(value, "utf-8", header_name=name).encode(linesep="\r\n")
    return f"{name}: {told}\r\n"


def _quoted(text: str) -> str:
    return b2a_qp(b"\r\n".join([*text.encode().splitlines(), b""])).decode("ascii")
