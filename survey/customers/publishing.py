"""Staged rows become customers and purchases, set-based, a few thousand lines at a time.

The statements are the same on both engines; only the word for "leave out what is there" comes from the dialect.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, case, delete, exists, func, literal, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import InstrumentedAttribute

from survey.clock import today
from survey.customers import contracts, histories
from survey.customers.models import (
    Branch,
    Customer,
    Employee,
    StagedContract,
    StagedCustomer,
    StagedTransaction,
    Transaction,
)
from survey.extensions import db

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
DEFAULTS: dict[str, Any] = {"language": "nl", "segment": "", "acquired_via": "", "do_not_contact": False}


@dataclass(frozen=True)
class Published:
    """What a batch did: the last line of it, and the rows that are new or changed."""

    line: int
    new: int
    changed: int


def publish_batch(kind: str, import_id: int, after: int, size: int) -> Published | None:
    """Publish the next `size` staged rows after a line; None when there are none. Twice changes nothing."""
    staged = STAGED[kind]
    lines = select(staged.line).where(staged.import_id == import_id, staged.line > after)
    until = db.session.scalar(select(func.max(lines.order_by(staged.line).limit(size).subquery().c.line)))
    if until is None:
        return None
    batch = and_(staged.import_id == import_id, staged.line > after, staged.line <= until)
    if kind == "customers":
        return Published(until, *publish_customers(batch))
    if kind == "contracts":
        return Published(until, *contracts.tell_contracts(batch, today()))
    return Published(until, *publish_transactions(batch, import_id, after))


def remove_staged(kind: str, import_id: int, size: int) -> int:
    """Delete `size` staged rows of an import; returns how many there were, 0 when none are left."""
    staged = STAGED[kind]
    some = select(staged.id).where(staged.import_id == import_id).limit(size)
    return _count(delete(staged).where(staged.id.in_(some)).execution_options(synchronize_session=False))


def publish_customers(batch: ColumnElement[bool]) -> tuple[int, int]:
    """Customers by their own number: known ones take what the file says, new ones are made."""
    staged = StagedCustomer
    _add_names(Branch, staged.branch, batch)
    changed = _count(_customer_changes(batch))
    brought = [func.coalesce(getattr(staged, name), DEFAULTS.get(name)) for name in PLAIN_COLUMNS]
    source = select(staged.external_id, _id_of(Branch, staged.branch), *brought).where(batch).order_by(staged.line)
    new = _insert(Customer, ("external_id", "branch_id", *PLAIN_COLUMNS), source)
    contracts.tell_customers(batch, today())
    return new, changed


def _customer_changes(batch: ColumnElement[bool]) -> Any:
    """A file's cell changes a customer only where it says something, and something else. Erased stays erased."""
    staged = StagedCustomer
    brought = {getattr(Customer, name): getattr(staged, name) for name in PLAIN_COLUMNS}
    brought[Customer.branch_id] = _id_of(Branch, staged.branch)
    differs = or_(*(and_(new.is_not(None), new.is_distinct_from(old)) for old, new in brought.items()))
    return (
        update(Customer)
        .where(Customer.external_id == staged.external_id, Customer.erased_at.is_(None), batch, differs)
        .values({old: func.coalesce(new, old) for old, new in brought.items()})
        .execution_options(synchronize_session=False)
    )


def publish_transactions(batch: ColumnElement[bool], import_id: int, after: int) -> tuple[int, int]:
    """Purchases by their identity and, where identical rows have no ids, by their number among them. Customers of
    whom a purchase is new or changed are marked, so that their histories are made anew."""
    staged = StagedTransaction
    _add_names(Branch, staged.branch, batch)
    _add_names(Employee, staged.employee, batch)
    _put_in_teams(batch)
    changed = _buyers(_transaction_changes(batch))
    source = (
        select(
            Customer.id,
            staged.occurred_on,
            staged.amount,
            _id_of(Branch, staged.branch),
            _id_of(Employee, staged.employee),
            func.coalesce(staged.service, ""),
            staged.identity,
            _ordinal(batch, import_id, after),
        )
        .join(Customer, Customer.external_id == staged.external_id)
        .where(batch)
        .order_by(staged.line)
    )
    columns = ("customer_id", "occurred_on", "amount", "branch_id", "employee_id", "service", "identity", "ordinal")
    new = _buyers(_insertion(Transaction, columns, source))
    histories.mark([*new, *changed])
    return len(new), len(changed)


def _buyers(statement: Any) -> list[int]:
    """Run a statement; the customer of each purchase it touched."""
    return list(db.session.scalars(statement.returning(Transaction.__table__.c.customer_id)))


def _ordinal(batch: ColumnElement[bool], import_id: int, after: int) -> ColumnElement[int]:
    """The how-manieth of its identical rows in the file; 0 where the file has ids.

    A window function numbers the rows of the batch; the identical rows of earlier batches are counted.
    """
    staged, earlier = StagedTransaction, StagedTransaction.__table__.alias("earlier")
    before = (
        select(func.count())
        .select_from(earlier)
        .where(earlier.c.import_id == import_id, earlier.c.identity == staged.identity, earlier.c.line <= after)
        .correlate(staged)
        .scalar_subquery()
    )
    within = func.row_number().over(partition_by=staged.identity, order_by=staged.line)
    return case((staged.has_id, 0), else_=within + before)


def _transaction_changes(batch: ColumnElement[bool]) -> Any:
    """A purchase with an id takes what a later file says of it."""
    staged = StagedTransaction
    brought: dict[InstrumentedAttribute[Any], Any] = {
        Transaction.occurred_on: staged.occurred_on,
        Transaction.amount: staged.amount,
        Transaction.branch_id: _id_of(Branch, staged.branch),
        Transaction.employee_id: _id_of(Employee, staged.employee),
        Transaction.service: staged.service,
    }
    differs = or_(*(and_(new.is_not(None), new.is_distinct_from(old)) for old, new in brought.items()))
    return (
        update(Transaction)
        .where(Transaction.identity == staged.identity, Transaction.ordinal == 0, staged.has_id, batch, differs)
        .values({old: func.coalesce(new, old) for old, new in brought.items()})
        .execution_options(synchronize_session=False)
    )


def _id_of(table: type[Branch] | type[Employee], name: InstrumentedAttribute[str | None]) -> Any:
    """The id of the branch or employee that a staged row names."""
    return select(table.id).where(table.name == name).correlate(name.class_).scalar_subquery()


def _add_names(
    table: type[Branch] | type[Employee], name: InstrumentedAttribute[str | None], batch: ColumnElement[bool]
) -> None:
    """Make the branches or employees that are not known yet."""
    known = exists(select(literal(1)).where(table.name == name).correlate(name.class_))
    _insert(table, ("name",), select(name).where(batch, name.is_not(None), ~known).distinct())


def _put_in_teams(batch: ColumnElement[bool]) -> None:
    """Employees are in the team that the last line of a file names with them."""
    staged = StagedTransaction
    named = and_(batch, staged.employee.is_not(None), staged.team.is_not(None))
    rows = db.session.execute(select(staged.employee, staged.team).where(named).order_by(staged.line)).all()
    teams: dict[str | None, str | None] = {row.employee: row.team for row in rows}
    if teams:
        standing = db.session.execute(select(Employee.id, Employee.name, Employee.team).where(Employee.name.in_(teams)))
        moved = [{"id": key, "team": teams[name]} for key, name, team in standing if team != teams[name]]
        if moved:
            db.session.execute(update(Employee), moved)


def _insert(table: type[Any], columns: tuple[str, ...], source: Select[Any]) -> int:
    """Insert what is not there yet; the number of rows that were new."""
    return _count(_insertion(table, columns, source))


def _insertion(table: type[Any], columns: tuple[str, ...], source: Select[Any]) -> Any:
    make: Any = postgresql.insert if db.session.get_bind().dialect.name == "postgresql" else sqlite.insert
    return make(table.__table__).from_select(columns, source).on_conflict_do_nothing()


def _count(statement: Any) -> int:
    """Run a statement; the number of rows it touched."""
    counted = statement.execution_options(preserve_rowcount=True)
    return int(db.session.execute(counted).rowcount)  # type: ignore[attr-defined]  # a CursorResult
