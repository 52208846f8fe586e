"""Cases: who takes care of whom, what was done, and how it ended."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Select, func, select

from survey.accounts.access import visible
from survey.accounts.models import User
from survey.clock import now
from survey.customers.models import Branch, Customer
from survey.defections.listing import whole_in
from survey.defections.models import Defection
from survey.extensions import db
from survey.paging import Page
from survey.taxonomy.models import Reason
from survey.winback.models import CASE_OUTCOMES, Case, CaseNote, RemedyTried

PER_PAGE = 50
#: which cases: taken by oneself, by nobody; that are due today or before; all open ones; closed ones
LISTS = ("mine", "nobody", "due", "open", "closed")
OUTCOMES = tuple(outcome for outcome in CASE_OUTCOMES if outcome)


class AlreadyClosed(Exception):
    """The case was closed meanwhile: nothing more can be done in it before it is opened again."""


@dataclass(frozen=True)
class Filters:
    which: str = "open"
    branch_id: int | None = None


@dataclass(frozen=True)
class Line:
    """One case as the list shows it."""

    case: Case
    name: str | None
    external_id: str
    branch: str | None
    owner: str | None
    reason: Reason | None
    defection: Defection


def filters_from(given: Mapping[str, str]) -> Filters:
    """Filters as they stand in an address. ValueError where one makes no sense."""
    which = given.get("which") or "open"
    if which not in LISTS:
        raise ValueError("There is no such list.")
    return Filters(which, whole_in(given.get("branch")))


def counts(user: User, today: date, branch_id: int | None) -> dict[str, int]:
    """How many cases each list holds that this user may see."""
    found = {}
    for which in LISTS:
        query = _listed(Filters(which, branch_id), user, today).with_only_columns(func.count(Case.id))
        found[which] = db.session.scalar(query) or 0
    return found


def page_of(filters: Filters, user: User, today: date, page: tuple[int, int]) -> Page[Line]:
    """The most pressing first, of equals the most valuable. `page`: its number and how many cases there are in all."""
    number, total = page
    pressing = Case.closed_at.desc() if filters.which == "closed" else Case.due_on
    query = (
        _listed(filters, user, today)
        .order_by(pressing, Defection.lost_value.desc(), Case.id)
        .limit(PER_PAGE)
        .offset((number - 1) * PER_PAGE)
    )
    return Page([Line(*row) for row in db.session.execute(query)], number, total, PER_PAGE)


def line_of(case_id: int, user: User) -> Line | None:
    """The case of this number, where this user may see it."""
    row = db.session.execute(_lines().where(Case.id == case_id, visible(user, Customer.branch_id))).one_or_none()
    return None if row is None else Line(*row)


def _lines() -> Select[*tuple[Any, ...]]:
    owner = func.coalesce(func.nullif(User.name, ""), User.email)
    return (
        select(Case, Customer.name, Customer.external_id, Branch.name, owner, Reason, Defection)
        .join(Customer, Customer.id == Case.customer_id)
        .join(Defection, Defection.id == Case.defection_id)
        .outerjoin(Branch, Branch.id == Customer.branch_id)
        .outerjoin(User, User.id == Case.owner_id)
        .outerjoin(Reason, Reason.id == Case.reason_id)
    )


def _listed(filters: Filters, user: User, today: date) -> Select[*tuple[Any, ...]]:
    is_closed = Case.state == "closed"
    lists: dict[str, ColumnElement[bool]] = {
        "mine": ~is_closed & (Case.owner_id == user.id),
        "nobody": ~is_closed & Case.owner_id.is_(None),
        "due": ~is_closed & (Case.due_on <= today),
        "open": ~is_closed,
        "closed": is_closed,
    }
    wanted = [visible(user, Customer.branch_id), lists[filters.which]]
    if filters.branch_id is not None:
        wanted.append(Customer.branch_id == filters.branch_id)
    return _lines().where(*wanted)


def may_own(case: Case) -> list[tuple[int, str]]:
    """Who may be given this case: active users who may see its branch, by name."""
    branch_id = db.session.scalar(select(Customer.branch_id).where(Customer.id == case.customer_id))
    users = db.session.scalars(select(User).where(User.active).order_by(User.name, User.email))
    return [(user.id, user.name or user.email) for user in users if not user.branch_ids or branch_id in user.branch_ids]


def give(case: Case, owner_id: int) -> None:
    """From now on this person takes care. ValueError where they may not see the case; raises AlreadyClosed."""
    _must_be_open(case)
    if owner_id not in dict(may_own(case)):
        raise ValueError("This person may not see the branch of the case.")
    case.owner_id = owner_id
    db.session.flush()


def put_off(case: Case, due_on: date) -> None:
    """Wait until this day. Raises AlreadyClosed."""
    _must_be_open(case)
    case.state, case.due_on = "waiting", due_on
    db.session.flush()


def note(case: Case, user_id: int, text: str) -> None:
    """Write down what was done. A closed case takes notes too: things come up later."""
    db.session.add(CaseNote(case_id=case.id, user_id=user_id, at=now(), text=text))
    db.session.flush()


def tried(case: Case, remedy_id: int) -> None:
    """This remedy was tried. Twice is once. Raises AlreadyClosed."""
    _must_be_open(case)
    if db.session.get(RemedyTried, (case.id, remedy_id)) is None:
        db.session.add(RemedyTried(case_id=case.id, remedy_id=remedy_id, at=now()))
        db.session.flush()


def close(case: Case, outcome: str) -> None:
    """How it ended. ValueError for an outcome that there is not; raises AlreadyClosed."""
    _must_be_open(case)
    if outcome not in OUTCOMES:
        raise ValueError("There is no such outcome.")
    case.state, case.outcome, case.closed_at = "closed", outcome, now()
    db.session.flush()


def open_again(case: Case, due_on: date) -> None:
    """It was not over. An open case stays as it is. Flushes."""
    if case.state == "closed":
        case.state, case.outcome, case.closed_at, case.due_on = "open", "", None, due_on
        db.session.flush()


def _must_be_open(case: Case) -> None:
    if case.state == "closed":
        raise AlreadyClosed
