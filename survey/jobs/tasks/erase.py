"""The command that erases a person everywhere: rows, kept mails and kept import files."""

import click

from survey.extensions import db
from survey.reasons.erasing import Erased
from survey.rights.erasing import UnknownCustomer, customer_called, erase_person, finish_erasures
from survey.rights.requests import OPERATOR


def run(external_id: str) -> Erased:
    """Erase the customer of this id. Raises UnknownCustomer. Files go last: they can be deleted again after a crash."""
    erased = erase_person(customer_called(external_id), OPERATOR)
    db.session.commit()
    finish_erasures()
    db.session.commit()
    return erased


@click.command("erase")
@click.argument("customer_id")
def command(customer_id: str) -> None:
    """Erase a person: name, address, words and identifiers. The reason they gave stays counted."""
    try:
        erased = run(customer_id)
    except UnknownCustomer:
        raise click.ClickException(f"No customer has the id {customer_id}. Ids are those of the import file.") from None
    click.echo(f"Erased. Answers that stay counted, without words or name: {erased.responses}.")
