"""What comes back about mail: reports of non-delivery (RFC 3464), complaints (RFC 5965), automatic replies (RFC 3834).

Anybody can send us such a mail. So it is believed only as far as it names a Message-ID of ours, which nobody but the
servers on the way and the person asked has seen.
"""

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from email import message_from_bytes
from email.message import Message

from survey.mail.outcomes import without_addresses

#: a report names its mail within the first so many bytes; the rest is somebody else's mail
LONGEST_REPORT = 256 * 1024

_MESSAGE_ID = re.compile(r"<[^<>\s@]{1,200}@[^<>\s@]{1,200}>")
_STATUS = re.compile(r"\b([245]\.\d{1,3}\.\d{1,3})\b")
#: failures that are not about the address: a full mailbox, size, policy, the network (RFC 3463)
_NOT_THE_ADDRESS = ("5.2.2", "5.2.3", "5.3.", "5.4.", "5.5.", "5.6.", "5.7.")
_WORD = re.compile(r"[a-z-]+")
_AUTOMATIC = ("auto-replied", "auto-generated", "auto-notified")
_MOST_IDS = 20


@dataclass(frozen=True)
class MailReport:
    """What one mail in the mailbox says about mail of ours."""

    #: hard: the address does not work; soft: not delivered, but the address may; complaint; automatic_reply
    kind: str
    #: enhanced status code, such as 5.1.1; empty where none is given
    status: str
    #: every Message-ID it names, none twice
    message_ids: tuple[str, ...]
    #: what the server said, without addresses
    text: str
    digest: str


def read_report(raw: bytes) -> MailReport | None:
    """What this mail reports; None for a mail that is no report. Takes any bytes."""
    message = message_from_bytes(raw[:LONGEST_REPORT])
    found = _found(message)
    if found is None:
        return None
    kind, status, text = found
    return MailReport(kind, status, _message_ids(message, raw), without_addresses(text), _digest(message, raw))


def _found(message: Message) -> tuple[str, str, str] | None:
    for part in message.walk():
        match part.get_content_type():
            case "message/feedback-report":
                return "complaint", "", _first_text(message)
            case "message/delivery-status":
                return _of_delivery(list(_fields(part)))
    if message.get("X-Failed-Recipients"):
        text = _first_text(message)
        status = _status_in(text)
        return _kind_of(status or "5.0.0"), status, text
    automatic = _WORD.match(str(message.get("Auto-Submitted", "")).strip().lower())
    return ("automatic_reply", "", "") if automatic and automatic[0] in _AUTOMATIC else None


def _of_delivery(fields: list[tuple[str, str]]) -> tuple[str, str, str] | None:
    """A delivery status: failed for good, or None for what only says that it is late, relayed or delivered."""
    actions = [value.strip().lower() for name, value in fields if name == "action"]
    if "failed" not in actions:
        return None
    status = next((_status_in(value) for name, value in fields if name == "status" and _status_in(value)), "")
    text = next((value for name, value in fields if name == "diagnostic-code"), "")
    return _kind_of(_status_in(text) or status), status, text


def _fields(part: Message) -> Iterator[tuple[str, str]]:
    """The fields of every block of a delivery status, names in small letters."""
    blocks = part.get_payload()
    for block in blocks if isinstance(blocks, list) else [part]:
        for name, value in block.items() if isinstance(block, Message) else ():
            yield name.lower(), " ".join(str(value).split())


def _kind_of(status: str) -> str:
    return "hard" if status.startswith("5.") and not status.startswith(_NOT_THE_ADDRESS) else "soft"


def _status_in(text: str) -> str:
    match = _STATUS.search(text)
    return match[1] if match else ""


def _message_ids(message: Message, raw: bytes) -> tuple[str, ...]:
    """Wherever they stand: in References, in the mail that is given back, in its headers, or in the text."""
    own = str(message.get("Message-ID", ""))
    found = dict.fromkeys(_MESSAGE_ID.findall(raw[:LONGEST_REPORT].decode("ascii", errors="replace")))
    return tuple(key for key in found if key != own.strip())[:_MOST_IDS]


def _first_text(message: Message) -> str:
    for part in message.walk():
        if part.get_content_type() == "text/plain":
            payload = part.get_payload(decode=True)
            return payload.decode(errors="replace") if isinstance(payload, bytes) else ""
    return ""


def _digest(message: Message, raw: bytes) -> str:
    """The same report has the same digest, also when it is found in the mailbox a second time."""
    key = str(message.get("Message-ID", "")).strip().encode(errors="replace") or raw
    return hashlib.sha256(key).hexdigest()
