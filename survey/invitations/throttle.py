"""Not too much mail to one provider at once: at most so many a minute to one domain, whoever sends it."""

import threading
import time
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Mapping
from datetime import timedelta

from sqlalchemy import select

from survey.clock import now
from survey.customers.models import Customer
from survey.extensions import db
from survey.invitations.models import Invitation, Mailing

WINDOW = timedelta(minutes=1)


class Throttle:
    """Counts what goes to each domain in any minute; one for all connections of a run, safe for threads."""

    def __init__(
        self, per_minute: int, before: Mapping[str, int] | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """`before`: mails of the last minute by domain, sent by others."""
        self._per_minute = per_minute
        self._clock = clock
        self._lock = threading.Lock()
        moment = clock()
        self._sent: defaultdict[str, deque[float]] = defaultdict(deque)
        for domain, count in (before or {}).items():
            self._sent[domain].extend([moment] * min(count, per_minute))

    def take(self, address: str) -> bool:
        """Whether one more may go to the domain of this address now; counts it where it may."""
        moment = self._clock()
        with self._lock:
            sent = self._sent[domain_of(address)]
            while sent and sent[0] <= moment - WINDOW.total_seconds():
                sent.popleft()
            if len(sent) >= self._per_minute:
                return False
            sent.append(moment)
            return True


def domain_of(address: str) -> str:
    return address.rpartition("@")[2].casefold()


def sent_last_minute() -> Counter[str]:
    """How many mails left for each domain in the last minute."""
    query = (
        select(Customer.email)
        .join(Invitation, Invitation.customer_id == Customer.id)
        .join(Mailing, Mailing.invitation_id == Invitation.id)
        .where(Mailing.sent_at > now() - WINDOW, Customer.email.is_not(None))
    )
    return Counter(domain_of(address or "") for address in db.session.scalars(query))
