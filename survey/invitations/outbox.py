"""The outbox: rows of `mailing`, each sent at most once.

queued -> claimed -> sending -> sent | deferred | failed | unknown, or cancelled before it is sent. A mail goes
like this:
1. `claimed`, with a lease, in a batch, and committed: no other sender takes it.
2. made. What cannot be made is tried again later, and given up after POISON_TRIES.
3. `sending`, committed before the first byte goes out, after a last look whether this person may still be asked.
4. sent; what came of it is committed together with step 3 of the next mail, so that a mail costs one commit.

A sender that dies after 3 leaves the row in `sending`. When its lease has run out that becomes `unknown`: the mail
may have arrived (RFC 1047), so it is never sent again by itself.
"""

import secrets
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cache, partial
from typing import Any

import structlog
from sqlalchemy import Update, bindparam, func, update

from survey.clock import now
from survey.database import UtcDateTime, committed
from survey.extensions import db
from survey.invitations.claiming import Claimed, claim, mark_sending, release, tidy
from survey.invitations.messages import Letter, invitation_mail
from survey.invitations.models import Mailing
from survey.invitations.policy import contact_policy
from survey.invitations.suppression import suppress
from survey.invitations.throttle import Throttle, sent_last_minute
from survey.mail import Mailer
from survey.mail.outcomes import Deferred, Refused, ServerAway, Unknown
from survey.mail.written import Written

FIRST_WAIT = timedelta(minutes=30)
LONGEST_WAIT = timedelta(days=1)
#: with these waits, the eleventh try comes five days after the first
MOST_TRIES = 11
#: a mail that cannot be made will not be made by waiting
POISON_TRIES = 5
#: after so many mails in a row that were lost, or lost their connection, the server is not well
MOST_LOST = 3
#: a domain that had its mails of this minute gets the next ones in the minute after
THROTTLED_WAIT = timedelta(minutes=1)

log = structlog.get_logger()

_TABLE: Any = Mailing.__table__

Counts = Counter[str]


@dataclass(frozen=True)
class Ended:
    """What came of one mail: its new state, and what is to be said about it."""

    mail: Claimed
    state: str
    answer: str | None = None
    suppress: bool = False
    #: the state it ends from
    was: str = "sending"


def send_due(mailer: Mailer, on_batch: Callable[[int], None] = lambda done: None) -> dict[str, int]:
    """Send every mail that is due when this begins, over one connection; gives how many came to which state.

    Commits as it goes; after each batch `on_batch` is told how many are done so far.
    Ends early when the mail server cannot be reached: what was not tried stays in the queue.
    """
    sender = Sender(mailer, committed(db.session, begin))
    for _ in sender.batches():
        on_batch(sender.counts.total())
    return dict(+sender.counts)


@dataclass(frozen=True)
class Run:
    """What all connections of one run share."""

    #: mails queued later wait for the next run
    last_id: int
    throttle: Throttle
    stop: threading.Event = field(default_factory=threading.Event)


def begin() -> Run:
    """Take up what dead senders left, and look what is there to be sent. The caller commits."""
    last_id = tidy()
    return Run(last_id, Throttle(contact_policy().domain_per_minute, sent_last_minute()))


class Sender:
    """One run of sending, by one process."""

    def __init__(self, mailer: Mailer, run: Run) -> None:
        self.mailer = mailer
        self.run = run
        self.name = f"sender-{secrets.token_hex(8)}"
        self.counts: Counts = Counter()
        #: false when the server does not take mail now
        self.willing = True
        self._lost = 0

    def batches(self) -> Iterator[None]:
        """Send one batch after another until there is nothing left, the server is not well, or the run is stopped."""
        while self.willing and not self.run.stop.is_set():
            mails, cancelled = committed(db.session, partial(claim, self.name, self.run.last_id))
            self.counts["cancelled"] += cancelled
            if not mails and not cancelled:
                break
            self.send_batch(self._within_limits(mails))
            yield

    def _within_limits(self, mails: list[Claimed]) -> list[Claimed]:
        """Those whose domain takes another mail this minute; the others wait for the next."""
        may_go = [mail for mail in mails if self.run.throttle.take(mail.address)]
        if later := [mail for mail in mails if mail not in may_go]:
            committed(db.session, partial(release, later, now() + THROTTLED_WAIT))
            self.counts["throttled"] += len(later)
        return may_go

    def send_batch(self, mails: list[Claimed]) -> None:
        """Send claimed mails, one by one; those not tried go back in the queue."""
        ended: Ended | None = None
        for place, mail in enumerate(mails):
            if not self.willing:
                committed(db.session, partial(_end_and_release, ended, mails[place:]))
                return
            ended = self._send_one(mail, ended)
        if ended:
            committed(db.session, partial(_record, ended))

    def _send_one(self, mail: Claimed, previous: Ended | None) -> Ended | None:
        """Record what came of the previous mail and send this one; gives what came of it, not yet recorded."""
        made = _made(mail)
        if isinstance(made, Ended):
            committed(db.session, partial(_record_both, previous, made))
            self.counts[made.state] += 1
            return None
        if not committed(db.session, partial(_next, previous, mail)):
            self.counts["cancelled"] += 1
            return None
        ended = self._handed_over(mail, made)
        self.counts[ended.state] += 1
        self.willing = self.willing and self._lost < MOST_LOST
        return ended

    def _handed_over(self, mail: Claimed, written: Written) -> Ended:
        self._lost += 1
        try:
            self.mailer.send(written)
        except ServerAway as error:
            # one connection that was cut is no reason to stop; a server that cannot be reached again is
            self.willing = self._is_there()
            return _put_off(mail, error.answer, MOST_TRIES)
        except Unknown as error:
            return Ended(mail, "unknown", error.answer)
        except Refused as error:
            self._lost = 0
            return Ended(mail, "failed", error.answer, error.suppress)
        except Deferred as error:
            self._lost = 0
            return _put_off(mail, error.answer, MOST_TRIES)
        except Exception as error:
            # nobody can say how far it came
            log.error("sending failed", mailing=mail.mailing_id, error=type(error).__name__)
            return Ended(mail, "unknown", f"the sender failed: {type(error).__name__}")
        self._lost = 0
        return Ended(mail, "sent")

    def _is_there(self) -> bool:
        try:
            self.mailer.reach()
        except ServerAway:
            return False
        return True


def wait_after(attempts: int) -> timedelta:
    """How long to wait after so many attempts: half an hour, then twice as long each time, a day at most."""
    return min(FIRST_WAIT * (1 << (attempts - 1)), LONGEST_WAIT)


def _made(mail: Claimed) -> Written | Ended:
    """The mail, ready to leave; or the end of this attempt."""
    try:
        return invitation_mail(Letter(mail.person, mail.round, mail.message_id, now()))
    except Refused as error:
        return Ended(mail, "failed", error.answer, was="claimed")
    except Exception as error:
        log.error("mail cannot be made", mailing=mail.mailing_id, error=type(error).__name__)
        put_off = _put_off(mail, f"the mail cannot be made: {type(error).__name__}", POISON_TRIES)
        return Ended(mail, put_off.state, put_off.answer, was="claimed")


def _put_off(mail: Claimed, answer: str, most_tries: int) -> Ended:
    given_up = mail.attempts + 1 >= most_tries
    return Ended(mail, "failed" if given_up else "deferred", answer)


def _next(previous: Ended | None, mail: Claimed) -> bool:
    if previous:
        _record(previous)
    return mark_sending(mail)


def _record_both(previous: Ended | None, ended: Ended) -> None:
    if previous:
        _record(previous)
    _record(ended)


def _end_and_release(ended: Ended | None, untried: list[Claimed]) -> None:
    if ended:
        _record(ended)
    release(untried)


def _record(ended: Ended) -> None:
    """Write down what came of a mail, also where its lease ran out while it was being sent."""
    mail, moment = ended.mail, now()
    attempts = mail.attempts + 1
    given = {
        "mailing": mail.mailing_id,
        "was": ("sending", "unknown") if ended.was == "sending" else (ended.was,),
        "now": ended.state,
        "said": ended.answer,
        "tries": attempts,
        "left": moment if ended.state == "sent" else None,
        "again": moment + wait_after(attempts) if ended.state == "deferred" else None,
    }
    db.session.execute(_recording(), given)
    if ended.suppress:
        suppress(mail.address, "bounced")


@cache
def _recording() -> Update:
    """Built once: that takes longer than doing it."""
    left, again = (bindparam(name, type_=UtcDateTime) for name in ("left", "again"))
    return (
        update(_TABLE)
        .where(_TABLE.c.id == bindparam("mailing"), _TABLE.c.state.in_(bindparam("was", expanding=True)))
        .values(
            state=bindparam("now"),
            answer=bindparam("said"),
            worker=None,
            attempts=bindparam("tries"),
            sent_at=left,
            due_at=func.coalesce(again, _TABLE.c.due_at),
        )
    )
