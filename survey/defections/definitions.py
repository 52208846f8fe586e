"""What the business calls a defection: rows, one a version, of which one is in force for each segment."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, func, select

from survey import analyst
from survey.clock import now
from survey.customers.models import Customer
from survey.defections.models import Defection, Definition
from survey.extensions import db


@dataclass(frozen=True)
class Draft:
    """A definition as somebody wants it; an empty segment means everyone without a definition of their own."""

    name: str
    kind: str
    parameters: Mapping[str, Any]
    segment: str = ""


def rule_of(definition: Definition | Draft) -> analyst.Rule:
    return analyst.Rule(definition.kind, definition.parameters)


def in_force() -> list[Definition]:
    """The definitions that label customers today, the general one first; at most one for a segment."""
    query = select(Definition).where(Definition.active).order_by(Definition.segment, Definition.id.desc())
    latest: dict[str, Definition] = {}
    for definition in db.session.scalars(query):
        latest.setdefault(definition.segment, definition)
    return list(latest.values())


def all_versions() -> list[Definition]:
    """Every version ever made: by name, newest first."""
    return list(db.session.scalars(select(Definition).order_by(Definition.name, Definition.version.desc())))


def covers(definition: Definition | Draft, among: list[Definition]) -> ColumnElement[bool]:
    """The condition on customers that says whom a definition labels, given all that are in force."""
    if definition.segment:
        return Customer.segment == definition.segment
    return Customer.segment.not_in([other.segment for other in among if other.segment])


def revise(draft: Draft, user_id: int | None) -> Definition:
    """A new version of the definition of that name, in force from now on; what stood before is kept.

    1. The rule is checked: ValueError says in words what is wrong with it.
    2. A draft that changes nothing gives the version that stands.
    3. Other versions of the name, and other definitions for the segment, are no longer in force.
    """
    analyst.check_rule(rule_of(draft))
    if not draft.name.strip():
        raise ValueError("A definition needs a name.")
    standing = [d for d in in_force() if draft.name == d.name or draft.segment == d.segment]
    for definition in standing:
        if _says_the_same(definition, draft):
            return definition
    _keep_a_general_one(draft, standing)
    for definition in db.session.scalars(
        select(Definition).where(
            Definition.active, (Definition.name == draft.name) | (Definition.segment == draft.segment)
        )
    ):
        definition.active = False
    return _added(draft, user_id)


def retire(definition: Definition) -> None:
    """Take the definition of a segment out of force: its customers fall under the general one again.

    Raises ValueError for the general definition, which can only be replaced.
    """
    if not definition.segment:
        raise ValueError("The general definition can be changed, but not taken away.")
    definition.active = False
    db.session.flush()


def labelling_began_before(definition: Definition) -> bool:
    """Whether other definitions had labelled customers before this one was made.

    The first rules of a business label its whole history. A later rule does not rewrite what was: it labels
    those who are still gone, and what happens from the day it was made.
    """
    earlier = select(Defection.id).where(
        Defection.definition_id != definition.id,
        Defection.created_at <= definition.created_at,
    )
    return db.session.scalar(earlier.limit(1)) is not None


def _says_the_same(definition: Definition, draft: Draft) -> bool:
    return (definition.name, definition.kind, definition.segment, dict(definition.parameters)) == (
        draft.name,
        draft.kind,
        draft.segment,
        dict(draft.parameters),
    )


def _keep_a_general_one(draft: Draft, standing: list[Definition]) -> None:
    if draft.segment and any(not d.segment and d.name == draft.name for d in standing):
        raise ValueError("This name belongs to the general definition; give the segment's one another name.")


def _added(draft: Draft, user_id: int | None) -> Definition:
    last = db.session.scalar(select(func.max(Definition.version)).where(Definition.name == draft.name))
    made = Definition(
        name=draft.name,
        version=(last or 0) + 1,
        kind=draft.kind,
        parameters=dict(draft.parameters),
        segment=draft.segment,
        active=True,
        created_at=now(),
        created_by_id=user_id,
    )
    db.session.add(made)
    db.session.flush()
    return made
