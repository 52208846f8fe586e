"""The command that sends what is due."""

import click

from survey.database import committed
from survey.extensions import db
from survey.invitations.claiming import counts_by_state
from survey.invitations.sending import send_all


@click.command("send")
def send() -> None:
    """Send the invitations and reminders that are due."""
    outcome = send_all()
    click.echo(_line("Now", outcome) if outcome else "Nothing was due.")
    if standing := committed(db.session, counts_by_state):
        click.echo(_line("In all", standing))


def _line(title: str, counts: dict[str, int]) -> str:
    return f"{title}: {', '.join(f'{count} {state}' for state, count in sorted(counts.items()))}."
