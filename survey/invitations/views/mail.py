"""The page about mail: how it stands, a test mail, and trying what would be sent."""

from typing import Any

from flask import Blueprint, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user

from survey import mail
from survey.accounts import audit
from survey.accounts.access import allow
from survey.extensions import db
from survey.invitations.rehearsal import MOST, rehearse
from survey.invitations.standing import LEFT_BEHIND, WAITING, standing
from survey.invitations.trial import Reader, trial_mail
from survey.mail.outcomes import NotSent
from survey.web import language, settings

#: mails of a rehearsal that are shown
SHOWN = 20

blueprint = Blueprint("mail", __name__, url_prefix="/mail")


@blueprint.get("")
@allow("administrator")
def index() -> ResponseReturnValue:
    return _page()


@blueprint.post("/test")
@allow("administrator")
def test() -> ResponseReturnValue:
    """Send the mail that would be sent to whoever asked for it, and to nobody else."""
    message = trial_mail(Reader(current_user.email, current_user.name, language()))
    if message is None:
        flash(_("No questionnaire is published, so there is no mail yet. Publish one first."), "error")
        return redirect(url_for(".index"), 303)
    audit.record("test mail sent", current_user.id)
    # the mail server may take its time; nobody waits for our turn at the database meanwhile
    db.session.commit()
    try:
        mail.send(message)
    except NotSent as error:
        flash(_("The test mail was not sent: %(answer)s", answer=error.answer), "error")
    else:
        flash(_("A test mail is on its way to %(address)s.", address=current_user.email), "success")
    return redirect(url_for(".index"), 303)


@blueprint.post("/rehearsal")
@allow("administrator")
def rehearsal() -> ResponseReturnValue:
    """Show what would be sent now. It sends and stores nothing."""
    return _page(tried=rehearse())


def _page(**more: Any) -> str:
    return render_template(
        "mail/index.html",
        standing=standing(),
        waiting=WAITING,
        left_behind=LEFT_BEHIND,
        to_folder=settings().mail_url.startswith("folder:"),
        reads_mailbox=bool(settings().imap_url),
        sender=settings().mail_from,
        shown=SHOWN,
        most=MOST,
        **more,
    )
