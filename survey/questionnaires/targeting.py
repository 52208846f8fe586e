"""Who gets which questionnaire, by which way and when: rules, each a condition in SQL on a departure and its customer.

The first rule that fits holds. What a condition speaks of, in a query that knows `Defection` and `Customer`:
segment, branch and language of the customer; `kinds`, the kind of definition by which they left; `services`, what they
bought on their last visit; `tenure_days`, from joining (else the first visit) to the last visit; `lost_value`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, Date, and_, case, cast, exists, func, literal, select, true

from survey.customers.models import Customer, CustomerHistory, Transaction
from survey.defections.models import Defection, Definition
from survey.extensions import db
from survey.questionnaires.models import Questionnaire, QuestionnaireVersion, TargetingRule

Conditions = Mapping[str, Any]

#: what a rule may ask about, in the order in which it is told
NAMES = ("segments", "branches", "services", "kinds", "languages", "tenure_days", "lost_value")
#: the place of the rule for everybody else, after all others; its row is made when it is first changed
LAST = 1_000_000
#: the name of its row; pages say "Everybody else"
EVERYBODY = "*"
#: what `place_of` gives where no rule fits
NO_RULE = -1


@dataclass(frozen=True)
class Rule:
    """A rule as it holds now. key: None for "everybody else" as it comes. version_id: None where nobody is asked."""

    key: int | None
    name: str
    conditions: Conditions
    channel: str
    version_id: int | None
    wait_days: int

    @property
    def is_last(self) -> bool:
        return self.name == EVERYBODY


def rules_in_force() -> list[Rule]:
    """The rules that are tried, in their order; "everybody else" comes last, unless it was switched off.

    A rule whose questionnaire was retired, or never published, rests.
    """
    newest = newest_versions()
    stored = db.session.scalars(select(TargetingRule).order_by(TargetingRule.position, TargetingRule.id)).all()
    rules = [held_by(row, newest) for row in stored if row.active and _may_hold(row, newest)]
    if newest and all(row.position != LAST for row in stored):
        rules.append(everybody_else(newest))
    return rules


def everybody_else(newest: Mapping[int, int]) -> Rule:
    """The last rule as it comes: the first questionnaire in use, by mail, at once."""
    return Rule(None, EVERYBODY, {}, "mail", newest[min(newest)], 0)


def held_by(row: TargetingRule, newest: Mapping[int, int]) -> Rule:
    """The rule of this row; `newest` as from `newest_versions`."""
    version = newest.get(row.questionnaire_id) if row.questionnaire_id is not None else None
    return Rule(row.id, row.name, row.conditions, row.channel, version, row.wait_days)


def newest_versions() -> dict[int, int]:
    """The newest version of each questionnaire in use: key of the questionnaire to key of the version."""
    query = (
        select(QuestionnaireVersion.questionnaire_id, QuestionnaireVersion.id)
        .join(Questionnaire)
        .where(Questionnaire.active)
        .order_by(QuestionnaireVersion.questionnaire_id, QuestionnaireVersion.version)
    )
    return {questionnaire: version for questionnaire, version in db.session.execute(query)}


def place_of(rules: Sequence[Rule]) -> ColumnElement[int]:
    """The place, from 0, of the first of these rules that fits a departure; NO_RULE where none does."""
    if not rules:
        return literal(NO_RULE)
    return case(*((fits(rule.conditions), place) for place, rule in enumerate(rules)), else_=NO_RULE)


def fits(conditions: Conditions) -> ColumnElement[bool]:
    """Whether all that is asked holds; what is not known does not hold."""
    return and_(true(), *parts(conditions).values())


def parts(conditions: Conditions) -> dict[str, ColumnElement[bool]]:
    """What is asked, one by one, by the names of NAMES."""
    made = {name: _PARTS[name](conditions[name]) for name in NAMES if _is_asked(conditions.get(name))}
    return {name: func.coalesce(part, False) for name, part in made.items()}


def _may_hold(row: TargetingRule, newest: Mapping[int, int]) -> bool:
    return row.channel == "nobody" or row.questionnaire_id in newest


def _is_asked(given: Any) -> bool:
    return bool(given) and any(value is not None for value in given)


def _tenure(given: Sequence[int | None]) -> ColumnElement[bool]:
    first_visit = select(CustomerHistory.first_on).where(CustomerHistory.customer_id == Customer.id).scalar_subquery()
    since = func.coalesce(Customer.joined_on, first_visit)
    return _within(_days_between(since, Defection.last_visit_on), given)


def _lost_value(given: Sequence[float | None]) -> ColumnElement[bool]:
    ends = [None if value is None else Decimal(str(value)) for value in given]
    return _within(Defection.lost_value, ends)


def _services(given: Sequence[str]) -> ColumnElement[bool]:
    return exists().where(
        Transaction.customer_id == Customer.id,
        Transaction.occurred_on == Defection.last_visit_on,
        Transaction.service.in_(given),
    )


def _kinds(given: Sequence[str]) -> ColumnElement[bool]:
    return Defection.definition_id.in_(select(Definition.id).where(Definition.kind.in_(given)))


def _within(amount: Any, ends: Sequence[Any]) -> ColumnElement[bool]:
    """Both ends are within; None leaves one open."""
    least, most = ends
    wanted = [amount >= least] if least is not None else []
    return and_(true(), *wanted, *([amount <= most] if most is not None else []))


def _days_between(first: Any, last: Any) -> ColumnElement[Any]:
    if db.session.get_bind().dialect.name == "postgresql":
        days: ColumnElement[Any] = cast(last, Date) - cast(first, Date)
        return days
    return func.julianday(last) - func.julianday(first)


_PARTS: dict[str, Any] = {
    "segments": lambda given: Customer.segment.in_(given),
    "branches": lambda given: Customer.branch_id.in_(given),
    "services": _services,
    "kinds": _kinds,
    "languages": lambda given: Customer.language.in_(given),
    "tenure_days": _tenure,
    "lost_value": _lost_value,
}
