"""Whom a rule would reach, before it is saved: held against those who left in the last 90 days."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import ColumnElement, func, select

from survey.accounts.access import visible
from survey.accounts.models import User
from survey.clock import now, today
from survey.customers.models import Branch, Customer
from survey.defections.models import Defection
from survey.extensions import db
from survey.invitations.judging import Person, Terms, judged, people, reasons_among
from survey.invitations.policy import contact_policy
from survey.questionnaires.targeting import Rule, fits

DAYS = 90
#: of more departures that fit, the latest are looked at
MOST = 20_000
SHOWN = 20


@dataclass(frozen=True)
class Named:
    """One of those whom the rule fits. why: why this person would not be asked; empty: would be asked."""

    defection_id: int
    name: str
    branch: str | None
    left_on: date
    why: str
    earlier: bool


@dataclass(frozen=True)
class Reach:
    """departures: of the last 90 days. fitting: whom the rule fits. earlier: those whom an earlier rule takes.
    asked and skipped: the rest, skipped by why."""

    departures: int
    fitting: int
    looked_at: int
    earlier: int
    asked: int
    skipped: dict[str, int]
    named: list[Named]


def reach(rule: Rule, before: Sequence[Rule], user: User) -> Reach:
    """What the rule would come to after those before it; as if all had left today."""
    day = today()
    recent = (Defection.defected_on > day - timedelta(days=DAYS), visible(user, Customer.branch_id))
    terms = Terms([*before, rule], contact_policy(), day, now())
    fitting = _count(*recent, fits(rule.conditions))
    latest = people(terms).where(*recent, fits(rule.conditions)).order_by(Defection.defected_on.desc(), Defection.id)
    found = judged(latest.limit(MOST))
    own = [person for person in found if person.place == len(before)]
    reasons = reasons_among(own, terms)
    skipped = Counter(why for why in reasons.values() if why)
    return Reach(
        departures=_count(*recent),
        fitting=fitting,
        looked_at=len(found),
        earlier=len(found) - len(own),
        asked=len(own) - skipped.total(),
        skipped=dict(skipped.most_common()),
        named=_named(found[:SHOWN], reasons),
    )


def _count(*conditions: ColumnElement[bool]) -> int:
    query = select(func.count()).select_from(Defection).join(Customer, Customer.id == Defection.customer_id)
    return db.session.scalar(query.where(*conditions)) or 0


def _named(found: Sequence[Person], reasons: dict[int, str]) -> list[Named]:
    query = (
        select(Defection.id, Customer.name, Customer.external_id, Branch.name, Defection.defected_on)
        .join(Customer, Customer.id == Defection.customer_id)
        .outerjoin(Branch, Branch.id == Customer.branch_id)
        .where(Defection.id.in_([person.defection_id for person in found]))
        .order_by(Defection.defected_on.desc(), Defection.id)
    )
    return [
        Named(key, name or external, branch, left_on, reasons.get(key, ""), key not in reasons)
        for key, name, external, branch, left_on in db.session.execute(query)
    ]
