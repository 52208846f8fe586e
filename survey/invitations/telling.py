"""Why one person did or did not get a questionnaire: the rules looked at, what was decided, what was mailed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import select

from survey.accounts.access import visible
from survey.accounts.models import User
from survey.customers.models import Branch, Customer
from survey.defections.models import Defection
from survey.extensions import db
from survey.invitations.models import Invitation, Mailing
from survey.questionnaires.models import Questionnaire, QuestionnaireVersion, TargetingRule
from survey.questionnaires.targeting import Rule, parts, rules_in_force


@dataclass(frozen=True)
class Left:
    """Who left, and when."""

    defection_id: int
    name: str
    branch: str | None
    segment: str
    left_on: date
    customer_id: int
    erased: bool


@dataclass(frozen=True)
class Tried:
    """A rule as it is now, held against this departure: each of its conditions by name, and whether it holds."""

    rule: Rule
    conditions: dict[str, bool]

    @property
    def fits(self) -> bool:
        return all(self.conditions.values())


@dataclass(frozen=True)
class Decided:
    """The invitation, with what is said of it. rule: the name of the rule that decided; None: not known."""

    invitation: Invitation
    rule: str | None
    questionnaire: str
    version: int
    mailings: Sequence[Mailing]


def left(defection_id: int, user: User) -> Left | None:
    """The departure, where this user may see it."""
    who = (Customer.name, Customer.external_id, Branch.name, Customer.segment)
    query = (
        select(*who, Defection.defected_on, Customer.id, Customer.erased_at.is_not(None))
        .select_from(Defection)
        .join(Customer, Customer.id == Defection.customer_id)
        .outerjoin(Branch, Branch.id == Customer.branch_id)
        .where(Defection.id == defection_id, visible(user, Customer.branch_id))
    )
    row = db.session.execute(query).one_or_none()
    if row is None:
        return None
    name, external_id, branch, segment, left_on, customer_id, erased = row
    return Left(defection_id, name or external_id, branch, segment, left_on, customer_id, erased)


def tried(defection_id: int) -> list[Tried]:
    """The rules in their order up to the first that fits, in one question to the database."""
    rules = rules_in_force()
    asked = [(place, name, part) for place, rule in enumerate(rules) for name, part in parts(rule.conditions).items()]
    held: list[dict[str, bool]] = [{} for _ in rules]
    if asked:
        query = select(*(part for _, _, part in asked)).select_from(Defection)
        joined = query.join(Customer, Customer.id == Defection.customer_id).where(Defection.id == defection_id)
        for (place, name, _), holds in zip(asked, db.session.execute(joined).one(), strict=True):
            held[place][name] = bool(holds)
    found = [Tried(rule, conditions) for rule, conditions in zip(rules, held, strict=True)]
    ends = next((place for place, one in enumerate(found, 1) if one.fits), len(found))
    return found[:ends]


def decided(defection_id: int) -> Decided | None:
    """What was decided about this departure; None: nothing yet."""
    query = (
        select(Invitation, TargetingRule.name, Questionnaire.name, QuestionnaireVersion.version)
        .join(QuestionnaireVersion, QuestionnaireVersion.id == Invitation.questionnaire_version_id)
        .join(Questionnaire, Questionnaire.id == QuestionnaireVersion.questionnaire_id)
        .outerjoin(TargetingRule, TargetingRule.id == Invitation.targeting_rule_id)
        .where(Invitation.defection_id == defection_id)
    )
    row = db.session.execute(query).one_or_none()
    if row is None:
        return None
    mails = select(Mailing).where(Mailing.invitation_id == row[0].id).order_by(Mailing.round)
    return Decided(*row, db.session.scalars(mails).all())
