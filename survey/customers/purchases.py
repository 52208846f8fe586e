"""Staged purchases become purchases, in the order of their customers.

The index of purchases and the histories have their pages in that order too. In the order of a file each purchase
would touch pages of its own, and each batch would write most of them once more: of a night's file into a large
database, that was most of the time.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, case, func, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import InstrumentedAttribute

from survey.customers import histories
from survey.customers.models import Branch, Customer, Employee, StagedTransaction, Transaction
from survey.extensions import db
from survey.many import among, on_postgresql, plain_rows_of

#: lines of a file that are put in order together; a night's file of most businesses is one lot
LOT = 200_000
COLUMNS = ("customer_id", "occurred_on", "amount", "branch_id", "employee_id", "service", "identity", "ordinal")
_STORED: Any = Transaction.__table__


@dataclass(frozen=True)
class Names:
    """What is to be known before purchases that name it come in: new branches and employees, and who is in another
    team than on record."""

    branches: list[str] = field(default_factory=list)
    employees: list[dict[str, Any]] = field(default_factory=list)
    moved: list[dict[str, Any]] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.branches or self.employees or self.moved)


@dataclass(frozen=True)
class Lot:
    """The purchases of some lines of a file: those after `after` up to and including `until`. staged: the keys of
    their staged rows, in the order in which they are to be published."""

    after: int
    until: int
    staged: list[int]
    names: Names

    def reached(self, published: int) -> int:
        """How far the import is when so many rows of the lot are published, as a line; the last one when it is done."""
        return self.until if published >= len(self.staged) else self.after + published


def lot_with(import_id: int, line: int, last_line: int) -> Lot:
    """The lot that the line after `line` is in. Reads only.

    Lots begin at lines of their own, so an import that was broken off within one begins it anew: of what is there
    already nothing changes.
    """
    after = line // LOT * LOT
    until = min(after + LOT, last_line)
    staged = StagedTransaction
    within = and_(staged.import_id == import_id, staged.line > after, staged.line <= until)
    bought = select(staged.id).join(Customer, Customer.external_id == staged.external_id).where(within)
    in_order = bought.order_by(Customer.id, staged.line)
    return Lot(after, until, [row[0] for row in plain_rows_of(in_order)], _names_in(within))


def add_names(names: Names) -> None:
    """Make the branches and employees that are not known yet, and put employees in the team that the file names."""
    for table, rows in ((Branch, [{"name": name} for name in names.branches]), (Employee, names.employees)):
        if rows:
            db.session.execute(_insert(table.__table__).on_conflict_do_nothing(), rows)
    if names.moved:
        db.session.execute(update(Employee), names.moved)


def publish(import_id: int, staged_keys: Sequence[int], *, one_by_one: bool) -> tuple[int, int]:
    """Publish these staged rows: how many purchases are new, and how many changed. Twice changes nothing. Flushes.

    A purchase is known by its identity and, where identical rows have no ids, by its number among them. A new one goes
    into its customer's history at once where `one_by_one`. Else, and where a purchase changed, the customer is marked,
    so that the history is made anew.
    """
    batch = among(StagedTransaction.id, staged_keys)
    made = _insert(_STORED).from_select(COLUMNS, _source(batch, import_id)).on_conflict_do_nothing()
    new = plain_rows_of(made.returning(*histories.bought_columns()))
    all_new = len(new) == len(staged_keys)
    changed = [] if all_new else db.session.scalars(_changes(batch).returning(_STORED.c.customer_id)).all()
    if one_by_one:
        histories.add(new)
        histories.mark(changed)
    else:
        histories.mark([*changed, *(row[0] for row in new)])
    return len(new), len(changed)


def _names_in(within: ColumnElement[bool]) -> Names:
    staged = StagedTransaction
    latest = select(staged.employee, staged.team, func.max(staged.line)).where(within, staged.team.is_not(None))
    named = latest.group_by(staged.employee, staged.team).order_by(func.max(staged.line))
    # The last line of a file that names an employee's team counts.
    teams = {employee: team for employee, team, _line in db.session.execute(named)}
    standing = db.session.execute(select(Employee.id, Employee.name, Employee.team)).all() if teams else []
    return Names(
        _new_names(Branch, staged.branch, within),
        [{"name": name, "team": teams.get(name, "")} for name in _new_names(Employee, staged.employee, within)],
        [{"id": key, "team": teams[name]} for key, name, team in standing if teams.get(name, team) != team],
    )


def _new_names(
    table: type[Branch] | type[Employee], name: InstrumentedAttribute[str | None], within: ColumnElement[bool]
) -> list[str]:
    query = select(name).where(within, name.is_not(None), name.not_in(select(table.name))).distinct().order_by(name)
    return [str(each) for each in db.session.scalars(query)]


def _source(batch: ColumnElement[bool], import_id: int) -> Select[Any]:
    staged = StagedTransaction
    return (
        select(
            Customer.id,
            staged.occurred_on,
            staged.amount,
            _id_of(Branch, staged.branch),
            _id_of(Employee, staged.employee),
            func.coalesce(staged.service, ""),
            staged.identity,
            _ordinal(import_id),
        )
        .join(Customer, Customer.external_id == staged.external_id)
        .where(batch)
        .order_by(Customer.id, staged.line)
    )


def _ordinal(import_id: int) -> ColumnElement[int]:
    """The how-manieth of its identical rows in the file, from 1; 0 where the file has ids."""
    staged, other = StagedTransaction, StagedTransaction.__table__.alias("other")
    so_far = (
        select(func.count())
        .select_from(other)
        .where(other.c.import_id == import_id, other.c.identity == staged.identity, other.c.line <= staged.line)
        .correlate(staged)
        .scalar_subquery()
    )
    return case((staged.has_id, 0), else_=so_far)


def _changes(batch: ColumnElement[bool]) -> Any:
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
        .where(Customer.external_id == staged.external_id, Transaction.customer_id == Customer.id)
        .where(Transaction.identity == staged.identity, Transaction.ordinal == 0, staged.has_id, batch, differs)
        .values({old: func.coalesce(new, old) for old, new in brought.items()})
        .execution_options(synchronize_session=False)
    )


def _id_of(table: type[Branch] | type[Employee], name: InstrumentedAttribute[str | None]) -> Any:
    """The id of the branch or employee that a staged row names."""
    return select(table.id).where(table.name == name).correlate(name.class_).scalar_subquery()


def _insert(table: Any) -> Any:
    return postgresql.insert(table) if on_postgresql() else sqlite.insert(table)
