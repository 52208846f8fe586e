"""People who left and are asked by phone, in one line each."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from flask import Flask
from sqlalchemy import select

from survey.clock import now, today
from survey.database import writing
from survey.extensions import db
from survey.invitations.models import Invitation
from survey.winback.models import Call
from tests import stories


def to_call(days: int = 7, value: str = "2000.00", asked: dict[str, Any] | None = None, **customer: Any) -> int:
    """Somebody who left so many days ago and is to be called; the number of the invitation. Commits."""
    who = stories.customer(**{"phone": "06 12345678", "language": "en"} | customer)
    gone = stories.defection(who, on=today() - timedelta(days=days), lost_value=Decimal(value))
    given = {"channel": "phone", "created_at": now(), "expires_at": now() + timedelta(days=60)}
    invitation = stories.invitation(gone, **given | (asked or {}))
    db.session.commit()
    return invitation.id


def called(invitation_id: int, outcome: str = "no_answer", hours_ago: float = 1, **more: Any) -> None:
    """They were called so long ago. Commits."""
    at = now() - timedelta(hours=hours_ago)
    db.session.add(Call(invitation_id=invitation_id, at=at, outcome=outcome, **more))
    db.session.commit()


@contextmanager
def inside(app: Flask) -> Iterator[None]:
    """Inside the application, allowed to write, for as long as it takes."""
    with app.app_context(), writing():
        yield


def state_of(app: Flask, invitation_id: int) -> str:
    with app.app_context():
        return db.session.get_one(Invitation, invitation_id).state


def day_in(app: Flask, days: int) -> date:
    """The day that lies so many days after the organisation's today."""
    with app.app_context():
        return today() + timedelta(days=days)


def outcomes(app: Flask) -> list[str]:
    """How all calls ended, in their order."""
    with app.app_context():
        return list(db.session.scalars(select(Call.outcome).order_by(Call.id)))
