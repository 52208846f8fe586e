"""`users add` and `users list`."""

import sys
from dataclasses import replace

import click
from email_validator import EmailNotValidError, validate_email

from survey.accounts import users
from survey.accounts.mails import password_link
from survey.accounts.models import ROLES, User
from survey.extensions import db

SHORTEST_PASSWORD = 12


@click.command()
@click.argument("email")
@click.option("--role", "roles", multiple=True, required=True, type=click.Choice(ROLES), help="May be given twice.")
@click.option("--branch", "branch_names", multiple=True, help="Sees only this branch; may be given twice.")
@click.option("--language", type=click.Choice(["nl", "en"]), help="Of pages and mail; nl when left out.")
@click.option("--name", help="How the person is greeted.")
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input.")
def add(  # noqa: PLR0913  # one parameter an option
    email: str,
    roles: tuple[str, ...],
    branch_names: tuple[str, ...],
    language: str | None,
    name: str | None,
    password_stdin: bool,
) -> None:
    """Add a user, or give an existing one these roles and branches."""
    given = {"name": name, "language": language}
    chosen = {field: value for field, value in given.items() if value is not None}
    account = users.Account(_address(email), roles, _branch_ids(branch_names))
    user = _added_or_changed(account, chosen)
    if password_stdin:
        users.set_password(user, _password())
    link = None if user.password else password_link(user)
    db.session.commit()
    if link:
        click.echo(f"Choose a password within a day at {link}")


@click.command("list")
def list_all() -> None:
    """Every user with roles and branches."""
    names = users.branches()
    people = users.all_users()
    for user in people:
        roles = ", ".join(sorted(role.name for role in user.roles))
        seen = ", ".join(names[branch] for branch in sorted(user.branch_ids)) or "all branches"
        click.echo(f"{user.email}  {roles}  {seen}{'' if user.active else '  may not sign in'}")
    click.echo(f"{len(people)} users")


def _added_or_changed(account: users.Account, chosen: dict[str, str]) -> User:
    user = users.find(account.email)
    try:
        if user is None:
            user = users.add(replace(account, **chosen), None)  # type: ignore[arg-type]  # texts only
            click.echo(f"Added {user.email}: {', '.join(account.roles)}.")
        elif users.change(user, _kept(user, account, chosen), None):
            click.echo(f"Changed {user.email}: {', '.join(account.roles)}.")
        else:
            click.echo(f"{user.email} has these roles already.")
    except users.UserError as error:
        raise click.ClickException(str(error)) from None
    return user


def _kept(user: User, account: users.Account, chosen: dict[str, str]) -> users.Account:
    """The account asked for, with everything that was not asked for as it is."""
    kept = {"name": user.name, "language": user.language, **chosen}
    return replace(
        account, name=kept["name"], language=kept["language"], active=user.active,
        wants_notices=user.wants_notices, wants_pack=user.wants_pack,
    )  # fmt: skip


def _address(email: str) -> str:
    try:
        validate_email(email, check_deliverability=False)
    except EmailNotValidError as error:
        raise click.ClickException(f"{email} is not an e-mail address: {error}") from None
    return email


def _branch_ids(wanted: tuple[str, ...]) -> tuple[int, ...]:
    ids = {name: branch_id for branch_id, name in users.branches().items()}
    unknown = [name for name in wanted if name not in ids]
    if unknown:
        known = ", ".join(ids) or "none yet; import customers first"
        raise click.ClickException(f"There is no branch called {unknown[0]}. Branches: {known}.")
    return tuple(ids[name] for name in wanted)


def _password() -> str:
    password = sys.stdin.readline().rstrip("\r\n")
    if len(password) < SHORTEST_PASSWORD:
        raise click.ClickException(f"The password is shorter than {SHORTEST_PASSWORD} characters.")
    return password
