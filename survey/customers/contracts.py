"""The terms of contracts, kept as files tell of them: a few queries for a batch of rows."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, delete, insert, or_, select, update
from sqlalchemy.orm import InstrumentedAttribute

from survey.customers.models import Contract, Customer, StagedContract, StagedCustomer
from survey.customers.terms import Term, Told, after
from survey.extensions import db

_TABLE: Any = Contract.__table__
#: removed at once, so that a statement does not grow beyond what an engine takes
_AT_ONCE = 500


def tell_customers(batch: ColumnElement[bool], on: date) -> None:
    """What a batch of staged customers says of contracts. They must be published: a cell left empty is what the
    customer's row says. Flushes; twice changes nothing."""
    staged = StagedCustomer
    says = (staged.contract_from, staged.contract_until, staged.cancelled_on, staged.yearly_value)
    days = (Customer.contract_from, Customer.contract_until, Customer.cancelled_on)
    query = (
        select(Customer.id, *days, Customer.yearly_value)
        .join(staged, staged.external_id == Customer.external_id)
        .where(batch, Customer.erased_at.is_(None), _any_given(says), _any_given(days))
        .order_by(staged.line)
    )
    keep([Told(*row, is_only=True) for row in db.session.execute(query)], on)


def tell_contracts(batch: ColumnElement[bool], on: date) -> tuple[int, int]:
    """What a batch of staged contracts says; how many rows brought a term, and how many only changed one. Flushes;
    twice changes nothing."""
    staged = StagedContract
    columns = (staged.contract_from, staged.contract_until, staged.cancelled_on, staged.yearly_value)
    query = select(Customer.id, *columns).join(staged, staged.external_id == Customer.external_id)
    rows = db.session.execute(query.where(batch, Customer.erased_at.is_(None)).order_by(staged.line))
    return keep([Told(*row, is_only=False) for row in rows], on)


def keep(told: Sequence[Told], on: date) -> tuple[int, int]:
    """Store what rows of a file of the day `on` say, in their order: how many brought a term, how many changed one."""
    before = _terms({each.customer_id for each in told})
    now = {customer: list(terms) for customer, terms in before.items()}
    new = changed = 0
    for each in told:
        standing = now.get(each.customer_id, [])
        found = after(standing, each, on)
        brought = len(found) > len(standing)
        new, changed = new + brought, changed + (not brought and found != standing)
        now[each.customer_id] = found
    _store(before, now)
    return new, changed


def _terms(customer_ids: set[int]) -> dict[int, list[Term]]:
    """The terms of each of these customers, in order."""
    columns = (
        Contract.customer_id, Contract.id, Contract.contract_from, Contract.starts_on, Contract.ends_on,
        Contract.cancelled_on, Contract.yearly_value, Contract.known_on,
    )  # fmt: skip
    found: dict[int, list[Term]] = defaultdict(list)
    query = select(*columns).order_by(Contract.customer_id, Contract.contract_from, Contract.starts_on)
    for keys in _some(sorted(customer_ids)):
        for row in db.session.execute(query.where(Contract.customer_id.in_(keys))):
            found[row[0]].append(Term(*row[1:]))
    return found


def _store(before: dict[int, list[Term]], now: dict[int, list[Term]]) -> None:
    old = {term.key: term for terms in before.values() for term in terms}
    kept = {term.key for terms in now.values() for term in terms}
    for keys in _some([key for key in old if key not in kept]):
        db.session.execute(delete(Contract).where(Contract.id.in_(keys)))
    changed = [term for terms in now.values() for term in terms if term.key is not None and term != old[term.key]]
    if changed:
        db.session.execute(update(Contract), [_row(term) | {"id": term.key} for term in changed])
    new = [_row(term) | {"customer_id": who} for who, terms in now.items() for term in terms if term.key is None]
    if new:
        db.session.execute(insert(_TABLE), new)


def _any_given(columns: Iterable[InstrumentedAttribute[Any]]) -> ColumnElement[bool]:
    return or_(*(each.is_not(None) for each in columns))


def _row(term: Term) -> dict[str, Any]:
    return {name: value for name, value in asdict(term).items() if name != "key"}


def _some(keys: Sequence[Any]) -> Iterable[Sequence[Any]]:
    return (keys[at : at + _AT_ONCE] for at in range(0, len(keys), _AT_ONCE))
