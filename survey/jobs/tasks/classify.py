"""Read the answers that came in since the last time with the serving model."""

from typing import Any

import click

from survey.clock import today
from survey.database import reading
from survey.extensions import db
from survey.jobs.models import Job
from survey.jobs.queue import enqueue
from survey.reasons import classifying, versions
from survey.reasons.answers import BATCH, count_waiting, store, waiting
from survey.reasons.masking import mask_batch, mask_further_batch, mask_walk_in_batch, mask_whys_batch
from survey.reasons.models import ModelVersion
from survey.reasons.shards import Shard


def run(job: Job | None = None) -> dict[str, Any]:
    """Mask, read and classify. The first time, the model that comes with the software becomes the serving one."""
    with reading():
        version = versions.serving()
        db.session.rollback()
    version = version or _first_version()
    mask_all()
    read = read_all(version, job)
    if read:
        ask_for_shares()
    return {"read": read}


def ask_for_shares() -> None:
    """What the answers say of the reasons is worked out anew, once a day."""
    enqueue("shares", f"shares:{today():%Y-%m-%d}")
    db.session.commit()


def _first_version() -> ModelVersion:
    starter = classifying.starter()  # takes seconds, so before the transaction that stores it
    version = versions.register(starter, versions.Made("starter"))
    versions.serve(version)
    db.session.commit()
    return version


def mask_all() -> None:
    """Mask the words of every answer that is not masked yet, batch by batch."""
    for mask_next in (mask_batch, mask_further_batch, mask_whys_batch, mask_walk_in_batch):
        last: int | None = 0
        while last is not None:
            last = mask_next(last)
            db.session.commit()


def read_all(version: ModelVersion, job: Job | None = None, shard: Shard | None = None, batch: int = BATCH) -> int:
    """Read every answer (of the shard) that this version has not read, batch by batch; gives how many.

    A killed run goes on from there. `batch` may be larger where the answers were read before and only score anew.
    """
    with reading():
        classifier = versions.classifier_of(version)
        db.session.rollback()
    done, last, until = 0, shard.first - 1 if shard else 0, shard.last if shard else None
    if job:
        job.done, job.total = 0, count_waiting(version, last, until)
    db.session.commit()
    while True:
        with reading():
            answers = waiting(version, last, until, batch)
            reads = classifier.classify(answers)
            db.session.rollback()
        if not answers:
            return done
        store(version, classifier, reads)
        done, last = done + len(reads), answers[-1].response_id
        if job:
            job.done = done
        db.session.commit()


@click.command("classify")
def command() -> None:
    """Read the answers that came in since the last time."""
    try:
        click.echo(f"Answers read: {run()['read']}.")
    except versions.ModelFileError as error:
        raise click.ClickException(str(error)) from error
