"""Staged rows become customers and contracts, set-based, a few thousand lines at a time; purchases are in purchases.py.

The statements are the same on both engines; only the word for "leave out what is there" comes from the dialect.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, case, delete, exists, func, literal, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from survey.clock import today
from survey.customers import contracts
from survey.customers.models import (
    Branch,
    Customer,
    StagedContract,
    StagedCustomer,
    StagedTransaction,
)
from survey.extensions import db
from survey.many import on_postgresql

#: staged rows that are removed in one transaction, to begin with
REMOVED_AT_ONCE = 5_000
STAGED: dict[str, type[StagedCustomer] | type[StagedTransaction] | type[StagedContract]] = {
    "customers": StagedCustomer,
    "transactions": StagedTransaction,
    "contracts": StagedContract,
}
#: columns that a file may bring to a customer, as they are named in both tables
PLAIN_COLUMNS = (
    "card_id", "name", "email", "phone", "language", "segment", "joined_on", "acquired_via", "contract_from",
    "contract_until", "cancelled_on", "yearly_value", "do_not_contact", "call_consent",
)  # fmt: skip
#: those by which somebody can be named or reached
NAMING_COLUMNS = ("card_id", "name", "email", "phone")
DEFAULTS: dict[str, Any] = {"language": "nl", "segment": "", "acquired_via": "", "do_not_contact": False}


@dataclass(frozen=True)
class Published:
    """What a batch did: the last line of it, and the rows that are new or changed."""

    line: int
    new: int
    changed: int


def publish_batch(kind: str, import_id: int, after: int, size: int) -> Published | None:
    """Publish the next `size` staged customers or contracts after a line; None when there are none. Twice changes
    nothing."""
    staged = STAGED[kind]
    lines = select(staged.line).where(staged.import_id == import_id, staged.line > after)
    until = db.session.scalar(select(func.max(lines.order_by(staged.line).limit(size).subquery().c.line)))
    if until is None:
        return None
    batch = and_(staged.import_id == import_id, staged.line > after, staged.line <= until)
    if kind == "customers":
        return Published(until, *publish_customers(batch))
    return Published(until, *contracts.tell_contracts(batch, today()))


def remove_staged(kind: str, import_id: int, size: int) -> int:
    """Delete `size` staged rows of an import; returns how many there were, 0 when none are left."""
    staged = STAGED[kind]
    some = select(staged.id).where(staged.import_id == import_id).limit(size)
    return _count(delete(staged).where(staged.id.in_(some)).execution_options(synchronize_session=False))


def publish_customers(batch: ColumnElement[bool]) -> tuple[int, int]:
    """Customers by their own number: known ones take what the file says, new ones are made."""
    staged = StagedCustomer
    _add_branches(batch)
    changed = _count(_customer_changes(batch))
    brought = [func.coalesce(getattr(staged, name), DEFAULTS.get(name)) for name in PLAIN_COLUMNS]
    source = select(staged.external_id, _branch_id(), *brought).where(batch).order_by(staged.line)
    new = _insert(Customer, ("external_id", "branch_id", *PLAIN_COLUMNS), source)
    contracts.tell_customers(batch, today())
    return new, changed


def _customer_changes(batch: ColumnElement[bool]) -> Any:
    """A file's cell changes a customer only where it says something, and something else. Erased stays erased, and
    whose name and address were forgotten stays without them."""
    staged = StagedCustomer
    brought: dict[Any, Any] = {getattr(Customer, name): getattr(staged, name) for name in PLAIN_COLUMNS}
    for name in NAMING_COLUMNS:
        brought[getattr(Customer, name)] = case((Customer.forgotten_at.is_(None), getattr(staged, name)))
    brought[Customer.branch_id] = _branch_id()
    differs = or_(*(and_(new.is_not(None), new.is_distinct_from(old)) for old, new in brought.items()))
    return (
        update(Customer)
        .where(Customer.external_id == staged.external_id, Customer.erased_at.is_(None), batch, differs)
        .values({old: func.coalesce(new, old) for old, new in brought.items()})
        .execution_options(synchronize_session=False)
    )


def _branch_id() -> Any:
    """The id of the branch that a staged row names."""
    return select(Branch.id).where(Branch.name == StagedCustomer.branch).correlate(StagedCustomer).scalar_subquery()


def _add_branches(batch: ColumnElement[bool]) -> None:
    """Make the branches that are not known yet."""
    name = StagedCustomer.branch
    known = exists(select(literal(1)).where(Branch.name == name).correlate(StagedCustomer))
    _insert(Branch, ("name",), select(name).where(batch, name.is_not(None), ~known).distinct())


def _insert(table: type[Any], columns: tuple[str, ...], source: Select[Any]) -> int:
    """Insert what is not there yet; the number of rows that were new."""
    make: Any = postgresql.insert if on_postgresql() else sqlite.insert
    return _count(make(table.__table__).from_select(columns, source).on_conflict_do_nothing())


def _count(statement: Any) -> int:
    """Run a statement; the number of rows it touched."""
    counted = statement.execution_options(preserve_rowcount=True)
    return int(db.session.execute(counted).rowcount)  # type: ignore[attr-defined]  # a CursorResult
