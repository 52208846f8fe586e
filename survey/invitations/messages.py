"""The mails that ask: one function, data in, message out. Text first, the same in HTML for who reads that."""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime, formataddr, parseaddr
from typing import Any

import css_inline
from flask import render_template
from flask_babel import force_locale
from flask_babel import gettext as _

from survey.clock import local
from survey.invitations.asked import Asked
from survey.invitations.links import answer_link, my_data_link, opt_out_link, privacy_link
from survey.mail import header_text
from survey.mail.outcomes import Refused
from survey.mail.written import Written, in_two_forms, wire_address
from survey.questionnaires.relation import relation_sentence
from survey.web import settings

#: round 0 asks, rounds 1 and 2 remind; there is no third reminder
LAST_ROUND = 2


@dataclass(frozen=True)
class Letter:
    """One mail to be made: to whom, the how-manieth, under which number, and when."""

    person: Asked
    round: int
    message_id: str
    moment: datetime
    #: somebody only wants to see what it looks like
    is_test: bool = False


def invitation_mail(letter: Letter) -> Written:
    """The mail that asks why somebody left, or reminds, in that person's language.

    The same letter gives the same bytes. Raises UnsafeHeader where a value must not go into a header, and Refused
    where the address cannot be written on the wire.
    """
    (name, sender), recipient = _sender(), wire_address(header_text(letter.person.email or ""))
    with force_locale(letter.person.language):
        subject, told = header_text(_subject(letter)), _told(letter)
        text = render_template("emails/invitation.txt", **told)
        page = css_inline.inline(render_template("emails/invitation.html", **told))
    headers = {
        "From": formataddr((name, sender)),
        "To": recipient,
        "Subject": subject,
        "Date": format_datetime(local(letter.moment)),
        "Message-ID": header_text(letter.message_id),
        # RFC 8058: the mail program may offer one click, which POSTs to this address
        "List-Unsubscribe": f"<{told['opt_out_link']}>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
    }
    boundary = f"=_{hashlib.sha256(letter.message_id.encode()).hexdigest()[:32]}"
    return Written(letter.message_id, sender, recipient, in_two_forms(headers, text, page, boundary))


def _sender() -> tuple[str, str]:
    """Name and address. Raises ValueError where the setting holds none: the mails wait until that is put right."""
    name, address = parseaddr(header_text(settings().mail_from))
    try:
        return name or header_text(settings().organisation), wire_address(address)
    except Refused as error:
        raise ValueError(f"WHYLEFT_MAIL_FROM: {error.answer}") from error


def _subject(letter: Letter) -> str:
    """Never the word survey, which keeps people from opening it (Edwards et al., Cochrane MR000008)."""
    if letter.round:
        return str(_("May we still ask you one thing?"))
    subject = str(_("What made you stop coming to %(organisation)s?", organisation=settings().organisation))
    return str(_("Test: %(subject)s", subject=subject)) if letter.is_test else subject


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
