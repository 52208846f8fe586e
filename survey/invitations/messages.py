"""The mails that ask: one function, data in, message out. Text first, the same in HTML for who reads that."""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, parseaddr
from typing import Any

import css_inline
from flask import render_template
from flask_babel import force_locale
from flask_babel import gettext as _

from survey.clock import local
from survey.invitations.asked import Asked
from survey.invitations.links import answer_link, my_data_link, opt_out_link, privacy_link
from survey.mail import header_text
from survey.mail.smtp import wire_address
from survey.questionnaires.relation import relation_sentence
from survey.web import settings

#: round 0 asks, rounds 1 and 2 remind; there is no third reminder
LAST_ROUND = 2

#: headers are not broken over lines: a link that is broken is encoded, and an encoded link is none
_POLICY = SMTP.clone(max_line_length=900)


@dataclass(frozen=True)
class Letter:
    """One mail to be made: to whom, the how-manieth, under which number, and when."""

    person: Asked
    round: int
    message_id: str
    moment: datetime


def invitation_mail(letter: Letter) -> EmailMessage:
    """The mail that asks why somebody left, or reminds, in that person's language.

    The same letter gives the same bytes. Raises UnsafeHeader where a value must not go into a header, and Refused
    where the address cannot be written on the wire.
    """
    person = letter.person
    with force_locale(person.language):
        message = _envelope(letter, _subject(letter))
        told = _told(letter)
        text = render_template("emails/invitation.txt", **told)
        page = render_template("emails/invitation.html", **told)
    message.set_content(text, cte="quoted-printable")
    message.add_alternative(css_inline.inline(page), subtype="html", cte="quoted-printable")
    message.set_boundary(f"=_{hashlib.sha256(letter.message_id.encode()).hexdigest()[:32]}")
    return message


def _envelope(letter: Letter, subject: str) -> EmailMessage:
    message = EmailMessage(policy=_POLICY)
    name, address = parseaddr(header_text(settings().mail_from))
    message["From"] = Address(header_text(name or settings().organisation), addr_spec=address)
    message["To"] = Address(addr_spec=wire_address(header_text(letter.person.email or "")))
    message["Subject"] = header_text(subject)
    message["Date"] = format_datetime(local(letter.moment))
    message["Message-ID"] = header_text(letter.message_id)
    # RFC 8058: the mail program may offer one click, which POSTs to this address
    message["List-Unsubscribe"] = f"<{opt_out_link(letter.person.invitation_id)}>"
    message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    return message


def _subject(letter: Letter) -> str:
    """Never the word survey, which keeps people from opening it (Edwards et al., Cochrane MR000008)."""
    if letter.round:
        return str(_("May we still ask you one thing?"))
    return str(_("What made you stop coming to %(organisation)s?", organisation=settings().organisation))


def _told(letter: Letter) -> dict[str, Any]:
    person = letter.person
    return {
        "version": person.version,
        "language": person.language,
        "name": person.name,
        "options": person.version.ordered(person.order_seed),
        "intro": relation_sentence(person.version, person.language, person.spell, local(letter.moment).date()),
        "answer_link": answer_link(person.invitation_id),
        "opt_out_link": opt_out_link(person.invitation_id),
        "reminds": letter.round > 0,
        "last": letter.round >= LAST_ROUND,
        "keep_words_days": person.keep_words_days,
        "privacy_contact": settings().privacy_contact,
        "privacy_link": privacy_link(person.language),
        "my_data_link": my_data_link(person.invitation_id),
    }
