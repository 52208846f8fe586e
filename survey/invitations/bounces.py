"""What reports about our mail change: a mailing that did not arrive, an address that is never written to again.

Only a report that names a Message-ID of ours is believed. A hard failure stops all mail to the address; a complaint
counts as "never ask me again"; a soft failure and an automatic reply are noted and change nothing else.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Row, select, update

from survey.customers.models import Customer
from survey.extensions import db
from survey.invitations.closing import opt_out
from survey.invitations.models import Bounce, Invitation, Mailing
from survey.invitations.suppression import suppress
from survey.mail.reports import MailReport

#: kinds of which the mail did not reach the person
NOT_DELIVERED = ("hard", "soft")


@dataclass(frozen=True)
class Noted:
    """What came of one report."""

    new: bool
    #: it names a mail of ours
    ours: bool


def note(report: MailReport, moment: datetime) -> Noted:
    """Write down one report and do what follows from it. Twice is once. Flushes."""
    if db.session.scalar(select(Bounce.id).where(Bounce.digest == report.digest)):
        return Noted(new=False, ours=True)
    mailing = _mailing_of(report.message_ids)
    what = {"kind": report.kind, "status": report.status, "text": report.text, "digest": report.digest}
    db.session.add(Bounce(mailing_id=mailing.id if mailing else None, at=moment, **what))
    db.session.flush()
    if mailing:
        _act(report, mailing, moment)
    return Noted(new=True, ours=mailing is not None)


def _mailing_of(message_ids: tuple[str, ...]) -> Row[int, int, str | None] | None:
    """The mailing that this is about: its key, its invitation, and the address it went to."""
    query = (
        select(Mailing.id, Mailing.invitation_id, Customer.email)
        .join(Invitation, Invitation.id == Mailing.invitation_id)
        .join(Customer, Customer.id == Invitation.customer_id)
        .where(Mailing.message_id.in_(message_ids))
        .order_by(Mailing.id.desc())
        .limit(1)
    )
    return db.session.execute(query).one_or_none() if message_ids else None


def _act(report: MailReport, mailing: Row[int, int, str | None], moment: datetime) -> None:
    if report.kind in NOT_DELIVERED:
        first = update(Mailing).where(Mailing.id == mailing.id, Mailing.bounced_at.is_(None))
        db.session.execute(first.values(bounced_at=moment))
    if report.kind == "hard" and mailing.email:
        suppress(mailing.email, "bounced")
    if report.kind == "complaint":
        opt_out(mailing.invitation_id)
