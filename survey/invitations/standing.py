"""How mail stands: what waits and what left, and what came back. The figures of the page about mail."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import func, select

from survey.clock import now
from survey.extensions import db
from survey.invitations.models import Bounce, Mailing

RECENT = timedelta(days=7)
LAST_REPORTS = 20
#: states of mail that waits, in the order in which it goes
WAITING = ("queued", "claimed", "sending", "deferred")
#: states of mail that nobody will send any more
LEFT_BEHIND = ("failed", "unknown")


@dataclass(frozen=True)
class Standing:
    """Mail as it stands now. Rounds of one invitation count as mails of their own."""

    #: of every state but `sent` and `cancelled`, how many there are
    states: Counter[str]
    #: sent in the last RECENT, and of those that came back
    sent: int
    came_back: int
    #: newest first
    reports: Sequence[Bounce]


def standing() -> Standing:
    open_states = select(Mailing.state, func.count()).where(Mailing.state.in_((*WAITING, *LEFT_BEHIND)))
    rows = db.session.execute(open_states.group_by(Mailing.state)).all()
    recent = select(func.count(), func.count(Mailing.bounced_at)).where(
        Mailing.state == "sent", Mailing.sent_at > now() - RECENT
    )
    sent, came_back = db.session.execute(recent).one()
    reports = db.session.scalars(select(Bounce).order_by(Bounce.at.desc(), Bounce.id.desc()).limit(LAST_REPORTS)).all()
    return Standing(Counter({state: count for state, count in rows}), sent, came_back, reports)
