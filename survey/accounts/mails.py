"""Mail about accounts: each made by one function, and handed over once the request is answered."""

from email.message import EmailMessage
from email.utils import format_datetime, make_msgid
from typing import Any

import structlog
from flask import Flask, Response, after_this_request, current_app, render_template
from flask_babel import force_locale
from flask_babel import gettext as _
from flask_security import MailUtil
from flask_security.recoverable import generate_reset_password_token

from survey import mail
from survey.accounts.models import User
from survey.accounts.words import SUBJECTS
from survey.clock import now
from survey.web import settings

log = structlog.get_logger()


def password_link(user: User) -> str:
    """A link that lets this person choose a password, once, within a day."""
    token = generate_reset_password_token(user)  # type: ignore[no-untyped-call]
    address = current_app.url_map.bind("").build("security.reset_password", {"token": token})
    return f"{settings().base_url}{address}"


def password_mail(user: User, *, welcome: bool = False) -> EmailMessage:
    """The mail with that link, for somebody who forgot a password or (welcome) has none yet."""
    with force_locale(user.language):
        organisation = settings().organisation
        subject = (
            _("Your account at %(organisation)s", organisation=organisation) if welcome else _("Choose a new password")
        )
        text = render_template("security/email/link.txt", welcome=welcome, link=password_link(user), user=user)
    return message(user.email, str(subject), text)


def message(recipient: str, subject: str, text: str) -> EmailMessage:
    """A plain mail from this installation."""
    letter = EmailMessage()
    letter["From"] = settings().mail_from
    letter["To"] = recipient
    letter["Subject"] = subject
    letter["Date"] = format_datetime(now())
    letter["Message-ID"] = make_msgid(domain=settings().mail_from.rpartition("@")[2].rstrip(">") or "localhost")
    letter["Auto-Submitted"] = "auto-generated"
    letter.set_content(text)
    return letter


def send_after_answer(letter: EmailMessage) -> None:
    """Hand a mail over when the answer to this request has gone out.

    So it leaves after the commit, and the time of the answer does not tell whether there was anything to send.
    """
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]  # documented by Flask for this

    @after_this_request
    def hand_over(response: Response) -> Response:
        if response.status_code < 400:
            response.call_on_close(lambda: _send(app, letter))
        return response


def _send(app: Flask, letter: EmailMessage) -> None:
    with app.app_context():
        try:
            mail.send(letter)
        except Exception as error:  # the answer is out; what is left is to tell the operator
            log.error("account mail not sent", error=type(error).__name__)


class AccountMail(MailUtil):
    """Sends what Flask-Security wants to send through our own mailer."""

    def send_mail(  # noqa: PLR0913  # the signature is Flask-Security's
        self,
        template: str,
        subject: str,
        recipient: str | tuple[str, str],
        sender: str | tuple[str, str],
        body: str | None,
        html: str | None,
        **context: Any,
    ) -> None:
        """Send it in the language of the account: whoever asks for it may read another."""
        user: User = context["user"]
        with force_locale(user.language):
            text = render_template(f"{template}.txt", **context)
            send_after_answer(message(user.email, str(SUBJECTS[template]), text))
