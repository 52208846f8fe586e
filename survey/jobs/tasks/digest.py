"""The daily mail: what people should know that no mail has told them yet, to each in their own language."""

from email.message import EmailMessage
from typing import Any

from flask import render_template
from flask_babel import force_locale, ngettext
from sqlalchemy import select, update

from survey import mail
from survey.accounts.models import User
from survey.clock import local, now
from survey.extensions import db
from survey.jobs.models import Job
from survey.mail.outcomes import Deferred, NotSent
from survey.notices import Notice, standing
from survey.web import settings


class NotAllMailed(Exception):
    """The mail server did not take every mail; the rest is tried again."""


def run(job: Job) -> dict[str, Any]:
    """Mail the notices that were not mailed before, to each those that they may read; nothing where there are none.

    1. The notices of this digest are written down with the job, so that a second attempt mails the same.
    2. Each person is written down before their mail leaves: a killed job leaves one mail out, never sends one twice.
    3. Whoever the server did not take it for is taken off again, and the job is tried again for them.
    """
    notices, people = of_this_digest(job), recipients()
    if not notices or not people:
        return {"notices": len(notices), "mails": 0}
    theirs = {person.id: [notice for notice in notices if notice.is_for(person)] for person in people}
    later = [person.id for person in people if theirs[person.id] and not mailed(job, person, theirs[person.id])]
    told: list[int] = job.arguments["mailed"]
    if told:
        # what nobody who reads mails may know is kept for somebody who may
        ids = {notice.id for person in people if person.id in told for notice in theirs[person.id]}
        db.session.execute(update(Notice).where(Notice.id.in_(ids), Notice.mailed_at.is_(None)).values(mailed_at=now()))
        db.session.commit()
    if later:
        raise NotAllMailed(f"{len(later)} of {len(people)} mails were not taken by the mail server")
    return {"notices": len(notices), "mails": len(told)}


def of_this_digest(job: Job) -> list[Notice]:
    """The notices this job tells of, the gravest first."""
    if "notices" not in job.arguments:
        ids = [notice.id for notice in standing() if notice.mailed_at is None]
        job.arguments = {**job.arguments, "notices": ids, "mailed": []}
        db.session.commit()
    chosen = set(job.arguments["notices"])
    return [notice for notice in standing() if notice.id in chosen]


def recipients() -> list[User]:
    wanted = select(User).where(User.wants_notices, User.active).order_by(User.id)
    return list(db.session.scalars(wanted))


def mailed(job: Job, person: User, notices: list[Notice]) -> bool:
    """Mail this person unless that was done; False where it has to be tried again."""
    if person.id in job.arguments["mailed"]:
        return True
    letter = digest_mail(person, notices)
    job.arguments = {**job.arguments, "mailed": [*job.arguments["mailed"], person.id]}
    db.session.commit()
    try:
        mail.send(letter)
    except Deferred:
        job.arguments = {**job.arguments, "mailed": [n for n in job.arguments["mailed"] if n != person.id]}
        db.session.commit()
        return False
    except NotSent:
        return True  # refused for good, or perhaps arrived: not sent again
    return True


def digest_mail(person: User, notices: list[Notice]) -> EmailMessage:
    """The mail that tells one person of these notices."""
    letter = EmailMessage()
    with force_locale(person.language):
        subject = ngettext("%(num)d notice from Whyleft", "%(num)d notices from Whyleft", len(notices))
        text = render_template("notices/digest.txt", notices=notices, base_url=settings().base_url)
    letter["From"] = settings().mail_from
    letter["To"] = person.email
    letter["Subject"] = str(subject)
    letter["Message-ID"] = f"<digest.{local(now()):%Y%m%d}.{person.id}@whyleft>"
    letter["Auto-Submitted"] = "auto-generated"
    letter.set_content(text)
    return letter
