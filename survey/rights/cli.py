"""The command that exports everything held of a person."""

from pathlib import Path

import click
from flask_babel import force_locale

from survey.accounts import audit
from survey.customers.models import Customer
from survey.extensions import db
from survey.rights.erasing import UnknownCustomer, customer_called
from survey.rights.export import export_of, file_name
from survey.rights.person import held
from survey.rights.requests import EXPORT, OPERATOR, asked_and_done


@click.command("export")
@click.argument("customer_id")
@click.option("--to", "folder", type=click.Path(exists=True, file_okay=False, path_type=Path), default=".")
def export(customer_id: str, folder: Path) -> None:
    """Write all that is held of a person into a ZIP, to be given to that person."""
    try:
        key = customer_called(customer_id)
    except UnknownCustomer:
        raise click.ClickException(f"No customer has the id {customer_id}. Ids are those of the import file.") from None
    with force_locale(db.session.get_one(Customer, key).language):
        theirs = held(key)
        file = export_of(theirs) if theirs else b""
    if theirs is None:
        raise click.ClickException(f"The customer {customer_id} has just been erased.")
    path = folder / file_name(theirs)
    path.touch(mode=0o600)  # for whoever runs the command alone
    path.write_bytes(file)
    asked_and_done(key, EXPORT, OPERATOR)
    audit.record("customer exported", None, about=("customer", key))
    db.session.commit()
    click.echo(f"Written to {path}. It holds everything about this person: hand it over safely, then delete it.")
