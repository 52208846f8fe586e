"""A file on its way in: checked into staging in batches, then published in batches.

Every batch commits by itself together with the line it reached, so an import that is killed goes on from there
and ends as if it had not been. Each batch moves that line only if nobody else moved it, so two processes that
run the same import cannot both do a batch: the second one raises `ImportTaken` and has changed nothing.
"""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

from sqlalchemy import update

from survey.clock import now
from survey.customers import histories, purchases
from survey.customers.encodings import fingerprint
from survey.customers.models import Import
from survey.customers.problems import FileRefused, Problem
from survey.customers.publishing import REMOVED_AT_ONCE, publish_batch, remove_staged
from survey.customers.reading import open_table
from survey.customers.rows import Checked, ImportOptions, RowChecker
from survey.customers.staging import keep_problems, stage_batch
from survey.database import reading
from survey.extensions import db
from survey.turns import SECONDS_OF_WIDE_WORK, Turns, make_room
from survey.write_gate import let_others_in

#: rows in one transaction, to begin with where they are published
BATCH = 2000


class ImportTaken(Exception):
    """Another process is busy with this import; it goes on there."""


@dataclass(frozen=True)
class Edge:
    """What the job or the command brings: how to commit one piece of work, where uploads stand, which day it
    is, and whom to tell of progress (step, rows done, rows in all).
    """

    commit: Callable[[Callable[[], Any]], Any]
    folder: Path
    today: dt.date
    report: Callable[[str, int, int], None] = lambda step, done, total: None


@dataclass(frozen=True)
class Plan:
    """What a runner must know of its import, copied so that no transaction stays open while it reads the file."""

    id: int
    kind: str
    path: Path
    digest: str
    options: ImportOptions
    state: str
    total: int
    staged_line: int
    published_line: int
    checked: int


def run_import(import_id: int, edge: Edge) -> str:
    """Bring an import to its end from wherever it is; returns its state.

    1. Check every row into staging. 2. Stop as `refused` where the file cannot be read, or where a row is bad
    and the mode is `all`. 3. Publish. 4. Make the histories anew of those whose purchases changed. 5. Empty the
    staging table. Raises ImportTaken.
    """
    plan: Plan = edge.commit(partial(_plan, import_id, edge.folder))
    if plan.state in ("waiting", "checking"):
        try:
            _check(plan, edge)
        except FileRefused as refused:
            edge.commit(partial(_refuse, import_id, refused.problem))
        plan = edge.commit(partial(_plan, import_id, edge.folder))
    if plan.state == "publishing":
        _publish(plan, edge)
        remade = Turns(edge.commit, histories.BATCH)
        while remade.take(histories.refresh_some):
            pass
    if plan.state in ("publishing", "refused"):
        removed = Turns(edge.commit, REMOVED_AT_ONCE)
        while removed.take(partial(remove_staged, plan.kind, import_id)):
            pass
    return str(edge.commit(partial(_end, import_id)))


def _plan(import_id: int, folder: Path) -> Plan:
    make_room()
    row = db.session.get_one(Import, import_id)
    if row.state == "waiting":
        row.state = "checking"
    options = ImportOptions.from_json(row.options)
    return Plan(
        row.id, row.kind, folder / row.path, row.digest, options, row.state, row.rows, row.staged_line,
        row.published_line, row.good_rows + row.bad_rows + row.erased_rows,
    )  # fmt: skip


def _check(plan: Plan, edge: Edge) -> None:
    table = open_table(plan.path, plan.options.declared())
    if fingerprint(plan.path) != plan.digest:
        raise FileRefused("file_changed", value=plan.path.name)
    checker = RowChecker(table, plan.options.kind or "customers", plan.options, edge.today)
    rows = checker.check_all(row for row in table.rows() if row[0] > plan.staged_line)
    reached, checked = plan.staged_line, plan.checked
    for batch in _batches(rows):
        began = time.monotonic()
        edge.commit(partial(_stage, plan, reached, batch, checker.headers))
        let_others_in(db.engine, time.monotonic() - began)
        reached, checked = batch[-1].line, checked + len(batch)
        edge.report("checking", checked, max(plan.total, checked))
    edge.commit(partial(_judge, plan))


def _batches(rows: Iterator[Checked]) -> Iterator[list[Checked]]:
    while batch := list(islice(rows, BATCH)):
        yield batch


def _stage(plan: Plan, reached: int, batch: list[Checked], headers: dict[str, str]) -> None:
    _move(plan, Import.staged_line, reached, batch[-1].line)
    good, bad, erased = stage_batch(plan.kind, plan.id, batch, headers)
    counted = {
        "good_rows": Import.good_rows + good,
        "bad_rows": Import.bad_rows + bad,
        "erased_rows": Import.erased_rows + erased,
    }
    db.session.execute(update(Import).where(Import.id == plan.id).values(counted))


def _move(plan: Plan, line: Any, reached: int, to: int) -> None:
    """Take the next lines, unless someone else did."""
    took = db.session.execute(update(Import).where(Import.id == plan.id, line == reached).values({line: to}))
    if took.rowcount != 1:  # type: ignore[attr-defined]  # a CursorResult
        raise ImportTaken


def _judge(plan: Plan) -> None:
    """All rows are checked: publish, or refuse the file for its bad rows."""
    row = db.session.get_one(Import, plan.id, populate_existing=True)
    row.rows = row.good_rows + row.bad_rows + row.erased_rows
    if row.rows == 0:
        raise FileRefused("header_only", line=1)
    row.state = "refused" if row.bad_rows and plan.options.mode == "all" else "publishing"


def _refuse(import_id: int, problem: Problem) -> None:
    row = db.session.get_one(Import, import_id, populate_existing=True)
    row.state = "refused"
    row.error = problem.code
    keep_problems(import_id, [problem])


def _publish(plan: Plan, edge: Edge) -> None:
    steps = _publish_purchases if plan.kind == "transactions" else _publish_lines
    for reached in steps(plan, edge):
        edge.report("publishing", min(reached, plan.total), plan.total)


def _publish_lines(plan: Plan, edge: Edge) -> Iterator[int]:
    """Publish in the order of the file; gives the line that was reached, batch by batch."""
    reached, turns = plan.published_line, Turns(edge.commit, BATCH)
    while to := turns.take(partial(_publish_next, plan, reached)):
        reached = to
        yield reached


def _publish_next(plan: Plan, reached: int, size: int) -> int | None:
    """Publish the next `size` rows; the line reached, or None when there is nothing left."""
    batch = publish_batch(plan.kind, plan.id, reached, size)
    if batch is None:
        return None
    _move(plan, Import.published_line, reached, batch.line)
    _count(plan, batch.new, batch.changed)
    return batch.line


def _publish_purchases(plan: Plan, edge: Edge) -> Iterator[int]:
    """Publish lot by lot, each in the order of customers; gives how far that is, as a line, batch by batch."""
    reached, turns = plan.published_line, Turns(edge.commit, 2 * BATCH, SECONDS_OF_WIDE_WORK)
    while reached < plan.staged_line:
        with reading():
            lot = purchases.lot_with(plan.id, reached, plan.staged_line)
            db.session.rollback()
        if lot.names:
            edge.commit(partial(purchases.add_names, lot.names))
        published = 0
        while reached != lot.until:
            some = partial(_publish_some, plan, lot, (reached, published))
            reached, published = turns.take(some, len(lot.staged) - published)
            yield reached


def _publish_some(plan: Plan, lot: purchases.Lot, at: tuple[int, int], size: int) -> tuple[int, int]:
    """Publish `size` more rows of a lot; how far the import is, and how many rows of the lot are published."""
    reached, published = at
    some = lot.staged[published : published + size]
    _move(plan, Import.published_line, reached, to := lot.reached(published + len(some)))
    # In a file of several lots most customers are met several times: making their histories once is less work.
    new, changed = purchases.publish(plan.id, some, one_by_one=plan.staged_line <= purchases.LOT)
    _count(plan, new, changed)
    return to, published + len(some)


def _count(plan: Plan, new: int, changed: int) -> None:
    counted = {"new_rows": Import.new_rows + new, "changed_rows": Import.changed_rows + changed}
    db.session.execute(update(Import).where(Import.id == plan.id).values(counted))


def _end(import_id: int) -> str:
    row = db.session.get_one(Import, import_id, populate_existing=True)
    if row.state == "publishing":
        row.state = "done"
    row.ended_at = row.ended_at or now()
    return row.state
