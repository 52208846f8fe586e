"""Defected customers and their invitations, for the tests of asking and answering."""

import itertools
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from survey.clock import now
from survey.extensions import db
from survey.invitations.models import Invitation
from tests import stories

_numbers = itertools.count(1)


@dataclass
class Left:
    """What is known of somebody who left; what is not given is ordinary."""

    customer: dict[str, Any] = field(default_factory=dict)
    invitation: dict[str, Any] = field(default_factory=dict)
    mailings: int = 1
    due_at: datetime | None = None


def invite(left: Left | None = None) -> Invitation:
    """One person who left and is asked, with a mailing in the queue. Commits."""
    left = left or Left()
    ordinary = {"email": f"person{next(_numbers)}@example.org", "name": "Jan de Vries", "language": "en"}
    who = stories.customer(**ordinary | {"joined_on": date(2021, 4, 1)} | left.customer)
    gone = stories.defection(who, on=date(2026, 9, 10), last_visit_on=date(2026, 3, 14))
    asked = {"order_seed": who.id, "created_at": now(), "expires_at": now() + timedelta(days=60)} | left.invitation
    invitation = stories.invitation(gone, **asked)
    for round_ in range(left.mailings):
        stories.mailing(invitation, round_, due_at=left.due_at or now() - timedelta(minutes=1))
    db.session.commit()
    return invitation


def invite_many(addresses: Iterable[str]) -> list[Invitation]:
    return [invite(Left({"email": address})) for address in addresses]
