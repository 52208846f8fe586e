"""Read every answer again with a newer model, and turn the pages to it only when all of them are read."""

from typing import Any

import click

from survey.database import reading
from survey.extensions import db
from survey.jobs.models import Job
from survey.jobs.tasks.classify import mask_all, read_all
from survey.reasons import classifying, versions
from survey.reasons.answers import carry_over, changed_reasons, count_waiting
from survey.reasons.models import ModelVersion


def run(job: Job | None = None, *, dry_run: bool = False) -> dict[str, Any]:
    """Bring the newest model version into service; with `dry_run` only say what would change.

    Until the pointer turns, pages show the old version. A killed run goes on where it stopped.
    """
    new = newest_version()
    old = versions.serving()
    if old is not None and old.id == new.id:
        return {"read": 0, "changed": []}
    mask_all()
    read = read_all(new, job)
    changed = changed_reasons(old, new) if old else []
    if not dry_run:
        read += _turn(old, new)
    return {"read": read, "changed": [list(row) for row in changed if row[1] != row[2]]}


def newest_version() -> ModelVersion:
    """The newest model trained here, or a newer one that came with the software."""
    with reading():
        newest = versions.newest()
        own = newest is not None and newest.origin == "trained"
        db.session.rollback()
    if newest is not None and own:
        return newest
    starter = classifying.starter()  # takes seconds, so before the transaction that stores it
    newest = versions.register(starter, "starter")
    db.session.commit()
    return newest


def _turn(old: ModelVersion | None, new: ModelVersion) -> int:
    """Flip the pointer in a transaction that sees every answer read."""
    read = 0
    while True:
        if old:
            carry_over(old, new)
        if not count_waiting(new):
            versions.serve(new)
            db.session.commit()
            return read
        db.session.commit()
        mask_all()
        read += read_all(new, None)


@click.command("reclassify")
@click.option("--dry-run", is_flag=True, help="Read everything and say what would change; pages stay as they are.")
def command(dry_run: bool) -> None:
    """Read every answer again with the newest model, then show what it says."""
    try:
        outcome = run(dry_run=dry_run)
    except versions.ModelFileError as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"Answers read: {outcome['read']}.{' Nothing is shown yet (dry run).' if dry_run else ''}")
    for code, before, after in outcome["changed"]:
        click.echo(f"  {code}: {before} -> {after}")
