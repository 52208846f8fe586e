"""Investments from a spreadsheet: every bad cell is named, and all rows come in or none."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import select

from survey.accounts.models import User
from survey.customers.groups import branches_for
from survey.customers.parsing import Cell, cell_text, parse_amount, parse_date, parse_text
from survey.customers.problems import CellError, FileRefused, sentence, shown
from survey.customers.reading import open_table
from survey.extensions import db
from survey.investments.models import Investment
from survey.investments.register import CannotStand, Entry, add, change, check, visible_to
from survey.taxonomy.queries import active_reasons

MOST_ROWS = 500
#: what each column may be called, its own name first
COLUMNS: dict[str, tuple[str, ...]] = {
    "name": ("name", "naam"),
    "purpose": ("purpose", "doel"),
    "owner": ("owner", "eigenaar"),
    "amount": ("amount", "bedrag"),
    "yearly_cost": ("yearly_cost", "kosten_per_jaar"),
    "reasons": ("reasons", "redenen"),
    "branches": ("branches", "vestigingen"),
    "starts_on": ("starts_on", "begint_op"),
    "wash_in_days": ("wash_in_days", "inwerkdagen"),
    "ends_on": ("ends_on", "eindigt_op"),
    "effect_low": ("effect_low", "effect_van"),
    "effect_high": ("effect_high", "effect_tot"),
    "picked_from": ("picked_from", "gekozen_op_van"),
    "picked_until": ("picked_until", "gekozen_op_tot"),
}
REQUIRED = ("name", "reasons", "starts_on", "effect_low", "effect_high")


@dataclass(frozen=True)
class Bad:
    """A cell that cannot be taken; `line` as an editor shows it, 0 for the file."""

    line: int
    column: str
    value: str
    sentence: str


@dataclass
class Preview:
    """What an import would do. `cells`: the rows as text by column, to be sent back when it is wanted."""

    cells: list[dict[str, str]] = field(default_factory=list)
    entries: list[tuple[Entry, str]] = field(default_factory=list)
    problems: list[Bad] = field(default_factory=list)


def read_cells(path: Path) -> Preview:
    """The rows of a file as text by our own column names; what is wrong with the file as a problem."""
    try:
        table = open_table(path)
        places = _places(table.header)
        missing = [COLUMNS[name][0] for name in REQUIRED if name not in places]
        if missing:
            words = _(
                "The file has no column “%(columns)s”. Name the columns as in the export.", columns=", ".join(missing)
            )
            return Preview(problems=[Bad(1, missing[0], "", words)])
        rows = [(line, cells) for line, cells in itertools.islice(table.rows(), MOST_ROWS + 1)]
    except FileRefused as refused:
        problem = refused.problem
        return Preview(problems=[Bad(problem.line, problem.column, problem.value, problem.sentence)])
    if len(rows) > MOST_ROWS:
        words = _("The file has more than %(most)s rows. Split it.", most=MOST_ROWS)
        return Preview(problems=[Bad(MOST_ROWS + 2, "", "", words)])
    if not rows:
        return Preview(problems=[Bad(1, "", "", _("The file has a header and no rows."))])
    cells = [{"line": str(line), **{name: _text(row, place) for name, place in places.items()}} for line, row in rows]
    return Preview(cells=cells)


def _places(header: Sequence[str]) -> dict[str, int]:
    known = {called: name for name, all_names in COLUMNS.items() for called in all_names}
    keys = [title.strip().casefold().replace(" ", "_") for title in header]
    return {known[key]: place for place, key in enumerate(keys) if key in known}


def _text(row: Sequence[Cell], place: int) -> str:
    cell = row[place] if place < len(row) else None
    if isinstance(cell, date):
        return cell.isoformat()[:10]
    try:
        return cell_text(cell)
    except CellError:
        return "#"


def preview(cells: Sequence[Mapping[str, str]], user: User) -> Preview:
    """Read the rows as entries of the register, and find all that is wrong with them."""
    found, known, names = Preview(cells=[dict(row) for row in cells]), _Known.of(user), set[str]()
    for row in cells:
        line = int(row["line"]) if row.get("line", "").isdigit() else 0
        entry, problems = _entry(row, line, known)
        found.problems += problems
        if entry is None:
            continue
        if entry.name in names:
            found.problems.append(Bad(line, "name", entry.name, _("This name stands in the file twice.")))
        names.add(entry.name)
        found.problems += _standing_problems(entry, line, known)
        found.entries.append((entry, "changed" if entry.name in known.standing else "new"))
    return found


def take(found: Preview, user: User) -> tuple[int, int]:
    """Put all of it into the register; how many are new and how many changed. Raises CannotStand. Flushes."""
    known, new, changed = _Known.of(user), 0, 0
    for entry, _kind in found.entries:
        own = known.standing.get(entry.name)
        if own is None:
            add(entry, user.id)
            new += 1
        else:
            changed += change(own, entry, user.id)
    return new, changed


@dataclass(frozen=True)
class _Known:
    """What a row may name: reasons by code and label, branches by name, investments that stand."""

    user: User
    reasons: dict[str, int]
    branches: dict[str, int]
    standing: dict[str, Investment]

    @classmethod
    def of(cls, user: User) -> _Known:
        reasons: dict[str, int] = {}
        for reason in active_reasons():
            reasons |= {word.casefold(): reason.id for word in (reason.code, reason.label_nl, reason.label_en)}
        branches = {name.casefold(): key for key, name in branches_for(user)}
        rows = db.session.scalars(select(Investment).where(Investment.removed_at.is_(None)))
        return cls(user, reasons, branches, {row.name: row for row in rows if visible_to(user, row)})


def _standing_problems(entry: Entry, line: int, known: _Known) -> list[Bad]:
    own = set(known.user.branch_ids)
    if own and not (entry.branch_ids and set(entry.branch_ids) <= own):
        words = _("You may only add investments in your own branches: name them in this column.")
        return [Bad(line, "branches", "", words)]
    try:
        check(entry, known.standing.get(entry.name))
    except CannotStand as error:
        return [Bad(line, error.field, "", str(error))]
    return []


def _entry(row: Mapping[str, str], line: int, known: _Known) -> tuple[Entry | None, list[Bad]]:
    problems: list[Bad] = []

    def read(column: str, reader: Callable[[str], Any], otherwise: Any = None) -> Any:
        text = row.get(column, "")
        try:
            value = reader(text) if text else None
        except CellError as error:
            problems.append(Bad(line, column, shown(text), sentence(error.code)))
            return otherwise
        except ValueError as error:
            problems.append(Bad(line, column, shown(text), str(error)))
            return otherwise
        if value is None and column in REQUIRED:
            problems.append(Bad(line, column, "", _("This cell is empty. Fill it in.")))
        return otherwise if value is None else value

    given: dict[str, Any] = {name: read(name, parse_text, "") for name in ("name", "purpose", "owner")}
    given |= {name: read(name, lambda text: parse_amount(text, None), 0) for name in ("amount", "yearly_cost")}
    given |= {name: read(name, _date) for name in ("starts_on", "ends_on", "picked_from", "picked_until")}
    given |= {name: read(name, _share, 0.0) for name in ("effect_low", "effect_high")}
    given["wash_in_days"] = read("wash_in_days", _days, 0)
    given["reason_ids"] = read("reasons", lambda text: _keys(text, known.reasons, _("no reason in use")), ())
    given["branch_ids"] = read(
        "branches", lambda text: _keys(text, known.branches, _("no branch that you may see")), ()
    )
    return (None, problems) if problems else (Entry(**given), [])


def _date(text: str) -> date | None:
    return parse_date(text, "iso" if text[4:5] == "-" else "dmy")


def _share(text: str) -> float:
    """A part of 1 from `30`, `30 %` or `0,3`: what is above 1 is per cent."""
    plain = text.replace("%", "").replace(",", ".").strip()
    try:
        number = float(plain)
    except ValueError:
        raise ValueError(_("This is not a number. Write 30 for 30 per cent.")) from None
    if not 0 <= number <= 100:
        raise ValueError(_("A fall lies between 0 and 100 per cent."))
    return number / 100 if number > 1 or "%" in text else number


def _days(text: str) -> int:
    if not text.removesuffix(".0").isdigit() or int(float(text)) > 1000:
        raise ValueError(_("Write a whole number of days, at most 1000."))
    return int(float(text))


def _keys(text: str, known: Mapping[str, int], what: str) -> tuple[int, ...]:
    words = [word.strip() for word in text.replace("|", ";").split(";") if word.strip()]
    for word in words:
        if word.casefold() not in known:
            raise ValueError(_("“%(word)s” is %(what)s. Separate several by a semicolon.", word=shown(word), what=what))
    return tuple(known[word.casefold()] for word in words)


def export_rows(investments: Sequence[Investment], reasons: Mapping[int, str], branches: Mapping[int, str]) -> Any:
    """The register in the columns of the import."""
    for one in investments:
        yield (
            one.name, one.purpose, one.owner, one.amount, one.yearly_cost,
            ";".join(reasons[row.reason_id] for row in one.reasons),
            ";".join(branches.get(row.branch_id, "") for row in one.branches),
            one.starts_on, one.wash_in_days, one.ends_on, _per_cent(one.effect_low), _per_cent(one.effect_high),
            one.picked_from, one.picked_until,
        )  # fmt: skip


def _per_cent(share: float) -> str:
    """With its sign, so that 1 % is not read as all."""
    return f"{round(share * 100, 2):g}%"
