"""Whether the settings are wise, and whether mail, broker, disk and clock are there."""

import re
import shutil
import smtplib
import tempfile
from datetime import timedelta
from importlib import import_module
from pathlib import Path
from urllib.parse import urlsplit

from flask_babel import gettext as _
from sqlalchemy import func, select

from survey.accounts.models import AuditEntry
from survey.checks import Finding
from survey.clock import now
from survey.extensions import db
from survey.formats import decimal, duration
from survey.mail.mailbox import MailboxAway, open_mailbox
from survey.web import settings

#: below the first no answer may be taken, below the second somebody should make room
LEAST_FREE = 100 * 1024**2
LITTLE_FREE = 1024**3
LARGEST_SKEW = timedelta(seconds=60)
PROBE_SECONDS = 5.0
LOOPBACK = re.compile(r"http://(localhost|127\.0\.0\.1|\[::1\])(:\d+)?$")


def settings_check() -> Finding:
    """Loaded means typed and complete; here is what is allowed and yet unwise."""
    name, now_set = _("Settings"), settings()
    if now_set.base_url.startswith("http://") and not LOOPBACK.match(now_set.base_url):
        return Finding(
            name,
            "warning",
            _("People reach this site without encryption (%(address)s).", address=now_set.base_url),
            _("Put a proxy with TLS in front and let WHYLEFT_BASE_URL start with https://."),
        )
    if not now_set.privacy_contact and not now_set.demo:
        return Finding(
            name,
            "warning",
            _("Whoever is asked finds nobody to turn to about privacy."),
            _("Set WHYLEFT_PRIVACY_CONTACT to an address or a telephone number."),
        )
    return Finding(name, "ok", _("Every setting is there and of the right kind."))


def mail_check() -> Finding:
    """Mail can be handed over: the folder takes a file, or the server answers to its name."""
    name, url = _("Mail"), settings().mail_url
    try:
        told = _folder_takes(Path(url.removeprefix("folder:"))) if url.startswith("folder:") else _server_answers(url)
    except (OSError, smtplib.SMTPException) as error:
        return Finding(
            name,
            "fail",
            _("No mail can leave: %(why)s.", why=getattr(error, "strerror", None) or type(error).__name__),
            _("See whether the folder or mail server of WHYLEFT_MAIL_URL is there. Invitations wait meanwhile."),
        )
    return Finding(name, "ok", told)


def _folder_takes(folder: Path) -> str:
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=folder, prefix=".doctor-"):
        return str(_("Mail is written to a folder and does not leave this machine."))


def _server_answers(url: str) -> str:
    """Connect, say EHLO and leave; raises OSError or SMTPException."""
    parts = urlsplit(url)
    kind = smtplib.SMTP_SSL if parts.scheme == "smtps" else smtplib.SMTP
    with kind(
        parts.hostname or "", parts.port or (465 if parts.scheme == "smtps" else 25), timeout=PROBE_SECONDS
    ) as server:
        code, _answer = server.ehlo()
        if code != 250:
            raise smtplib.SMTPHeloError(code, _answer)
        return str(_("The mail server %(host)s answers.", host=parts.hostname))


def mailbox_check() -> Finding:
    """The mailbox of bounces can be opened, where there is one."""
    name, url = _("Bounces"), settings().imap_url
    if not url:
        return Finding(name, "ok", _("Bounces are read from the answers of the mail server; no mailbox is read."))
    try:
        with open_mailbox(url) as box:
            waiting = len(box.keys())
    except MailboxAway as error:
        return Finding(
            name,
            "fail",
            _("The mailbox of bounces cannot be read: %(why)s.", why=str(error)),
            _("See whether host, user, password and folder of WHYLEFT_IMAP_URL are right."),
        )
    return Finding(name, "ok", _("The mailbox of bounces opens; %(count)s messages wait.", count=waiting))


def broker_check() -> Finding:
    """Celery's broker answers, where there is one."""
    name, url = _("Broker"), settings().broker_url
    if not url:
        return Finding(name, "ok", _("Jobs are run by the command `work`; no broker is used."))
    try:
        # the web process loads Celery's client only where there is something to ring
        with import_module("survey.jobs.doorbell").sender(url).connection_for_write() as connection:
            connection.ensure_connection(max_retries=0, timeout=PROBE_SECONDS)
    except Exception as error:  # each broker's client has errors of its own
        return Finding(
            name,
            "fail",
            _("The broker does not answer (%(why)s). Jobs wait for the next sweep.", why=type(error).__name__),
            _("Look at WHYLEFT_BROKER_URL and whether Redis or RabbitMQ runs."),
        )
    return Finding(name, "ok", _("The broker answers."))


def disk_check() -> Finding:
    name, free = _("Disk"), shutil.disk_usage(settings().instance).free
    told = _("%(free)s GB free where the data stand.", free=decimal(free / 1024**3))
    if free < LITTLE_FREE:
        level = "fail" if free < LEAST_FREE else "warning"
        return Finding(name, level, told, _("Make room before answers can no longer be stored."))
    try:
        with tempfile.NamedTemporaryFile(dir=settings().instance, prefix=".doctor-"):
            return Finding(name, "ok", told)
    except OSError as error:
        sentence = _("Nothing can be written to the instance folder: %(why)s.", why=error.strerror or "?")
        return Finding(name, "fail", sentence, _("Give the user of the site the right to write there."))


def clock_check() -> Finding:
    """Nothing stored lies in the future, and the database's clock agrees with ours."""
    name, ahead = _("Clock"), timedelta()
    newest = db.session.scalar(select(func.max(AuditEntry.at)))
    if newest:
        ahead = newest - now()
    if not settings().on_sqlite:
        ahead = max(ahead, abs(db.session.scalars(select(func.clock_timestamp())).one() - now()))
    if ahead <= LARGEST_SKEW:
        told = _("The clock is right as far as can be told; days are those of %(zone)s.", zone=settings().time_zone)
        return Finding(name, "ok", told)
    return Finding(
        name,
        "warning",
        _("The clock of this machine differs by %(time)s.", time=duration(ahead.total_seconds())),
        _("Let every machine set its clock by a time server."),
    )
