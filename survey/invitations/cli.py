"""The command that sends what is due."""

import click

from survey.database import committed
from survey.extensions import db
from survey.invitations.claiming import counts_by_state, held_back
from survey.invitations.sending import send_all


@click.command("send")
def send() -> None:
    """Send the invitations and reminders that are due."""
    outcome = send_all()
    if outcome:
        click.echo(_line("Now", outcome))
    if held := committed(db.session, held_back):
        until, waiting = held
        mails = f"{waiting} {'mail waits' if waiting == 1 else 'mails wait'}" if waiting else "no mail waits"
        click.echo(f"It is quiet until {until:%H:%M}, and {mails} for that.")
    elif not outcome:
        click.echo("Nothing was due.")
    if standing := committed(db.session, counts_by_state):
        click.echo(_line("In all", standing))


def _line(title: str, counts: dict[str, int]) -> str:
    return f"{title}: {', '.join(f'{count} {state}' for state, count in sorted(counts.items()))}."
