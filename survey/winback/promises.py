"""Promises to customers: made in a case, told of in an answer, or entered by the branch; kept, or shown as broken.

A promise is kept when somebody says on which day. It is broken when its day has passed without that, when it was kept
after its day, or when somebody says so. Everything else is open.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import ColumnElement, and_, case, func, or_, select

from survey.accounts.access import visible
from survey.accounts.models import User
from survey.analyst import Share, share_intervals
from survey.clock import now
from survey.customers.models import Branch, Customer
from survey.extensions import db
from survey.winback.models import Promise

STATES = ("open", "kept", "broken")
LISTED = 200


@dataclass(frozen=True)
class NewPromise:
    """What was promised to whom; the day on which it was made and the day until which are known or not."""

    customer_id: int
    text: str
    source: str
    case_id: int | None = None
    made_on: date | None = None
    due_on: date | None = None


@dataclass(frozen=True)
class Line:
    promise: Promise
    name: str | None
    external_id: str
    branch: str | None


@dataclass(frozen=True)
class Kept:
    """How a branch keeps its promises, of those of which it is known."""

    branch: str | None
    kept: int
    broken: int
    open: int
    #: kept of kept and broken, with its interval
    share: Share


def state_of(promise: Promise, today: date) -> str:
    """open, kept or broken, as of a day."""
    if promise.broken or (promise.due_on is not None and (promise.kept_on or today) > promise.due_on):
        return "broken"
    return "open" if promise.kept_on is None else "kept"


def is_broken(today: date) -> ColumnElement[bool]:
    """The same as `state_of`, asked of rows."""
    late = and_(Promise.due_on.is_not(None), func.coalesce(Promise.kept_on, today) > Promise.due_on)
    return or_(Promise.broken, late)


def add(new: NewPromise, user_id: int) -> Promise:
    """Write a promise down. Flushes."""
    promise = Promise(
        customer_id=new.customer_id,
        text=new.text,
        source=new.source,
        case_id=new.case_id,
        made_on=new.made_on,
        due_on=new.due_on,
        entered_at=now(),
        user_id=user_id,
    )
    db.session.add(promise)
    db.session.flush()
    return promise


def keep(promise: Promise, on: date) -> None:
    """It was kept on this day. Flushes."""
    promise.kept_on, promise.broken = on, False
    db.session.flush()


def break_(promise: Promise) -> None:
    """It was not kept, and will not be. Flushes."""
    promise.kept_on, promise.broken = None, True
    db.session.flush()


def promise_for(promise_id: int, user: User) -> Promise | None:
    """The promise of this number, where this user may see it."""
    query = select(Promise).join(Customer, Customer.id == Promise.customer_id)
    return db.session.scalar(query.where(Promise.id == promise_id, visible(user, Customer.branch_id)))


def promises_to(customer_id: int) -> Sequence[Promise]:
    """All that this customer was promised, the latest first."""
    query = select(Promise).where(Promise.customer_id == customer_id)
    return db.session.scalars(query.order_by(Promise.entered_at.desc(), Promise.id.desc())).all()


def listed(state: str, user: User, today: date) -> list[Line]:
    """The promises in one state that this user may see, LISTED at most: open ones by due date, others latest first."""
    broken, kept = is_broken(today), Promise.kept_on.is_not(None)
    wanted = {"broken": broken, "kept": ~broken & kept, "open": ~broken & ~kept}[state]
    order = (Promise.due_on.is_(None), Promise.due_on) if state == "open" else (Promise.entered_at.desc(),)
    query = (
        select(Promise, Customer.name, Customer.external_id, Branch.name)
        .join(Customer, Customer.id == Promise.customer_id)
        .outerjoin(Branch, Branch.id == Customer.branch_id)
        .where(wanted, visible(user, Customer.branch_id))
        .order_by(*order, Promise.id)
        .limit(LISTED)
    )
    return [Line(*row) for row in db.session.execute(query)]


def kept_by_branch(user: User, today: date) -> list[Kept]:
    """How the branches that this user may see keep their promises, by name: no league table."""
    state = case((is_broken(today), "broken"), (Promise.kept_on.is_not(None), "kept"), else_="open")
    query = (
        select(Branch.name, *(func.count().filter(state == name) for name in ("kept", "broken", "open")))
        .select_from(Promise)
        .join(Customer, Customer.id == Promise.customer_id)
        .outerjoin(Branch, Branch.id == Customer.branch_id)
        .where(visible(user, Customer.branch_id))
        .group_by(Branch.name)
        .order_by(Branch.name)
    )
    rows = db.session.execute(query).all()
    shares = share_intervals([row[1] for row in rows], [row[1] + row[2] for row in rows]) if rows else []
    return [Kept(row[0], row[1], row[2], row[3], share) for row, share in zip(rows, shares, strict=True)]
