"""The rows of imports: noted, made ready, put in the queue, found again."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import delete, select

from survey.clock import now
from survey.customers.encodings import fingerprint
from survey.customers.models import Import, ImportProblem
from survey.customers.previewing import Preview
from survey.extensions import db
from survey.jobs.models import Job
from survey.jobs.queue import enqueue

OPEN_STATES = ("waiting", "checking", "publishing")
ENDED_STATES = ("done", "refused", "failed")


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
    row.staged_line = row.published_line = row.good_rows = row.bad_rows = row.erased_rows = 0
    db.session.execute(delete(ImportProblem).where(ImportProblem.import_id == row.id))
    db.session.flush()


def progress_of(row: Import) -> tuple[int, int]:
    """Rows done and rows in all, of the step the import is at."""
    if row.state == "publishing":
        return round(row.rows * row.published_line / max(row.staged_line, 1)), row.rows
    return row.good_rows + row.bad_rows + row.erased_rows, row.rows
