"""What would be sent now, tried without sending: the real claim, the real mails, and then all of it is taken back."""

from collections import Counter
from dataclasses import dataclass, field
from email.message import EmailMessage

from survey.clock import now
from survey.database import writing
from survey.extensions import db
from survey.invitations.claiming import Claimed, claim, tidy
from survey.invitations.messages import Letter, invitation_mail
from survey.invitations.throttle import domain_of
from survey.mail.outcomes import NotSent

#: so many mails are tried; of a longer queue this is the beginning
MOST = 500


@dataclass
class Rehearsal:
    """What a run that began now would do with the first MOST mails of the queue."""

    mails: list[EmailMessage] = field(default_factory=list)
    #: mails that would be taken back instead: the person, the policy or the invitation does not allow them
    cancelled: int = 0
    #: what kind of mistake keeps a mail from being made, and how often
    broken: Counter[str] = field(default_factory=Counter)
    domains: Counter[str] = field(default_factory=Counter)
    #: the queue goes on after these
    more: bool = False


def rehearse() -> Rehearsal:
    """Try it. Nothing is sent and nothing is stored; others who write wait meanwhile, a second or two at most."""
    rehearsal = Rehearsal()
    db.session.rollback()
    with writing():
        try:
            claimed = _claim_all(rehearsal)
        finally:
            db.session.rollback()
    for mail in claimed:
        _make(mail, rehearsal)
    return rehearsal


def _claim_all(rehearsal: Rehearsal) -> list[Claimed]:
    last_id, found = tidy(), list[Claimed]()
    while len(found) + rehearsal.cancelled < MOST:
        mails, cancelled = claim("rehearsal", last_id)
        if not mails and not cancelled:
            return found
        found += mails
        rehearsal.cancelled += cancelled
    rehearsal.more = True
    return found


def _make(mail: Claimed, rehearsal: Rehearsal) -> None:
    try:
        written = invitation_mail(Letter(mail.person, mail.round, mail.message_id, now()))
    except (NotSent, ValueError, LookupError, TypeError) as error:
        rehearsal.broken[getattr(error, "answer", type(error).__name__)] += 1
        return
    rehearsal.mails.append(written.read())
    rehearsal.domains[domain_of(mail.address)] += 1
