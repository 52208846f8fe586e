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
from typing import Any, TypeVar

from sqlalchemy import delete, select, update

from survey.clock import now
from survey.customers.encodings import fingerprint
from survey.customers.models import Import, ImportProblem
from survey.customers.previewing import Preview
from survey.customers.problems import FileRefused, Problem
from survey.customers.publishing import publish_batch, remove_staged
from survey.customers.reading import open_table
from survey.customers.rows import Checked, ImportOptions, RowChecker
from survey.customers.staging import keep_problems, stage_batch
from survey.extensions import db
from survey.jobs.models import Job
from survey.jobs.queue import enqueue

T = TypeVar("T")
BATCH = 2000
LONGEST_PAUSE = 0.2
OPEN_STATES = ("waiting", "checking", "publishing")
ENDED_STATES = ("done", "refused", "failed")


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


def new_import(path: Path, file_name: str, understood: Preview, user_id: int | None = None) -> Import:
    """Note a file that was understood. Flushes; nothing of the file's rows is stored."""
    row = Import(
        kind=understood.kind or "customers",
        file_name="".join(char if char.isprintable() else "_" for char in file_name)[-300:],
        path=str(path),
        digest=fingerprint(path),
        options=understood.options.as_json(),
        state="uploaded",
        rows=understood.rows,
        user_id=user_id,
        created_at=now(),
    )
    db.session.add(row)
    db.session.flush()
    return row


def declare(row: Import, understood: Preview) -> None:
    """Fix how the file is read and make the import ready to run. ValueError where something is still open."""
    if not understood.is_ready or understood.kind is None:
        raise ValueError("the file is not understood yet")
    row.kind = understood.kind
    row.options = understood.complete_options.as_json()
    row.rows = understood.rows
    row.state = "waiting"
    db.session.flush()


def ask_for_run(row: Import) -> Job:
    """Put the import in the queue, once."""
    return enqueue("import_file", _job_key(row), {"import_id": row.id})


def job_of(row: Import) -> Job | None:
    """The job that brings this import in; None where a command does."""
    return db.session.scalar(select(Job).where(Job.key == _job_key(row)))


def _job_key(row: Import) -> str:
    # a file refused for its bad rows may be run once more for the good ones: that is another job
    return f"import:{row.id}:good" if row.options.get("mode") == "good" else f"import:{row.id}"


def unfinished(understood: Preview, digest: str) -> Import | None:
    """An import of the same file, read in the same way, that was broken off."""
    options = understood.complete_options.as_json()
    rows = db.session.scalars(
        select(Import).where(Import.digest == digest, Import.state.in_(OPEN_STATES)).order_by(Import.id.desc())
    )
    return next((row for row in rows if row.options == options and row.kind == understood.kind), None)


def earlier_import(row: Import) -> Import | None:
    """The last import of exactly the same file that was done before this one."""
    return db.session.scalar(
        select(Import)
        .where(Import.digest == row.digest, Import.kind == row.kind, Import.state == "done", Import.id < row.id)
        .order_by(Import.id.desc())
        .limit(1)
    )


def again_with_good_rows(row: Import) -> None:
    """Make an import that was refused for some bad rows ready to run once more, for the good ones. Flushes.

    ValueError where that is not why it was refused, or where no row is good.
    """
    if row.state != "refused" or row.error or not row.good_rows:
        raise ValueError("this import was not refused for its bad rows")
    row.options = {**row.options, "mode": "good"}
    row.state, row.ended_at = "waiting", None
    row.staged_line = row.published_line = row.good_rows = row.bad_rows = 0
    db.session.execute(delete(ImportProblem).where(ImportProblem.import_id == row.id))
    db.session.flush()


def progress_of(row: Import) -> tuple[int, int]:
    """Rows done and rows in all, of the step the import is at."""
    if row.state == "publishing":
        return round(row.rows * row.published_line / max(row.staged_line, 1)), row.rows
    return row.good_rows + row.bad_rows, row.rows


def run_import(import_id: int, edge: Edge) -> str:
    """Bring an import to its end from wherever it is; returns its state.

    1. Check every row into staging. 2. Stop as `refused` where the file cannot be read, or where a row is bad
    and the mode is `all`. 3. Publish. 4. Empty the staging table. Raises ImportTaken.
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
    if plan.state in ("publishing", "refused"):
        while _in_turn(edge, partial(remove_staged, plan.kind, import_id)):
            pass
    return str(edge.commit(partial(_end, import_id)))


def _in_turn(edge: Edge, work: Callable[[], Any]) -> Any:
    """Commit one batch, then leave the write gate of SQLite to others for half as long: it keeps no queue."""
    began = time.monotonic()
    result = edge.commit(work)
    if db.engine.dialect.name == "sqlite":
        time.sleep(min((time.monotonic() - began) / 2, LONGEST_PAUSE))
    return result


def _plan(import_id: int, folder: Path) -> Plan:
    row = db.session.get_one(Import, import_id)
    if row.state == "waiting":
        row.state = "checking"
    options = ImportOptions.from_json(row.options)
    return Plan(
        row.id, row.kind, folder / row.path, row.digest, options, row.state, row.rows, row.staged_line,
        row.published_line, row.good_rows + row.bad_rows,
    )  # fmt: skip


def _check(plan: Plan, edge: Edge) -> None:
    table = open_table(plan.path, plan.options.declared())
    if fingerprint(plan.path) != plan.digest:
        raise FileRefused("file_changed", value=plan.path.name)
    checker = RowChecker(table, plan.options.kind or "customers", plan.options, edge.today)
    rows = checker.check_all(row for row in table.rows() if row[0] > plan.staged_line)
    reached, checked = plan.staged_line, plan.checked
    for batch in _batches(rows):
        _in_turn(edge, partial(_stage, plan, reached, batch, checker.headers))
        reached, checked = batch[-1].line, checked + len(batch)
        edge.report("checking", checked, max(plan.total, checked))
    edge.commit(partial(_judge, plan))


def _batches(rows: Iterator[Checked]) -> Iterator[list[Checked]]:
    while batch := list(islice(rows, BATCH)):
        yield batch


def _stage(plan: Plan, reached: int, batch: list[Checked], headers: dict[str, str]) -> None:
    _move(plan, Import.staged_line, reached, batch[-1].line)
    good, bad = stage_batch(plan.kind, plan.id, batch, headers)
    db.session.execute(
        update(Import)
        .where(Import.id == plan.id)
        .values(good_rows=Import.good_rows + good, bad_rows=Import.bad_rows + bad)
    )


def _move(plan: Plan, line: Any, reached: int, to: int) -> None:
    """Take the next lines, unless someone else did."""
    took = db.session.execute(update(Import).where(Import.id == plan.id, line == reached).values({line: to}))
    if took.rowcount != 1:  # type: ignore[attr-defined]  # a CursorResult
        raise ImportTaken


def _judge(plan: Plan) -> None:
    """All rows are checked: publish, or refuse the file for its bad rows."""
    row = db.session.get_one(Import, plan.id, populate_existing=True)
    if row.good_rows + row.bad_rows == 0:
        raise FileRefused("header_only", line=1)
    row.rows = row.good_rows + row.bad_rows
    row.state = "refused" if row.bad_rows and plan.options.mode == "all" else "publishing"


def _refuse(import_id: int, problem: Problem) -> None:
    row = db.session.get_one(Import, import_id, populate_existing=True)
    row.state = "refused"
    row.error = problem.code
    keep_problems(import_id, [problem])


def _publish(plan: Plan, edge: Edge) -> None:
    reached = plan.published_line
    while to := _in_turn(edge, partial(_publish_one, plan, reached)):
        reached = to
        edge.report("publishing", min(reached, plan.total), plan.total)


def _publish_one(plan: Plan, reached: int) -> int | None:
    """Publish the next lines; the line reached, or None when there is nothing left."""
    batch = publish_batch(plan.kind, plan.id, reached, BATCH)
    if batch is None:
        return None
    _move(plan, Import.published_line, reached, batch.line)
    db.session.execute(
        update(Import)
        .where(Import.id == plan.id)
        .values(new_rows=Import.new_rows + batch.new, changed_rows=Import.changed_rows + batch.changed)
    )
    return batch.line


def _end(import_id: int) -> str:
    row = db.session.get_one(Import, import_id, populate_existing=True)
    if row.state == "publishing":
        row.state = "done"
    row.ended_at = row.ended_at or now()
    return row.state
