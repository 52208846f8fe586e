"""What the business calls a defection: rows, one a version, of which one holds for each segment on each day.

Of the versions for a segment, the newest that is effective on a day holds on it. A version that is not `active` says
that from its day on the segment has no definition of its own.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from sqlalchemy import ColumnElement, func, or_, select

from survey import analyst
from survey.accounts.models import User
from survey.analyst import detecting
from survey.clock import local, now, today
from survey.customers import histories
from survey.customers.models import Customer
from survey.defections.models import Defection, Definition
from survey.extensions import db


@dataclass(frozen=True)
class Draft:
    """A definition as somebody wants it; an empty segment means everyone without a definition of their own.

    effective_on: the first day on which it holds. None: as far back as nobody else labelled (`labels_from`).
    """

    name: str
    kind: str
    parameters: Mapping[str, Any]
    segment: str = ""
    effective_on: date | None = None


@dataclass(frozen=True)
class Held:
    """A version and when it held: from `first` (None: the whole history) to `last` (None: no end in sight).

    state: holds, planned, replaced, never (another one took its place before its day), or withdrawn (from its day on
    the segment has none of its own).
    """

    definition: Definition
    first: date | None
    last: date | None
    state: str
    made_by: str | None
    #: a newer version is for the whole history
    is_overwritten: bool = False


@dataclass(frozen=True)
class Change:
    """The day from which another definition held for the customers of a segment."""

    on: date
    definition: Definition
    segment: str


def rule_of(definition: Definition | Draft) -> analyst.Rule:
    return analyst.Rule(definition.kind, definition.parameters)


def in_force(on: date | None = None) -> list[Definition]:
    """The definitions that hold on a day, today unless another is given: the general one first, one a segment."""
    day = on or today()
    holds = or_(Definition.effective_on.is_(None), Definition.effective_on <= day)
    query = select(Definition).where(holds).order_by(Definition.segment, Definition.id.desc())
    latest: dict[str, Definition] = {}
    for definition in db.session.scalars(query):
        latest.setdefault(definition.segment, definition)
    return [definition for definition in latest.values() if definition.active]


def standing_for(segment: str, on: date | None = None) -> Definition | None:
    """The definition of its own that a segment has on a day; of the empty segment the general one."""
    return next((d for d in in_force(on) if d.segment == segment), None)


def newest_for(segment: str) -> Definition | None:
    """The version for a segment that was made last, whether or not it holds."""
    query = select(Definition).where(Definition.segment == segment).order_by(Definition.id.desc())
    return db.session.scalar(query.limit(1))


def all_versions() -> list[Held]:
    """Every version ever made, by segment, newest first, with the days on which it held."""
    query = select(Definition, User.name, User.email).outerjoin(User, User.id == Definition.created_by_id)
    rows = db.session.execute(query.order_by(Definition.segment, Definition.id.desc())).all()
    held, segment, ends = [], None, None
    for definition, name, email in rows:
        if definition.segment != segment:
            segment, ends = definition.segment, None
        first = labels_from(definition)
        held.append(_held(definition, first, ends, name or email))
        ends = min(first or date.min, ends or date.max)
    return held


def segments() -> list[str]:
    """The segments that have, or had, a definition of their own."""
    query = select(Definition.segment).where(Definition.segment != "").distinct()
    return list(db.session.scalars(query.order_by(Definition.segment)))


def changes_for(segments: Collection[str], until: date) -> list[Change]:
    """When another definition came to hold for customers of these segments, up to a day; in order of days.

    The empty segment is that of customers who have no definition of their own. A new version of the general definition
    changes nothing for a segment that has its own.
    """
    versions, changes = all_versions(), []
    days = {each.first for each in versions if each.first and each.first <= until}
    for segment in sorted(segments):
        for day in days:
            before, held = (_holding(versions, segment, each) for each in (day - timedelta(days=1), day))
            if held is not None and held is not before:
                changes.append(Change(day, held, segment))
    return sorted(changes, key=lambda change: change.on)


def covers(definition: Definition | Draft, among: list[Definition]) -> ColumnElement[bool]:
    """The condition on customers that says whom a definition labels, given all that are in force."""
    if definition.segment:
        return Customer.segment == definition.segment
    return Customer.segment.not_in([other.segment for other in among if other.segment])


def revise(draft: Draft, user_id: int | None) -> Definition:
    """A new version for the segment, which holds from its day on; what stood before is kept, and held until then.

    1. The rule is checked: ValueError says in words what is wrong with it.
    2. A draft that changes nothing gives the version that stands.
    3. Histories of the services that it asks about are kept from now on.
    """
    detecting.check_rule(rule_of(draft))
    if not draft.name.strip():
        raise ValueError("A definition needs a name.")
    _keep_to_one_segment(draft)
    standing = standing_for(draft.segment, draft.effective_on)
    if standing is not None and _says_the_same(standing, draft) and not _later_than(standing):
        return standing
    made = _added(draft, user_id)
    watch_services()
    return made


def retire(definition: Definition, user_id: int | None = None) -> None:
    """From today on the customers of a segment fall under the general definition again. One that is only planned is
    called off: it is deleted, as it has labelled nobody.

    Raises ValueError for the general definition, which can only be replaced, and for one that does not hold.
    """
    if is_planned(definition):
        db.session.delete(definition)
        db.session.flush()
        return
    if not definition.segment:
        raise ValueError("The general definition can be changed, but not taken away.")
    if definition not in in_force():
        raise ValueError("This definition does not hold any more.")
    draft = Draft(definition.name, definition.kind, definition.parameters, definition.segment, today())
    _added(draft, user_id).active = False
    db.session.flush()


def is_planned(definition: Definition) -> bool:
    """Whether its first day is still to come."""
    return definition.effective_on is not None and definition.effective_on > today()


def labels_from(definition: Definition) -> date | None:
    """The first day whose departures it may label; None: the whole history.

    The first rules of a business label its whole history. A later rule does not rewrite what was: it labels
    those who are still gone, and what happens from its day, or else from the day it was made.
    """
    if definition.effective_on is not None:
        return definition.effective_on
    return local(definition.created_at).date() if labelling_began_before(definition) else None


def labelling_began_before(definition: Definition) -> bool:
    """Whether other definitions had labelled customers before this one was made."""
    earlier = select(Defection.id).where(
        Defection.definition_id != definition.id,
        Defection.created_at <= definition.created_at,
    )
    return db.session.scalar(earlier.limit(1)) is not None


def labelling_began() -> bool:
    """Whether any customer was ever labelled."""
    return db.session.scalar(select(Defection.id).limit(1)) is not None


def watch_services() -> None:
    """Keep histories of the services that any version asks about: one that is replaced still says who came back."""
    services: set[str] = set()
    for definition in db.session.scalars(select(Definition)):
        services |= detecting.asks(rule_of(definition)).services
    histories.watch(services)


def _holding(versions: list[Held], segment: str, day: date) -> Definition | None:
    """The definition by which customers of a segment are labelled on a day: their own, else the general one."""
    for name in (segment, ""):
        newest = next((h for h in versions if h.definition.segment == name and (h.first or date.min) <= day), None)
        if newest is not None and newest.definition.active:
            return newest.definition
    return None


def _held(definition: Definition, first: date | None, ends: date | None, made_by: str | None) -> Held:
    """`ends`: the first day on which a newer version holds."""
    day = today()
    if ends == date.min:
        return Held(definition, first, None, "replaced", made_by, is_overwritten=True)
    last = ends - timedelta(days=1) if ends is not None else None
    if first is not None and last is not None and first > last:
        return Held(definition, first, last, "never", made_by)
    if first is not None and first > day:
        return Held(definition, first, last, "planned", made_by)
    if ends is not None and ends <= day:
        return Held(definition, first, last, "replaced", made_by)
    return Held(definition, first, last, "holds" if definition.active else "withdrawn", made_by)


def _later_than(standing: Definition) -> bool:
    """Whether a newer version for the segment is to take over."""
    newer = select(Definition.id).where(Definition.segment == standing.segment, Definition.id > standing.id)
    return db.session.scalar(newer.limit(1)) is not None


def _says_the_same(definition: Definition, draft: Draft) -> bool:
    return (definition.name, definition.kind, definition.segment, dict(definition.parameters)) == (
        draft.name,
        draft.kind,
        draft.segment,
        dict(draft.parameters),
    )


def _keep_to_one_segment(draft: Draft) -> None:
    taken = select(Definition.segment).where(Definition.name == draft.name, Definition.segment != draft.segment)
    if db.session.scalar(taken.limit(1)) is not None:
        raise ValueError("This name belongs to the definition of other customers; give this one another name.")


def _added(draft: Draft, user_id: int | None) -> Definition:
    last = db.session.scalar(select(func.max(Definition.version)).where(Definition.name == draft.name))
    made = Definition(
        name=draft.name,
        version=(last or 0) + 1,
        kind=draft.kind,
        parameters=dict(draft.parameters),
        segment=draft.segment,
        active=True,
        effective_on=draft.effective_on,
        created_at=now(),
        created_by_id=user_id,
    )
    db.session.add(made)
    db.session.flush()
    return made
