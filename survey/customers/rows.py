"""A row of a file becomes a checked record, or a list of problems."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ValidationError, ValidationInfo, model_validator

from survey.customers.addresses import is_lookalike, parse_email
from survey.customers.columns import Kind, map_columns
from survey.customers.parsing import (
    Cell,
    DateOrder,
    DecimalSign,
    parse_amount,
    parse_boolean,
    parse_date,
    parse_header_safe,
    parse_identifier,
    parse_language,
    parse_phone,
    parse_text,
)
from survey.customers.problems import CellError, Problem, shown
from survey.customers.reading import Declared, Row, Table
from survey.web import LANGUAGES

Mode = Literal["all", "good"]


@dataclass(frozen=True)
class ImportOptions:
    """All that was declared about a file. None: not declared. `columns`: field by the file's own header."""

    kind: Kind | None = None
    encoding: str | None = None
    delimiter: str | None = None
    decimal: DecimalSign | None = None
    dates: DateOrder | None = None
    mode: Mode = "all"
    columns: Mapping[str, str] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """Plain data, for the options column of an import."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> ImportOptions:
        """The options back from plain data; what is not an option is left out."""
        return cls(**{key: value for key, value in data.items() if key in cls.__dataclass_fields__})

    def declared(self) -> Declared:
        """What reading the file needs to know."""
        return Declared(self.encoding, self.delimiter)

    def with_choices(self, **choices: Any) -> ImportOptions:
        """A copy with some things declared."""
        return replace(self, **choices)


@dataclass
class Reader:
    """What cells need to know to be read; `warnings` gathers what is odd but good in the row at hand."""

    options: ImportOptions
    today: dt.date
    warnings: list[tuple[str, str, str]] = field(default_factory=list)


def _limited(parse: Callable[[Cell], str | None], longest: int) -> BeforeValidator:
    def read(cell: Cell) -> str | None:
        text = parse(cell)
        if text is not None and len(text) > longest:
            raise CellError("text_too_long")
        return text

    return BeforeValidator(read)


def _required(parse: Callable[[Cell, ValidationInfo], Any]) -> BeforeValidator:
    def read(cell: Cell, info: ValidationInfo) -> Any:
        value = parse(cell, info)
        if value is None:
            raise CellError("required")
        return value

    return BeforeValidator(read)


def _identifier(cell: Cell, info: ValidationInfo) -> str | None:
    text = parse_identifier(cell)
    if text is not None and len(text) > 100:
        raise CellError("text_too_long")
    return text


def _date(cell: Cell, info: ValidationInfo[Reader]) -> dt.date | None:
    return parse_date(cell, info.context.options.dates)


def _past_date(cell: Cell, info: ValidationInfo[Reader]) -> dt.date | None:
    value = parse_date(cell, info.context.options.dates)
    if value is not None and value > info.context.today:
        raise CellError("date_future")
    return value


def _amount(cell: Cell, info: ValidationInfo[Reader]) -> Decimal | None:
    return parse_amount(cell, info.context.options.decimal)


def _email(cell: Cell, info: ValidationInfo[Reader]) -> str | None:
    address = parse_email(cell)
    if address is not None and is_lookalike(address):
        info.context.warnings.append(("email", address, "email_lookalike"))
    return address


def _language(cell: Cell, info: ValidationInfo[Reader]) -> str | None:
    code = parse_language(cell)
    if code is None or code in LANGUAGES:
        return code
    info.context.warnings.append(("language", code, "language_other"))
    return None


Identifier = Annotated[str, _required(_identifier)]
Date = Annotated[dt.date | None, BeforeValidator(_date)]
Amount = Annotated[Decimal | None, BeforeValidator(_amount)]
Boolean = Annotated[bool | None, BeforeValidator(parse_boolean)]
Name = Annotated[str | None, _limited(parse_header_safe, 200)]
Label = Annotated[str | None, _limited(parse_text, 100)]


class CustomerRow(BaseModel):
    """One row of a customers file. None: the file does not say."""

    customer_id: Identifier
    card_id: Annotated[str | None, _limited(parse_identifier, 100)] = None
    name: Name = None
    email: Annotated[str | None, BeforeValidator(_email)] = None
    phone: Annotated[str | None, _limited(parse_phone, 50)] = None
    language: Annotated[str | None, BeforeValidator(_language)] = None
    branch: Name = None
    segment: Label = None
    joined_on: Date = None
    acquired_via: Label = None
    contract_from: Date = None
    contract_until: Date = None
    cancelled_on: Date = None
    yearly_value: Amount = None
    do_not_contact: Boolean = None
    call_consent: Boolean = None

    @model_validator(mode="after")
    def contract_in_order(self) -> CustomerRow:
        """A contract ends on or after the day it begins."""
        _check_order(self.contract_from, self.contract_until)
        return self


class TransactionRow(BaseModel):
    """One row of a transactions file. A negative amount is a refund; a date may lie before `joined_on`."""

    customer_id: Identifier
    occurred_on: Annotated[dt.date, _required(_past_date)]
    amount: Amount = None
    branch: Name = None
    employee: Name = None
    team: Label = None
    service: Label = None
    transaction_id: Annotated[str | None, _limited(parse_identifier, 100)] = None


class ContractRow(BaseModel):
    """One row of a contracts file: a contract that ran, runs or will run; a customer may have several."""

    customer_id: Identifier
    contract_from: Annotated[dt.date, _required(_date)]
    contract_until: Date = None
    cancelled_on: Date = None
    yearly_value: Amount = None

    @model_validator(mode="after")
    def contract_in_order(self) -> ContractRow:
        """A contract ends on or after the day it begins."""
        _check_order(self.contract_from, self.contract_until)
        return self


def _check_order(first: dt.date | None, last: dt.date | None) -> None:
    if first and last and last < first:
        raise CellError("contract_order")


MODELS: dict[Kind, type[CustomerRow] | type[TransactionRow] | type[ContractRow]] = {
    "customers": CustomerRow,
    "transactions": TransactionRow,
    "contracts": ContractRow,
}


@dataclass(frozen=True)
class Checked:
    """A row of the file: its record when it is good, and its problems (warnings on a good row)."""

    line: int
    record: dict[str, Any] | None
    problems: tuple[Problem, ...] = ()
    #: whom it is about, also where the row is bad; empty: it does not say
    customer_id: str = ""


class RowChecker:
    """Checks the rows of one table. Raises FileRefused when its columns cannot be mapped."""

    def __init__(self, table: Table, kind: Kind, options: ImportOptions, today: dt.date) -> None:
        self.header = table.header
        self.model = MODELS[kind]
        self.fields = map_columns(kind, table.header, options.columns)
        self.headers = {name: table.header[position] for position, name in self.fields.items()}
        self.reader = Reader(options, today)

    def check_all(self, rows: Iterator[Row]) -> Iterator[Checked]:
        """Each row, checked, in order."""
        return (self.check(line, cells) for line, cells in rows)

    def check(self, line: int, cells: Sequence[Cell]) -> Checked:
        """One row, checked."""
        if len(cells) != len(self.header) and (code := self._wrong_length(cells)):
            return Checked(line, None, (Problem(line, "", shown(_outline(cells)), code),), self._number_in(cells))
        named = {name: cells[position] for position, name in self.fields.items()}
        self.reader.warnings.clear()
        try:
            record = self.model.model_validate(named, context=self.reader)
        except ValidationError as error:
            return Checked(line, None, tuple(self._problems(line, error)), self._number_in(cells))
        warnings = self._warnings(line) if self.reader.warnings else ()
        return Checked(line, record.__dict__, warnings, record.__dict__["customer_id"])

    def _number_in(self, cells: Sequence[Cell]) -> str:
        """The number of the customer as it stands in a bad row."""
        place = next((position for position, name in self.fields.items() if name == "customer_id"), len(cells))
        return str(cells[place] or "").strip() if place < len(cells) else ""

    def _wrong_length(self, cells: Sequence[Cell]) -> str | None:
        if len(cells) < len(self.header):
            return "cells_missing"
        return "cells_extra" if any(cell not in ("", None) for cell in cells[len(self.header) :]) else None

    def _problems(self, line: int, error: ValidationError) -> Iterator[Problem]:
        for detail in error.errors(include_url=False):
            name = str(detail["loc"][0]) if detail["loc"] else "contract_until"
            cause = detail.get("ctx", {}).get("error")
            code = cause.code if isinstance(cause, CellError) else "required"
            value = detail["input"] if detail["loc"] else detail["input"].get("contract_until", "")
            yield Problem(line, self.headers.get(name, name), shown("" if value is None else value), code)

    def _warnings(self, line: int) -> tuple[Problem, ...]:
        odd = self.reader.warnings
        return tuple(Problem(line, self.headers[name], shown(value), code) for name, value, code in odd)


def _outline(cells: Sequence[Cell]) -> str:
    return " | ".join("" if cell is None else str(cell) for cell in cells[:20])
