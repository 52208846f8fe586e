"""Defected customers and their invitations, for the tests of asking and answering."""

import itertools
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import select

from survey.clock import now
from survey.customers.models import Customer
from survey.defections.models import Defection, Definition
from survey.extensions import db
from survey.invitations.models import Invitation, Mailing
from survey.questionnaires.models import QuestionnaireVersion

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
    number = next(_numbers)
    customer = Customer(
        **(
            {
                "external_id": f"C{number}",
                "email": f"person{number}@example.org",
                "name": "Jan de Vries",
                "language": "en",
                "joined_on": date(2021, 4, 1),
            }
            | left.customer
        )
    )
    db.session.add(customer)
    db.session.flush()
    invitation = Invitation(
        **(
            {
                "defection_id": _defection(customer.id).id,
                "customer_id": customer.id,
                "questionnaire_version_id": db.session.scalar(select(QuestionnaireVersion.id)),
                "language": customer.language,
                "order_seed": number,
                "created_at": now(),
                "expires_at": now() + timedelta(days=60),
            }
            | left.invitation
        )
    )
    db.session.add(invitation)
    db.session.flush()
    for round_ in range(left.mailings):
        db.session.add(mailing(invitation.id, round_, left.due_at))
    db.session.commit()
    return invitation


def invite_many(addresses: Iterable[str]) -> list[Invitation]:
    return [invite(Left({"email": address})) for address in addresses]


def mailing(invitation_id: int, round_: int = 0, due_at: datetime | None = None) -> Mailing:
    return Mailing(
        invitation_id=invitation_id,
        round=round_,
        message_id=f"<{invitation_id}.{round_}@example.org>",
        due_at=due_at or now() - timedelta(minutes=1),
    )


def _defection(customer_id: int) -> Defection:
    defection = Defection(
        customer_id=customer_id,
        definition_id=db.session.scalar(select(Definition.id)),
        episode=1,
        last_visit_on=date(2026, 3, 14),
        defected_on=date(2026, 9, 10),
        noticed_on=date(2026, 9, 11),
        yearly_spend=Decimal(400),
        remaining_years=3.0,
        lost_value=Decimal(1200),
        value_method="own_spend",
        created_at=now(),
    )
    db.session.add(defection)
    db.session.flush()
    return defection
