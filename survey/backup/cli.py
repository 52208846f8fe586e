"""`backup` and `restore`."""

from pathlib import Path

import click

from survey.backup.archive import BackupError, key_mark, make_backup, use_backup
from survey.backup.place import SnapshotError
from survey.extensions import db
from survey.web import settings

KEEP_KEY = (
    "The secret key is not in the backup. Keep WHYLEFT_SECRET_KEY and WHYLEFT_OLD_SECRET_KEYS beside it: "
    "without them the links that were mailed no longer open."
)
ERASED = "Whoever was erased after this backup was made is in it again: run `customers erase` for them once more."


@click.command("backup")
@click.argument("file", type=click.Path(path_type=Path))
def backup(file: Path) -> None:
    """Write everything this installation keeps to one FILE, while it goes on working."""
    db.session.rollback()
    try:
        manifest = make_backup(file)
    except (BackupError, SnapshotError) as error:
        raise click.ClickException(str(error)) from None
    content = f"{manifest.rows:,} rows of {len(manifest.tables)} tables and {len(manifest.files)} files"
    click.echo(f"{file}: {content}, {file.stat().st_size / 1e6:.1f} MB.")
    click.echo(KEEP_KEY)


@click.command("restore")
@click.argument("file", type=click.Path(path_type=Path))
def restore(file: Path) -> None:
    """Put everything of a backup FILE into this installation, which must be empty."""
    db.session.remove()
    db.engine.dispose()
    try:
        manifest = use_backup(file)
    except BackupError as error:
        raise click.ClickException(str(error)) from None
    click.echo(
        f"Restored {manifest.rows:,} rows of {len(manifest.tables)} tables, as of {manifest.made_at}; all checked."
    )
    if manifest.key_mark != key_mark(settings().secret_key):
        click.echo("WHYLEFT_SECRET_KEY is not the key of the backup: links that were mailed will not open.", err=True)
    click.echo(ERASED)
    click.echo("Run `flask --app wsgi db upgrade`, then `flask --app wsgi doctor`.")
