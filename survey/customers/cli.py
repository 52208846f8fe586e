"""Commands: customers import, transactions import, contracts import."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import click
from flask_babel import force_locale
from sqlalchemy import select

from survey.clock import today
from survey.customers.columns import NOT_READ, Kind
from survey.customers.encodings import DECLARED, fingerprint
from survey.customers.importing import Edge, ImportTaken, run_import
from survey.customers.models import Import, ImportProblem
from survey.customers.noting import declare, new_import, unfinished
from survey.customers.previewing import Preview, delimiter_sentence, encoding_sentence, preview
from survey.customers.problems import Problem, sentence
from survey.customers.rows import ImportOptions
from survey.database import committed
from survey.extensions import db
from survey.web import settings

DELIMITERS = {";": ";", ",": ",", "tab": "\t", "|": "|"}
DECIMALS = {"comma": ",", "point": "."}
SHOWN_PROBLEMS = 20


MODE_HELP = "all: nothing is imported when a row is bad. good: the good rows are."
OPTIONS = (
    click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path)),
    click.option("--encoding", type=click.Choice(list(DECLARED)), help="How letters are written."),
    click.option("--delimiter", type=click.Choice(list(DELIMITERS)), help="What separates the cells."),
    click.option("--decimal", type=click.Choice(list(DECIMALS)), help="Decimal sign of amounts."),
    click.option("--dates", type=click.Choice(["iso", "dmy", "mdy"]), help="2026-02-13, 13-02-2026 or 02/13/2026."),
    click.option("--mode", type=click.Choice(["all", "good"]), default="all", show_default=True, help=MODE_HELP),
    click.option("--map", "mapped", multiple=True, metavar="COLUMN=FIELD", help="Nothing after = leaves it out."),
)


def _file_command(command: Callable[..., None]) -> click.Command:
    """The argument and options that all three commands have."""
    for option in reversed(OPTIONS):
        command = option(command)
    return click.command("import")(command)


@_file_command
def import_customers(file: Path, **given: Any) -> None:
    """Import customers from a CSV or XLSX file."""
    _import("customers", file, given)


@_file_command
def import_transactions(file: Path, **given: Any) -> None:
    """Import purchases or visits from a CSV or XLSX file."""
    _import("transactions", file, given)


@_file_command
def import_contracts(file: Path, **given: Any) -> None:
    """Import contracts and their renewals from a CSV or XLSX file."""
    _import("contracts", file, given)


def _import(kind: Kind, file: Path, given: dict[str, Any]) -> None:
    """Say what is understood, import it, say what came of it. Exits with 1 where nothing was imported."""
    with force_locale("en"):
        understood = preview(file, _options(kind, given), today())
        _say_what_is_understood(file, understood)
        import_id = committed(db.session, partial(_note, file.resolve(), understood))
        state = _run(import_id, understood.rows)
        _say_what_came_of_it(import_id)
    if state != "done":
        sys.exit(1)


def _options(kind: Kind, given: dict[str, Any]) -> ImportOptions:
    columns = dict(_mapping(text) for text in given["mapped"])
    return ImportOptions(
        kind=kind,
        encoding=given["encoding"],
        delimiter=DELIMITERS.get(given["delimiter"]),
        decimal=DECIMALS.get(given["decimal"]),  # type: ignore[arg-type]  # click let only these two pass
        dates=given["dates"],
        mode=given["mode"],
        columns=columns,
    )


def _mapping(text: str) -> tuple[str, str]:
    column, sign, name = text.partition("=")
    if not sign:
        raise click.BadParameter("write COLUMN=FIELD", param_hint="--map")
    return column, name.strip() or NOT_READ


def _say_what_is_understood(file: Path, understood: Preview) -> None:
    if understood.refused:
        raise click.ClickException(_line_of(understood.refused))
    layout = understood.layout
    click.echo(f"{file.name}: {understood.rows:,} rows of {understood.kind}.")
    for text in (layout and encoding_sentence(layout), layout and delimiter_sentence(layout)):
        if text:
            click.echo(text)
    if layout and layout.encoding and layout.encoding.reason == "fallback":
        click.echo(f"Letters to check: {', '.join(understood.not_ascii)}")
    click.echo("Columns: " + ", ".join(_column(header, name) for header, name in understood.columns))
    for choice, option, code in (
        (understood.dates, "--dates", "choice_dates"),
        (understood.decimal, "--decimal", "choice_decimal"),
    ):
        if choice.is_open:
            raise click.ClickException(f"{sentence(code)} Use {option}. {' '.join(choice.evidence)}")
        if choice.value:
            click.echo(f"{option} {choice.value} ({choice.origin}). {' '.join(choice.evidence)}")


def _column(header: str, name: str) -> str:
    if header == name:
        return header
    return f"{header} is {name}" if name else f"{header} is not read"


def _note(path: Path, understood: Preview) -> int:
    """The import of this file: the one that was broken off, or a new one."""
    row = unfinished(understood, fingerprint(path))
    if row is None:
        row = new_import(path, path.name, understood)
        declare(row, understood)
    row.path = str(path)
    return row.id


def _run(import_id: int, total: int) -> str:
    with click.progressbar(length=2 * total, label="Importing") as bar:

        def report(step: str, done: int, rows: int) -> None:
            bar.update(done + (total if step == "publishing" else 0) - bar.pos)

        try:
            edge = Edge(partial(committed, db.session), settings().instance, today(), report)
            return run_import(import_id, edge)
        except ImportTaken:
            raise click.ClickException("Another process is importing this file already; it goes on there.") from None


def _say_what_came_of_it(import_id: int) -> None:
    row = db.session.get_one(Import, import_id)
    problems = db.session.scalars(
        select(ImportProblem)
        .where(ImportProblem.import_id == import_id)
        .order_by(ImportProblem.line, ImportProblem.id)
        .limit(SHOWN_PROBLEMS)
    )
    for found in problems:
        click.echo(_line_of(Problem(found.line, found.column, found.value, found.code)), err=True)
    if row.state == "refused" and row.bad_rows:
        bad = f"{row.bad_rows:,} of {row.rows:,} rows are not good"
        raise click.ClickException(f"Nothing was imported: {bad}. Correct them, or use --mode good.")
    if row.state != "done":
        raise click.ClickException("Nothing was imported.")
    unchanged = row.good_rows - row.new_rows - row.changed_rows
    click.echo(
        f"{row.new_rows:,} new, {row.changed_rows:,} changed, {unchanged:,} as they were, {row.bad_rows:,} left out."
    )
    if row.erased_rows:
        click.echo(f"{row.erased_rows:,} more left out: they are about people who were erased.")
    db.session.commit()


def _line_of(problem: Problem) -> str:
    place = ", ".join(part for part in (f"line {problem.line}" if problem.line else "", problem.column) if part)
    value = f" ({problem.value})" if problem.value else ""
    return f"{place}{value}: {problem.sentence}" if place else f"{problem.sentence}{value}"
