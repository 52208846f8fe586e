"""The decision pack of the quarter that is over: kept in the first days of the next, and mailed to who wants it."""

import hashlib
from datetime import date
from email.message import EmailMessage
from email.utils import format_datetime
from typing import Any

import css_inline
from flask import render_template
from flask_babel import force_locale
from flask_babel import gettext as _
from sqlalchemy import select

from survey import mail
from survey.accounts.models import User
from survey.clock import local, now, today
from survey.database import committed, reading
from survey.extensions import db
from survey.investments import pack
from survey.investments.pack import Pack
from survey.investments.views.room import READERS
from survey.jobs.models import Job
from survey.jobs.tasks.shares import work_out_and_keep
from survey.mail.outcomes import Deferred, NotSent
from survey.reports import findings, kept
from survey.reports.models import StoredFigure
from survey.reports.period import Period
from survey.reports.rate.lives import known_day
from survey.web import settings

#: to whom the pack of a quarter was mailed
MAILED = "pack_mailed"
#: days of a quarter in which the pack of the one before is kept and mailed; and from which of them on it waits no more
#: for purchases that have not come in
DAYS, PATIENCE = 20, 10


class NotAllMailed(Exception):
    """The mail server did not take every mail; the rest is tried again."""


def run(job: Job | None = None) -> dict[str, Any]:
    """Keep the pack of the quarter before, once, and mail it to each who wants it, once; nothing on most days.

    1. It waits until the purchases of the quarter are in, ten days at most.
    2. The comparisons it needs are worked out, then it is stored; from then on it reads the same.
    3. Each person is written down before their mail leaves: a killed job leaves one mail out, never sends one twice.
    4. Whoever the server did not take it for is taken off again, and the job is tried again for them.
    """
    day = today()
    quarter = pack.last_quarter(day)
    if (day - quarter.last).days > DAYS or not _is_time(quarter, day):
        return {}
    if not _kept(quarter):
        return {}
    people = recipients()
    later = [person.email for person in people if not mailed(quarter, person)]
    if later:
        raise NotAllMailed(f"{len(later)} of {len(people)} mails were not taken by the mail server")
    return {"mails": len(people)}


def _is_time(quarter: Period, day: date) -> bool:
    known = known_day(day)
    return known is not None and (known > quarter.last or (day - quarter.last).days >= PATIENCE)


def _kept(quarter: Period) -> bool:
    """Whether the pack is there now; False where nobody left in the quarter. Thinks outside the write gate."""
    lens = kept.view_of(((), None), quarter)
    with reading():
        is_there, is_compared = pack.stored(quarter) is not None, findings.stored(lens) is not None
        mark = "" if is_compared else kept.counts().mark(kept.whom_of(lens), quarter)
        db.session.rollback()
    if is_there:
        return True
    if not is_compared:
        work_out_and_keep(lens, mark)
        db.session.commit()
    with reading():
        payload = pack.in_languages(quarter)
        db.session.rollback()
    if payload is not None:
        committed(db.session, lambda: pack.keep(quarter, payload))
    return payload is not None


def recipients() -> list[User]:
    """Who wants it and may see it: all branches are in it."""
    wanted = db.session.scalars(select(User).where(User.wants_pack, User.active).order_by(User.id))
    return [each for each in wanted if not each.branch_ids and any(each.has_role(role) for role in READERS)]


def mailed(quarter: Period, person: User) -> bool:
    """Mail this person unless that was done; False where it has to be tried again."""
    key = person.id
    if not committed(db.session, lambda: _write_down(quarter, key)):
        return True
    try:
        mail.send(pack_mail(quarter, db.session.get_one(User, key)))
    except Deferred:
        committed(db.session, lambda: _take_off(quarter, key))
        return False
    except NotSent:
        return True  # refused for good, or perhaps arrived: not sent again
    return True


def _write_down(quarter: Period, key: int) -> bool:
    row = _told(quarter)
    told: list[int] = row.payload["people"]
    if key in told:
        return False
    row.payload = {"people": [*told, key]}
    return True


def _take_off(quarter: Period, key: int) -> None:
    row = _told(quarter)
    row.payload = {"people": [each for each in row.payload["people"] if each != key]}


def _told(quarter: Period) -> StoredFigure:
    """The row of who was told, held until the transaction ends; made where there is none."""
    place = (StoredFigure.name == MAILED, StoredFigure.scope == pack.name_of(quarter))
    row = db.session.scalar(select(StoredFigure).where(*place).with_for_update())
    if row is None:
        row = StoredFigure(
            name=MAILED, scope=pack.name_of(quarter), as_of=today(), payload={"people": []}, created_at=now()
        )
        db.session.add(row)
        db.session.flush()
    return row


def pack_mail(quarter: Period, person: User) -> EmailMessage:
    """The mail that tells somebody what is in the pack, and where it is.

    What customers wrote stays on the page, where it can be erased.
    """
    letter = EmailMessage()
    with force_locale(person.language):
        found = pack.pack_of(quarter)
        told = {"pack": found, "language": person.language, "address": f"{settings().base_url}/pack/{found.quarter}"}
        text = render_template("emails/pack.txt", **told)
        page = render_template("emails/pack.html", **told)
        letter["Subject"] = str(_("%(quarter)s: %(stop)s", quarter=found.title, stop=_start_of(found)))
    letter["From"] = settings().mail_from
    letter["To"] = person.email
    letter["Date"] = format_datetime(local(now()))
    letter["Message-ID"] = f"<pack.{found.quarter}.{person.id}@whyleft>"
    letter["Auto-Submitted"] = "auto-generated"
    letter.set_content(text)
    letter.add_alternative(css_inline.inline(page), subtype="html")
    letter.set_boundary(f"=_{hashlib.sha256(letter['Message-ID'].encode()).hexdigest()[:32]}")
    return letter


def _start_of(found: Pack) -> str:
    """The answer in a subject: on one line, and not too long for one."""
    line = " ".join(found.stop.split())
    return line if len(line) <= 90 else f"{line[:89].rstrip()}…"
