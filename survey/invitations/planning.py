"""Who is asked: an invitation for every new defection, in the transaction that stored it."""

import secrets
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import uuid4

from sqlalchemy import Row, insert, select

from survey.clock import now
from survey.customers.models import Customer
from survey.defections.detection import Noticed
from survey.defections.models import Defection
from survey.extensions import db
from survey.invitations.models import Invitation, Mailing
from survey.invitations.suppression import suppressed_among
from survey.questionnaires.models import Questionnaire, QuestionnaireVersion
from survey.web import settings

#: what is known of somebody who left
Person = Row[*tuple[Any, ...]]

#: who left longer ago than this is not asked any more
OLDEST_DAYS = 365


class NothingToAsk(Exception):
    """No questionnaire is published, so nobody can be invited."""


@dataclass(frozen=True)
class Planned:
    """What came of a plan: how many are asked, and how many are not, by why."""

    invited: int
    skipped: dict[str, int]


def plan(defections: Sequence[Noticed], as_of: date, segment: str | None = None) -> Planned:
    """Make the invitations, and the first mail of each, for those of the defections that are still open.

    Who may not or cannot be asked gets an invitation that is skipped and says why, so that every defection is
    accounted for. With `segment`, others are not asked at all: they get no row, now or later. A defection that
    has an invitation gets no second one. Flushes; raises NothingToAsk.
    """
    people = _people([d.defection_id for d in defections if d.is_open], segment)
    if not people:
        return Planned(0, {})
    suppressed = suppressed_among({row.email for row in people if row.email})
    reasons = {row.defection_id: _why_not(row, as_of, suppressed) for row in people}
    _add_invitations(people, reasons)
    asked = [defection for defection, why in reasons.items() if not why]
    _add_first_mailings(asked)
    return Planned(len(asked), dict(Counter(why for why in reasons.values() if why)))


def _people(defections: list[int], segment: str | None) -> Sequence[Person]:
    query = (
        select(
            Defection.id.label("defection_id"),
            Defection.defected_on,
            Customer.id.label("customer_id"),
            Customer.email,
            Customer.language,
            Customer.do_not_contact,
            Customer.opted_out_at,
            Customer.erased_at,
        )
        .join(Customer, Customer.id == Defection.customer_id)
        .outerjoin(Invitation, Invitation.defection_id == Defection.id)
        .where(Defection.id.in_(defections), Invitation.id.is_(None))
        .order_by(Defection.id)
    )
    if segment is not None:
        query = query.where(Customer.segment == segment)
    return db.session.execute(query).all()


def _why_not(person: Person, as_of: date, suppressed: set[str]) -> str:
    """Why this person is not asked; empty: is asked. The first that holds, the weightiest first."""
    reasons = {
        "erased": person.erased_at is not None,
        "do_not_contact": person.do_not_contact,
        "opted_out": person.opted_out_at is not None,
        "no_address": not person.email,
        "suppressed": person.email in suppressed,
        "too_long_ago": person.defected_on < as_of - timedelta(days=OLDEST_DAYS),
    }
    return next((why for why, holds in reasons.items() if holds), "")


def _add_invitations(people: Sequence[Person], reasons: dict[int, str]) -> None:
    moment = now()
    common = {
        "questionnaire_version_id": _version_to_ask(),
        "created_at": moment,
        "expires_at": moment + timedelta(days=settings().link_days),
    }
    rows = [
        common
        | {
            "defection_id": person.defection_id,
            "customer_id": person.customer_id,
            "language": person.language,
            "order_seed": secrets.randbelow(2**31),
            "state": "skipped" if reasons[person.defection_id] else "open",
            "skipped_because": reasons[person.defection_id],
        }
        for person in people
    ]
    db.session.execute(insert(Invitation), rows)


def _version_to_ask() -> int:
    """The newest version of the questionnaire in use."""
    query = (
        select(QuestionnaireVersion.id)
        .join(Questionnaire)
        .where(Questionnaire.active)
        .order_by(Questionnaire.id, QuestionnaireVersion.version.desc())
        .limit(1)
    )
    version = db.session.scalar(query)
    if version is None:
        raise NothingToAsk("No questionnaire is published, so nobody can be invited. Publish one first.")
    return version


def _add_first_mailings(defections: list[int]) -> None:
    keys = db.session.scalars(select(Invitation.id).where(Invitation.defection_id.in_(defections))).all()
    moment = now()
    if keys:
        db.session.execute(insert(Mailing), [_mailing(key, moment) for key in keys])


def _mailing(invitation: int, due_at: datetime) -> dict[str, Any]:
    domain = settings().mail_from.rsplit("@", 1)[-1].rstrip(">")
    return {
        "invitation_id": invitation,
        "round": 0,
        "state": "queued",
        "message_id": f"<{uuid4()}@{domain}>",
        "attempts": 0,
        "due_at": due_at,
    }
