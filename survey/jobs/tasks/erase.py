"""The command that erases a person everywhere: rows, kept mails and kept import files."""

import click

from survey.accounts import audit
from survey.customers.uploads import delete_finished_uploads
from survey.database import empty_log
from survey.extensions import db
from survey.mail import forget_copies
from survey.reasons.erasing import Erased, UnknownCustomer, erase
from survey.web import settings
from survey.winback.erasing import erase_from_cases


def run(external_id: str) -> Erased:
    """Erase the customer of this id. Raises UnknownCustomer. Files go last: they can be deleted again after a crash."""
    erased = erase(external_id)
    erase_from_cases(erased.customer_id)
    audit.record("customer erased", None, about=("customer", erased.customer_id))
    db.session.commit()
    empty_log(db.engine)
    forget_copies(erased.message_ids)
    delete_finished_uploads(settings().instance)
    return erased


@click.command("erase")
@click.argument("customer_id")
def command(customer_id: str) -> None:
    """Erase a person: name, address, words and identifiers. The reason they gave stays counted."""
    try:
        erased = run(customer_id)
    except UnknownCustomer:
        raise click.ClickException(f"No customer has the id {customer_id}. Ids are those of the import file.") from None
    click.echo(f"Erased. {erased.responses} answers stay counted without words or name.")
