"""Read every answer again with another version, and turn the pages to it only when all of them are read.

The job cuts the answers into shards; each is a job of its own (`reclassify:7:shard:12`), so that many workers share the
work. Whoever ends a shard asks for the turn, and the turn happens when nothing is left to read: whichever shard ends
last finds that so, because every other one has committed before it.
"""

from typing import Any

import click

from survey.database import reading
from survey.extensions import db
from survey.jobs.models import Job
from survey.jobs.queue import enqueue
from survey.jobs.tasks.classify import mask_all, read_all
from survey.reasons import classifying, versions
from survey.reasons.answers import carry_over, count_waiting
from survey.reasons.changes import changes
from survey.reasons.models import ModelVersion
from survey.reasons.rereading import next_batch, store_batch
from survey.reasons.shards import Shard, shards

#: answers in one transaction: what was read before is only scored anew
BATCH = 5_000


def run(job: Job) -> dict[str, Any]:
    """Put the shards of a version in the queue: of the one named in the arguments, else the newest that came by itself.

    Arguments: `version`, `publish` (turn the pages to it afterwards), `user_id` and `why` of whoever asked for it.
    """
    version_id = job.arguments.get("version") or _newest_of_the_software()
    if version_id is None:
        return {"shards": 0}
    mask_all()
    asked = {"publish": True, **job.arguments, "version": version_id}
    pieces = list(shards())
    for piece in pieces:
        place = {"number": piece.number, "first": piece.first, "last": piece.last}
        enqueue("reclassify_shard", f"reclassify:{version_id}:shard:{piece.number}:{job.id}", {**asked, **place})
    if not pieces:
        enqueue("publish", f"publish:{version_id}:0:{job.id}", asked)
    return {"version": version_id, "shards": len(pieces)}


def read_shard(version: ModelVersion, shard: Shard, job: Job | None = None) -> int:
    """Read one piece; gives how many answers were read.

    First what can be scored from what is stored, thousands at once; then the few that are left, text by text: answers
    that no encoder or another one has read, and those that failed.
    """
    return _score_again(version, shard, job) + read_all(version, job, shard)


def _score_again(version: ModelVersion, shard: Shard, job: Job | None) -> int:
    with reading():
        classifier, total = versions.classifier_of(version), count_waiting(version, shard.first - 1, shard.last)
        db.session.rollback()
    if job:
        job.done, job.total = 0, total
    db.session.commit()
    done, last = 0, 0
    while True:
        with reading():
            batch = next_batch(version, shard, last, BATCH)
            again = classifier.reread(batch.contents) if batch.contents else None
            db.session.rollback()
        if not batch.response_ids:
            return done
        last = batch.response_ids[-1]
        if again:
            store_batch(version, batch, again)
            done += len(batch.response_ids)
        if job:
            job.done = done
        db.session.commit()


def turn(version: ModelVersion, why: str, user_id: int | None) -> bool:
    """Flip the pointer, in a transaction that sees every answer read; False while some are not. Commits."""
    old = versions.serving()
    if old is not None and old.id == version.id:
        return True
    if old is not None:
        carry_over(old, version)
    if count_waiting(version):
        db.session.commit()
        return False
    versions.serve(version, why, user_id)
    db.session.commit()
    return True


def _newest_of_the_software() -> int | None:
    """The model that came with the software, where it is newer than the one that serves and nobody trained one."""
    with reading():
        old = versions.serving()
        trained = old is not None and old.origin == "trained"
        db.session.rollback()
    if trained:
        return None
    starter = classifying.starter()  # takes seconds, so before the transaction that stores it
    newest = versions.register(starter, versions.Made("starter"))
    db.session.commit()
    return None if old is not None and old.id == newest.id else newest.id


def read_everything(version: ModelVersion) -> int:
    """All shards in this process, until none is left unread; gives how many answers were read."""
    mask_all()
    with reading():
        pieces = list(shards())
        db.session.rollback()
    return sum(read_shard(version, piece) for piece in pieces)


@click.command("reclassify")
@click.option("--dry-run", is_flag=True, help="Read everything and say what would change; pages stay as they are.")
@click.option("--version", "number", type=int, help="Which version; without it the newest.")
def command(dry_run: bool, number: int | None) -> None:
    """Read every answer again with the newest model, then show what it says."""
    try:
        _reclassify(number, dry_run)
    except versions.ModelFileError as error:
        raise click.ClickException(str(error)) from error


def _reclassify(number: int | None, dry_run: bool) -> None:
    new = _chosen(number)
    old = versions.serving()
    read = read_everything(new)
    click.echo(f"Answers read: {read}.{' Nothing is shown yet (dry run).' if dry_run else ''}")
    for change in changes(old, new) if old and old.id != new.id else ():
        click.echo(f"  {change.reason.code}: {change.before} -> {change.after} (+{change.won} -{change.lost})")
    db.session.rollback()
    while not dry_run and not turn(new, "promoted" if new.origin == "trained" else "installed", None):
        read_everything(new)


def _chosen(number: int | None) -> ModelVersion:
    if number is not None:
        version = db.session.get(ModelVersion, number)
        if version is None:
            raise click.ClickException(f"There is no model {number}.")
    else:
        software = _newest_of_the_software()
        version = db.session.get(ModelVersion, software) if software else versions.newest()
    if version is None:
        raise click.ClickException("There is no model yet. Run `answers classify` first.")
    if not version.passed_gate:
        raise click.ClickException(f"Model {version.id} did not pass its gate and cannot serve.")
    return version
