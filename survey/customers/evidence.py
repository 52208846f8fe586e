"""What the cells of a file say about its order of dates and its decimal sign, counted for a person to judge."""

from __future__ import annotations

import datetime as dt
import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Literal

from flask_babel import format_decimal
from flask_babel import gettext as _

from survey.customers.parsing import Cell, DateOrder, DecimalSign, parse_amount, parse_date
from survey.customers.problems import CellError

ORDERS: tuple[DateOrder, ...] = ("iso", "dmy", "mdy")
# what nearly every amount looks like, told apart without trying both notations
USUAL_AMOUNT = re.compile(r"-?[0-9]{1,10}([.,])[0-9]{2}")
DateClue = Literal["empty", "native", "iso", "dmy", "mdy", "either", "none"]
AmountClue = Literal["empty", "native", ",", ".", "either", "plain", "none"]


@dataclass(frozen=True)
class Choice:
    """One thing that must be known about the file. `value` None: the file does not tell, a person must.

    `origin`: declared (by a person), evident (the cells allow only this), moot (nothing depends on it), open.
    """

    value: str | None
    origin: Literal["declared", "evident", "moot", "open"]
    evidence: tuple[str, ...] = ()

    @property
    def is_open(self) -> bool:
        """Whether a person has to choose before anything is imported."""
        return self.origin == "open"


@lru_cache(maxsize=20_000)
def date_clue(text: str) -> DateClue:
    """Which orders can read this text as a date."""
    readable: list[DateClue] = [order for order in ORDERS if _reads_date(text, order)]
    if not readable:
        return "none"
    return readable[0] if len(readable) == 1 else "either"


def _reads_date(text: str, order: DateOrder) -> bool:
    try:
        return parse_date(text, order) is not None
    except CellError:
        return False


@lru_cache(maxsize=20_000)
def amount_clue(text: str) -> AmountClue:
    """Which decimal signs can read this text as an amount."""
    if match := USUAL_AMOUNT.fullmatch(text):
        return "," if match[1] == "," else "."
    if re.search(r"[.,]", text) is None:
        return "plain" if _reads_amount(text, ",") else "none"
    comma, point = _reads_amount(text, ","), _reads_amount(text, ".")
    if comma and point:
        return "either"
    if comma or point:
        return "," if comma else "."
    return "none"


def _reads_amount(text: str, sign: DecimalSign) -> bool:
    """Whether the notation fits. Too many decimals are an error in a row, yet they show which sign it is."""
    try:
        parse_amount(text, sign)
    except CellError as error:
        return error.code == "amount_decimals"
    return True


@dataclass
class Evidence:
    """Counts of what each date and amount can be."""

    dates: Counter[str] = field(default_factory=Counter)
    amounts: Counter[str] = field(default_factory=Counter)

    def add_date(self, cell: Cell) -> None:
        """Count one cell of a date column."""
        self.dates[_clue_of(cell, dt.date) or date_clue(str(cell).strip())] += 1

    def add_amount(self, cell: Cell) -> None:
        """Count one cell of an amount column."""
        self.amounts[_clue_of(cell, (int, float)) or amount_clue(str(cell).strip())] += 1

    def date_choice(self, declared: DateOrder | None) -> Choice:
        """The order of the dates: declared, or the only one that the cells allow."""
        found = [order for order in ORDERS if self.dates[order]]
        return _choice(declared, found, undecided=self.dates["either"], evidence=self._date_sentences())

    def decimal_choice(self, declared: DecimalSign | None) -> Choice:
        """The decimal sign: declared, or the only one that the cells allow."""
        found = [sign for sign in (",", ".") if self.amounts[sign]]
        return _choice(declared, found, undecided=self.amounts["either"], evidence=self._amount_sentences())

    def _date_sentences(self) -> tuple[str, ...]:
        dates, of = _written(self.dates), {"total": format_decimal(self.dates.total() - self.dates["empty"])}
        said = {
            "iso": _("%(count)s of %(total)s dates are written year first.", count=dates["iso"], **of),
            "dmy": _("%(count)s of %(total)s dates can only be day first.", count=dates["dmy"], **of),
            "mdy": _("%(count)s of %(total)s dates can only be month first.", count=dates["mdy"], **of),
            "either": _("%(count)s of %(total)s dates can be both.", count=dates["either"], **of),
            "native": _("%(count)s of %(total)s are date cells of Excel.", count=dates["native"], **of),
            "none": _("%(count)s of %(total)s are no dates.", count=dates["none"], **of),
        }
        return tuple(sentence for clue, sentence in said.items() if self.dates[clue])

    def _amount_sentences(self) -> tuple[str, ...]:
        amounts, of = _written(self.amounts), {"total": format_decimal(self.amounts.total() - self.amounts["empty"])}
        said = {
            ",": _("%(count)s of %(total)s amounts can only have a decimal comma.", count=amounts[","], **of),
            ".": _("%(count)s of %(total)s amounts can only have a decimal point.", count=amounts["."], **of),
            "either": _("%(count)s of %(total)s amounts can be both.", count=amounts["either"], **of),
            "plain": _("%(count)s of %(total)s amounts have neither.", count=amounts["plain"], **of),
            "native": _("%(count)s of %(total)s are number cells of Excel.", count=amounts["native"], **of),
            "none": _("%(count)s of %(total)s are no amounts.", count=amounts["none"], **of),
        }
        return tuple(sentence for clue, sentence in said.items() if self.amounts[clue])


def _written(counts: Counter[str]) -> dict[str, str]:
    """The numbers as the reader writes them."""
    written = {clue: str(format_decimal(number)) for clue, number in counts.items()}
    return defaultdict(lambda: "0", written)


def _clue_of(cell: Cell, native: type | tuple[type, ...]) -> Literal["empty", "native"] | None:
    if cell is None or cell == "":
        return "empty"
    return "native" if isinstance(cell, native) else None


def _choice(declared: str | None, found: Sequence[str], *, undecided: int, evidence: tuple[str, ...]) -> Choice:
    if declared:
        return Choice(declared, "declared", evidence)
    if len(found) == 1:
        return Choice(found[0], "evident", evidence)
    return Choice(None, "open" if found or undecided else "moot", evidence)
