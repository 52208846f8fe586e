"""Who is asked: an invitation for every new defection, in the transaction that stored it.

The rules say what is asked and by which way (survey/questionnaires/targeting.py), the policy how often anybody may be
(policy.py); judging.py puts both to the people of a batch in one question.
"""

import secrets
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import uuid4

from sqlalchemy import insert, select

from survey.customers.models import Customer
from survey.defections.detection import Noticed
from survey.defections.models import Defection
from survey.extensions import db
from survey.invitations.judging import Person, Terms, judged, people, reasons_among
from survey.invitations.models import Invitation, Mailing
from survey.questionnaires.targeting import newest_versions
from survey.web import settings


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
    accounted for. Who is asked by phone gets an invitation and no mail. With `segment`, others are not asked at all:
    they get no row, now or later. A defection that has an invitation gets no second one. Flushes; raises NothingToAsk.
    """
    still_gone = [noticed.defection_id for noticed in defections if noticed.is_open]
    if not still_gone:
        return Planned(0, {})
    terms = Terms.of_today(as_of)
    found = _not_yet_planned(still_gone, segment, terms)
    if not found:
        return Planned(0, {})
    reasons = reasons_among(found, terms)
    _add_invitations(found, reasons, terms)
    _add_first_mailings([person for person in found if not reasons[person.defection_id]], terms)
    skipped = Counter(why for why in reasons.values() if why)
    return Planned(len(found) - skipped.total(), dict(skipped))


def _not_yet_planned(defections: list[int], segment: str | None, terms: Terms) -> Sequence[Person]:
    query = (
        people(terms)
        .outerjoin(Invitation, Invitation.defection_id == Defection.id)
        .where(Defection.id.in_(defections), Invitation.id.is_(None))
        .order_by(Defection.id)
    )
    if segment is not None:
        query = query.where(Customer.segment == segment)
    return judged(query)


def _add_invitations(found: Sequence[Person], reasons: dict[int, str], terms: Terms) -> None:
    common = {"created_at": terms.moment, "shown": _version_to_show()}
    rows = [_invitation(person, reasons[person.defection_id], terms, common) for person in found]
    db.session.execute(insert(Invitation), rows)


def _invitation(person: Person, why: str, terms: Terms, common: dict[str, Any]) -> dict[str, Any]:
    rule = terms.rule_of(person)
    wait = timedelta(days=rule.wait_days if rule else 0)
    by_phone = rule is not None and rule.channel == "phone"
    return {
        "defection_id": person.defection_id,
        "customer_id": person.customer_id,
        "questionnaire_version_id": rule.version_id if rule and rule.version_id else common["shown"],
        "language": person.language,
        "order_seed": secrets.randbelow(2**31),
        "channel": "phone" if by_phone else "mail",
        "call_from": terms.contact_at(rule) if rule and by_phone else None,
        "targeting_rule_id": rule.key if rule else None,
        "state": "skipped" if why else "open",
        "skipped_because": why,
        "created_at": common["created_at"],
        "expires_at": common["created_at"] + wait + timedelta(days=settings().link_days),
    }


def _version_to_show() -> int:
    """What an invitation is bound to where no rule says: the newest version of the first questionnaire in use."""
    newest = newest_versions()
    if not newest:
        raise NothingToAsk("No questionnaire is published, so nobody can be invited. Publish one first.")
    return newest[min(newest)]


def _add_first_mailings(asked: Sequence[Person], terms: Terms) -> None:
    due = {person.defection_id: terms.contact_at(rule) for person, rule in _by_mail(asked, terms)}
    query = select(Invitation.id, Invitation.defection_id).where(Invitation.defection_id.in_(due))
    rows = [_mailing(key, due[defection]) for key, defection in db.session.execute(query)]
    if rows:
        db.session.execute(insert(Mailing), rows)


def _by_mail(asked: Sequence[Person], terms: Terms) -> list[tuple[Person, Any]]:
    pairs = [(person, terms.rule_of(person)) for person in asked]
    return [(person, rule) for person, rule in pairs if rule and rule.channel == "mail"]


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
