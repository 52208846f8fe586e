"""The rules of who is asked what, as people change them: in an order, on or off, the one for everybody else last."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select

from survey.clock import now
from survey.extensions import db
from survey.questionnaires.models import Questionnaire, TargetingRule
from survey.questionnaires.targeting import EVERYBODY, LAST, Conditions, newest_versions


class NameTaken(Exception):
    """Another rule has that name."""


@dataclass(frozen=True)
class Draft:
    """A rule as it is typed. questionnaire_id: None where nobody is asked."""

    name: str
    conditions: Conditions
    channel: str
    questionnaire_id: int | None
    wait_days: int


@dataclass(frozen=True)
class Standing:
    """A rule as the page lists it. key: None for "everybody else" as it comes. rests: its questionnaire is retired."""

    key: int | None
    draft: Draft
    active: bool
    rests: bool

    @property
    def is_last(self) -> bool:
        return self.draft.name == EVERYBODY


def standing() -> list[Standing]:
    """All rules in the order in which they are tried, those that are off too; "everybody else" is always the last."""
    newest = newest_versions()
    rules = [_standing(row, newest) for row in _in_order()]
    if not rules or not rules[-1].is_last:
        first = min(newest) if newest else None
        rules.append(Standing(None, Draft(EVERYBODY, {}, "mail", first, 0), True, first is None))
    return rules


def questionnaires_in_use() -> list[tuple[int, str]]:
    """Those that a rule may name: published and not retired; key and name."""
    keys = list(newest_versions())
    query = select(Questionnaire.id, Questionnaire.name).where(Questionnaire.id.in_(keys)).order_by(Questionnaire.name)
    return [(key, name) for key, name in db.session.execute(query)]


def add(draft: Draft, user_id: int | None) -> TargetingRule:
    """A further rule, tried after the others and before everybody else. Raises NameTaken; flushes."""
    _check_name(draft.name)
    last = select(func.max(TargetingRule.position)).where(TargetingRule.position < LAST)
    row = TargetingRule(position=(db.session.scalar(last) or 0) + 1, **_values(draft, user_id))
    return _kept(row)


def change(row: TargetingRule, draft: Draft, user_id: int | None) -> None:
    """The rule says this from now on; what was decided by it stays decided. Raises NameTaken; flushes."""
    _check_name(draft.name, row.id)
    for name, value in _values(draft, user_id).items():
        setattr(row, name, value)
    db.session.flush()


def everybody_row(user_id: int | None) -> TargetingRule | None:
    """The row of "everybody else", made as it comes where there is none; None where nothing is published. Flushes."""
    row = db.session.scalar(select(TargetingRule).where(TargetingRule.position == LAST))
    last = standing()[-1].draft
    if row is not None or last.questionnaire_id is None:
        return row
    return _kept(TargetingRule(position=LAST, **_values(last, user_id)))


def move(row: TargetingRule, up: bool, user_id: int | None) -> bool:
    """Change places with the rule before or after; False where there is none, as at the ends. Flushes."""
    rows = [one for one in _in_order() if one.position != LAST]
    if row not in rows:
        return False
    place = rows.index(row)
    other = place + (-1 if up else 1)
    if not 0 <= other < len(rows):
        return False
    rows[place], rows[other] = rows[other], rows[place]
    for number, one in enumerate(rows, 1):
        one.position = number
    row.changed_at, row.changed_by_id = now(), user_id
    db.session.flush()
    return True


def switch(row: TargetingRule, active: bool, user_id: int | None) -> None:
    """Switch a rule on or off. Flushes."""
    row.active, row.changed_at, row.changed_by_id = active, now(), user_id
    db.session.flush()


def draft_of(row: TargetingRule) -> Draft:
    return Draft(row.name, row.conditions, row.channel, row.questionnaire_id, row.wait_days)


def _in_order() -> Sequence[TargetingRule]:
    query = select(TargetingRule).order_by(TargetingRule.position, TargetingRule.id)
    return db.session.scalars(query).all()


def _standing(row: TargetingRule, newest: dict[int, int]) -> Standing:
    rests = row.channel != "nobody" and row.questionnaire_id not in newest
    return Standing(row.id, draft_of(row), row.active, rests)


def _check_name(name: str, but: int | None = None) -> None:
    same = select(TargetingRule.id).where(
        func.lower(TargetingRule.name) == name.lower(), TargetingRule.id != (but or 0)
    )
    if db.session.scalar(same) is not None:
        raise NameTaken(name)


def _values(draft: Draft, user_id: int | None) -> dict[str, Any]:
    return {
        "name": draft.name,
        "conditions": dict(draft.conditions),
        "channel": draft.channel,
        "questionnaire_id": draft.questionnaire_id,
        "wait_days": draft.wait_days,
        "changed_at": now(),
        "changed_by_id": user_id,
    }


def _kept(row: TargetingRule) -> TargetingRule:
    db.session.add(row)
    db.session.flush()
    return row
