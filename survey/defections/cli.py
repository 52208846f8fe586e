"""Command: defections detect."""

from datetime import datetime
from importlib import import_module
from typing import Any

import click

from survey.clock import today

WHY_SKIPPED = {
    "skipped_erased": "were erased",
    "skipped_do_not_contact": "may not be contacted",
    "skipped_opted_out": "asked never to be written to again",
    "skipped_no_address": "have no e-mail address",
    "skipped_suppressed": "have an address that is never written to again",
    "skipped_too_long_ago": "left more than a year before",
}


@click.command()
@click.option("--as-of", type=click.DateTime(["%Y-%m-%d"]), help="The last day to look at; default: today.")
@click.option("--segment", help="Invite only customers of this segment. Detection covers everybody.")
@click.option("--invite/--no-invite", default=True, help="Whether to plan invitations for those who left.")
def detect(as_of: datetime | None, segment: str | None, invite: bool) -> None:
    """Notice who has left and who has come back, and plan whom to ask."""
    task = import_module("survey.jobs.tasks.detect")
    day = as_of.date() if as_of else today()
    try:
        outcome = task.detect(task.Question(day, segment, invite))
    except (task.ImportUnderway, task.planning.NothingToAsk) as error:
        raise click.ClickException(str(error)) from None
    for line in sentences(outcome):
        click.echo(line)


def sentences(outcome: dict[str, Any]) -> list[str]:
    """What a run did, in words."""
    lines = [
        f"As of {outcome['as_of']}: {outcome['new']:,} new defections, {outcome['new_open']:,} of them still gone.",
        f"{outcome['returned']:,} customers who had left came back.",
        f"{outcome['invited']:,} invitations planned.",
    ]
    skipped = {why: outcome[why] for why in WHY_SKIPPED if outcome.get(why)}
    return lines + [f"{number:,} not invited: {WHY_SKIPPED[why]}." for why, number in skipped.items()]
