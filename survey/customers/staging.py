"""Checked rows of an import go into the staging tables; what only the database can know is checked here."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import insert, select

from survey.customers.erased import erased_among
from survey.customers.models import Customer, ImportProblem, StagedContract, StagedCustomer, StagedTransaction
from survey.customers.problems import Problem, shown
from survey.customers.rows import Checked
from survey.database import Base
from survey.extensions import db


def stage_batch(kind: str, import_id: int, batch: Sequence[Checked], headers: dict[str, str]) -> tuple[int, int, int]:
    """Store good rows and problems of a batch; returns how many rows were good, how many bad, and how many were about
    people who were erased: of those nothing is stored.

    `headers` names the file's column of each field, for the problems found here. Flushes.
    """
    batch, erased = _without_erased(batch)
    stage = {"customers": stage_customers, "transactions": stage_transactions, "contracts": stage_contracts}[kind]
    problems = [problem for row in batch for problem in row.problems]
    refused = stage(import_id, [row for row in batch if row.record is not None], headers)
    keep_problems(import_id, [*problems, *refused])
    bad = len({problem.line for problem in (*problems, *refused) if not problem.is_warning})
    return len(batch) - bad, bad, erased


def _without_erased(batch: Sequence[Checked]) -> tuple[Sequence[Checked], int]:
    gone = erased_among({row.customer_id for row in batch})
    kept = [row for row in batch if row.customer_id not in gone] if gone else batch
    return kept, len(batch) - len(kept)


def keep_problems(import_id: int, problems: Iterable[Problem]) -> None:
    """Store problems for the result page."""
    rows = [
        {
            "import_id": import_id,
            "line": problem.line,
            "column": problem.column[:200],
            "value": problem.value,
            "code": problem.code,
        }
        for problem in problems
    ]
    _insert(ImportProblem, rows)


def stage_customers(import_id: int, batch: Sequence[Checked], headers: dict[str, str]) -> list[Problem]:
    """Stage customers; returns the problems of rows that name a customer the file named before."""
    numbers = [_record(row)["customer_id"] for row in batch]
    seen = set(
        db.session.scalars(
            select(StagedCustomer.external_id).where(
                StagedCustomer.import_id == import_id, StagedCustomer.external_id.in_(numbers)
            )
        )
    )
    rows, problems = [], []
    for row, number in zip(batch, numbers, strict=True):
        if number in seen:
            problems.append(Problem(row.line, headers["customer_id"], shown(number), "duplicate_customer"))
            continue
        seen.add(number)
        fields = {name: value for name, value in _record(row).items() if name != "customer_id"}
        rows.append({"import_id": import_id, "line": row.line, "external_id": number, **fields})
    _insert(StagedCustomer, rows)
    return problems


def stage_transactions(import_id: int, batch: Sequence[Checked], headers: dict[str, str]) -> list[Problem]:
    """Stage purchases; returns the problems of unknown customers and of ids used twice for different things."""
    known = _known_customers({_record(row)["customer_id"] for row in batch})
    rows, problems = [], []
    contents = _staged_contents(import_id, batch)
    for row in batch:
        record = _record(row)
        if record["customer_id"] not in known:
            value = shown(record["customer_id"])
            problems.append(Problem(row.line, headers["customer_id"], value, "customer_unknown"))
            continue
        staged = _staged_transaction(import_id, row)
        if staged["has_id"]:
            before = contents.setdefault(staged["identity"], _content(record))
            if before != _content(record):
                value = shown(record["transaction_id"])
                problems.append(Problem(row.line, headers["transaction_id"], value, "duplicate_transaction"))
                continue
        rows.append(staged)
    _insert(StagedTransaction, rows)
    return problems


def stage_contracts(import_id: int, batch: Sequence[Checked], headers: dict[str, str]) -> list[Problem]:
    """Stage contracts; returns the problems of unknown customers and of contracts that the file named before."""
    keys = [(_record(row)["customer_id"], _record(row)["contract_from"]) for row in batch]
    known = _known_customers({number for number, _first in keys})
    seen = _staged_keys(import_id, {number for number, _first in keys})
    rows, problems = [], []
    for row, key in zip(batch, keys, strict=True):
        if key[0] not in known or key in seen:
            code = "duplicate_contract" if key in seen else "customer_unknown"
            problems.append(Problem(row.line, headers["customer_id"], shown(key[0]), code))
            continue
        seen.add(key)
        fields = {name: value for name, value in _record(row).items() if name != "customer_id"}
        rows.append({"import_id": import_id, "line": row.line, "external_id": key[0], **fields})
    _insert(StagedContract, rows)
    return problems


def _staged_keys(import_id: int, numbers: set[str]) -> set[tuple[str, Any]]:
    """What the file said before of contracts of these customers."""
    table = StagedContract
    query = select(table.external_id, table.contract_from)
    found = db.session.execute(query.where(table.import_id == import_id, table.external_id.in_(numbers)))
    return {(number, first) for number, first in found}


def identity_of(record: dict[str, Any]) -> bytes:
    """What makes a purchase itself: customer and transaction_id, or the whole row where there is no id."""
    key = ("id", record["transaction_id"]) if record["transaction_id"] else ("row", *map(str, _content(record)))
    return hashlib.blake2b("\x1f".join((record["customer_id"], *key)).encode(), digest_size=16).digest()


def _record(row: Checked) -> dict[str, Any]:
    return row.record or {}


def _content(record: dict[str, Any]) -> tuple[Any, ...]:
    return tuple(record[name] for name in ("occurred_on", "amount", "branch", "employee", "service"))


def _staged_transaction(import_id: int, row: Checked) -> dict[str, Any]:
    record = _record(row)
    fields = {name: record[name] for name in ("occurred_on", "amount", "branch", "employee", "team", "service")}
    return {
        "import_id": import_id,
        "line": row.line,
        "external_id": record["customer_id"],
        "identity": identity_of(record),
        "has_id": record["transaction_id"] is not None,
        **fields,
    }


def _known_customers(numbers: set[str]) -> set[str]:
    return set(db.session.scalars(select(Customer.external_id).where(Customer.external_id.in_(numbers))))


def _staged_contents(import_id: int, batch: Sequence[Checked]) -> dict[bytes, tuple[Any, ...]]:
    """What the file said before of the transaction ids of this batch."""
    identities = [identity_of(_record(row)) for row in batch if _record(row)["transaction_id"]]
    if not identities:
        return {}
    table = StagedTransaction
    rows = db.session.execute(
        select(table.identity, table.occurred_on, table.amount, table.branch, table.employee, table.service).where(
            table.import_id == import_id, table.has_id, table.identity.in_(identities)
        )
    )
    return {row[0]: tuple(row[1:]) for row in rows}


def _insert(table: type[Base], rows: list[dict[str, Any]]) -> None:
    # the table, not the class: the bulk insert of classes asks for every key back
    if rows:
        db.session.execute(insert(table.__table__), rows)  # type: ignore[arg-type]  # a Table, as every class here has
