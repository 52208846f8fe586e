"""The demo business on disk, as a Dutch till would export it: semicolons, decimal commas, dd-mm-yyyy."""

import csv
import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, fields
from datetime import date
from decimal import Decimal
from operator import attrgetter
from pathlib import Path
from typing import Any

from survey.demo.customers import ContractRow, CustomerRow
from survey.demo.invoices import TransactionRow
from survey.demo.truth import Truth


def write_customers(path: Path, rows: Sequence[CustomerRow]) -> None:
    """Write the customer file."""
    _write(path, [field.name for field in fields(CustomerRow)], rows)


def write_contracts(path: Path, rows: Sequence[ContractRow]) -> None:
    """Write the file of contracts."""
    _write(path, [field.name for field in fields(ContractRow)], rows)


def write_transactions(path: Path, rows: Sequence[TransactionRow]) -> None:
    """Write the transaction file."""
    _write(path, [field.name for field in fields(TransactionRow)], rows)


def write_truth(path: Path, truth: Truth) -> None:
    """Write the planted truth as JSON; days as yyyy-mm-dd."""
    text = json.dumps(asdict(truth), ensure_ascii=False, indent=1, default=_plain)
    path.write_text(text + "\n", encoding="utf-8")


def _write(path: Path, columns: Sequence[str], rows: Iterable[object]) -> None:
    cells = attrgetter(*columns)
    # the byte order mark is what Excel puts there, and what an importer must cope with
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file, delimiter=";")
        writer.writerow(columns)
        writer.writerows([_cell(value) for value in cells(row)] for row in rows)


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "ja" if value else "nee"
    if isinstance(value, date):
        return value.strftime("%d-%m-%Y")
    if isinstance(value, Decimal):
        return f"{value:.2f}".replace(".", ",")
    return str(value)


def _plain(value: Any) -> str:
    if isinstance(value, date):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} has no plain form")
