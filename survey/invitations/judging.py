"""Whether somebody who left is asked, by the rules and the policy: one question to the database for many people."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, case, func, literal, select
from sqlalchemy.orm import aliased

from survey.clock import now
from survey.customers.models import Customer
from survey.database import UtcDateTime
from survey.defections.models import Defection
from survey.extensions import db
from survey.invitations.models import ContactPolicy, Invitation, Mailing
from survey.invitations.policy import NEVER, after_quiet, contact_policy, left_at
from survey.invitations.suppression import suppressed_among
from survey.questionnaires.targeting import NO_RULE, Rule, place_of, rules_in_force

#: what is known of somebody who left
Person = Row[*tuple[Any, ...]]

#: who left longer ago than this is not asked any more
OLDEST_DAYS = 365


@dataclass(frozen=True)
class Terms:
    """By what is judged: the rules in their order, the policy, and the day and moment of judging."""

    rules: Sequence[Rule]
    policy: ContactPolicy
    as_of: date
    moment: datetime

    @classmethod
    def of_today(cls, as_of: date) -> Terms:
        return cls(rules_in_force(), contact_policy(), as_of, now())

    def rule_of(self, person: Person) -> Rule | None:
        return None if person.place == NO_RULE else self.rules[person.place]

    def contact_at(self, rule: Rule) -> datetime:
        """When the first mail of somebody planned now is due."""
        return after_quiet(self.policy, self.moment + timedelta(days=rule.wait_days))


def people(terms: Terms) -> Select[*tuple[Any, ...]]:
    """What has to be known of departures to judge them; the caller says which."""
    other = aliased(Invitation)
    theirs = (other.customer_id == Customer.id, other.defection_id != Defection.id)
    asked = select(func.max(left_at())).join(other, other.id == Mailing.invitation_id)
    mailed = select(func.count()).select_from(Mailing).join(other, other.id == Mailing.invitation_id)
    pending = Mailing.state.not_in(NEVER)
    place = place_of(terms.rules)
    called = (*theirs, other.channel == "phone", other.state.not_in(("skipped", "withdrawn")))
    return select(
        Defection.id.label("defection_id"),
        Defection.defected_on,
        Customer.id.label("customer_id"),
        Customer.email,
        Customer.phone,
        Customer.language,
        Customer.do_not_contact,
        Customer.opted_out_at,
        Customer.erased_at,
        place.label("place"),
        asked.where(*theirs, pending).scalar_subquery().label("mailed_at"),
        mailed.where(*theirs, pending, left_at() > _window_of(terms, place)).scalar_subquery().label("mails"),
        _latest(other.created_at, *called).label("called_at"),
        _latest(func.coalesce(other.started_at, other.created_at), *theirs, other.state == "answered").label(
            "answered_at"
        ),
    ).join(Customer, Customer.id == Defection.customer_id)


def reasons_among(found: Sequence[Person], terms: Terms) -> dict[int, str]:
    """Why each is not asked, by key of the defection; empty: is asked."""
    addresses = {person.email for person in found if person.email}
    suppressed = suppressed_among(addresses)
    opted_out = suppressed_among(suppressed, "opted_out")
    return {person.defection_id: _why_not(person, terms, (suppressed, opted_out)) for person in found}


def _why_not(person: Person, terms: Terms, never: tuple[set[str], set[str]]) -> str:
    """The first that holds, the weightiest first. `never`: addresses that are suppressed, and those that opted out."""
    rule = terms.rule_of(person)
    reasons = {
        "erased": person.erased_at is not None,
        "do_not_contact": person.do_not_contact,
        "opted_out": person.opted_out_at is not None,
        "no_rule": rule is None,
        "rule_asks_nobody": rule is not None and rule.channel == "nobody",
    }
    if rule is not None:
        by_mail = rule.channel == "mail"
        reasons |= {
            "no_address": by_mail and not person.email,
            "no_phone": not by_mail and not person.phone,
            # an address that does not exist is no reason not to call
            "suppressed": person.email in never[0 if by_mail else 1],
            "too_long_ago": person.defected_on < terms.as_of - timedelta(days=OLDEST_DAYS),
        } | _clock(person, terms, rule)
    return next((why for why, holds in reasons.items() if holds), "")


def _clock(person: Person, terms: Terms, rule: Rule) -> dict[str, bool]:
    """What the one clock over all mail to this person says."""
    peace = terms.contact_at(rule) - timedelta(days=terms.policy.quarantine_days)
    asked = [at for at in (person.mailed_at, person.called_at) if at is not None]
    return {
        "answered_before": person.answered_at is not None and person.answered_at > peace,
        "quarantine": any(at > peace for at in asked),
        "window_full": rule.channel == "mail" and person.mails >= terms.policy.most_mails,
    }


def _window_of(terms: Terms, place: ColumnElement[int]) -> ColumnElement[datetime]:
    """From when on mails count for the window, which ends when the rule's first mail is due."""
    days = timedelta(days=terms.policy.window_days)
    whens = {number: terms.contact_at(rule) - days for number, rule in enumerate(terms.rules)}
    ends = {number: literal(at, UtcDateTime()) for number, at in whens.items()}
    earliest = literal(terms.moment - days, UtcDateTime())
    return case(ends, value=place, else_=earliest) if ends else earliest


def _latest(moment: Any, *conditions: ColumnElement[bool]) -> ColumnElement[Any]:
    return select(func.max(moment)).where(*conditions).scalar_subquery()


def judged(query: Select[*tuple[Any, ...]]) -> Sequence[Person]:
    """The people of a query made from `people`."""
    return db.session.execute(query).all()
