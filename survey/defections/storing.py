"""What detection found goes into the table: rows from columns, and only what is not there yet."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import numpy as np
from sqlalchemy import ColumnElement, func, select

from survey import columns
from survey.analyst import STILL_GONE, Flags, Ints, day_number
from survey.clock import now
from survey.defections import states
from survey.defections.days import column, plain_rows_of
from survey.defections.histories import Range
from survey.defections.models import Defection
from survey.defections.returns import Returns
from survey.many import among

#: how a lost value was come by: from the own purchases, or from what the business said the customer is worth
OWN_SPEND = "own_spend"
GIVEN_VALUE = "given_value"

#: columns of `Found` as they go to the database
_GIVEN = {
    "customer": "i8", "definition_id": "i8", "number": "i8", "last_visit_day": "i8", "defected_day": "i8",
    "returned_day": "i8", "yearly_cents": "i8", "lost_cents": "i8", "remaining_years": "f8", "is_given": "i8",
}  # fmt: skip


@dataclass(frozen=True, eq=False)
class Found:
    """Episodes to be stored, with their values: equally long columns, sorted by customer and day within a definition.

    All int64, days since 1970-01-01, money in cents; remaining_years: float64; is_given: bool, whether the value is
    what the business gave.
    """

    customer: Ints
    definition_id: Ints
    number: Ints
    last_visit_day: Ints
    defected_day: Ints
    returned_day: Ints
    yearly_cents: Ints
    lost_cents: Ints
    remaining_years: Any
    is_given: Flags

    def __len__(self) -> int:
        return len(self.customer)

    @property
    def is_open(self) -> Flags:
        return np.equal(self.returned_day, STILL_GONE)

    def at(self, rows: Flags | Ints) -> Found:
        """Some of the rows, or all in another order."""
        return Found(*(getattr(self, name)[rows] for name in self.__dataclass_fields__))

    @classmethod
    def together(cls, parts: list[Found]) -> Found:
        return cls(*(np.concatenate([getattr(part, name) for part in parts]) for name in cls.__dataclass_fields__))


@dataclass(frozen=True)
class Findings:
    """What was seen in a batch: episodes to be stored, who came back, and who stands elsewhere than before."""

    customers: Range
    as_of: date
    new: Found
    returned: Returns
    moved: states.Moves

    @classmethod
    def together(cls, parts: Sequence[Findings]) -> Findings:
        """What was seen in batches that follow each other."""
        returned, moved = [part.returned for part in parts], [part.moved for part in parts]
        return cls(
            Range(parts[0].customers.first_id, parts[-1].customers.last_id),
            parts[0].as_of,
            Found.together([part.new for part in parts]),
            Returns(*(np.concatenate([getattr(part, name) for part in returned]) for name in ("customer", "day"))),
            states.Moves(
                states.Stands.together([part.now for part in moved]), np.concatenate([part.nowhere for part in moved])
            ),
        )

    def in_order(self) -> tuple[Ints, Ints]:
        """The customers of whom something is to be stored: who left, in the order of days, as the index of departures
        by day is, so that a few thousand of them touch a few of its pages and not most; and the others."""
        leavers = self.new.customer[np.argsort(self.new.defected_day, kind="stable")]
        _each, first = np.unique(leavers, return_index=True)
        others = np.concatenate([self.moved.now.customer, self.returned.customer, self.moved.nowhere])
        return leavers[np.sort(first)], np.setdiff1d(others, leavers)

    def of(self, customers: Ints) -> Findings:
        """What was seen of some of the customers."""
        chosen = np.zeros(self.customers.last_id - self.customers.first_id + 1, dtype=bool)
        chosen[customers - self.customers.first_id] = True

        def which(keys: Ints) -> Flags:
            return chosen[keys - self.customers.first_id]

        new, returned, moved = self.new, self.returned, self.moved
        return replace(
            self,
            new=new.at(which(new.customer)),
            returned=Returns(*(column[which(returned.customer)] for column in (returned.customer, returned.day))),
            moved=states.Moves(moved.now.at(which(moved.now.customer)), moved.nowhere[which(moved.nowhere)]),
        )


@dataclass(frozen=True)
class Noticed:
    """A defection that was stored just now."""

    defection_id: int
    customer_id: int
    defected_on: date
    is_open: bool


@dataclass(frozen=True, eq=False)
class Stored:
    """What came of a batch: what was stored, and how many came back."""

    found: Found
    returned: int

    @property
    def new(self) -> list[Noticed]:
        """All that was stored, one by one."""
        return self._noticed(np.ones(len(self.found), dtype=bool))

    @property
    def still_gone(self) -> list[Noticed]:
        """Those who may be asked: an invitation each, so here a row becomes an object."""
        return self._noticed(self.found.is_open)

    def _noticed(self, rows: Flags) -> list[Noticed]:
        some = self.found.at(rows)
        if not len(some):
            return []
        on = some.defected_day.astype("datetime64[D]").tolist()
        values = (_keys_of(some).tolist(), some.customer.tolist(), on, some.is_open.tolist())
        return [Noticed(*row) for row in zip(*values, strict=True)]


def store(findings: Findings) -> Stored:
    """Store what was seen. What another run stored in the meantime is left as it stands. Flushes."""
    returned = _store_returns(findings.returned)
    states.keep(findings.moved)
    fresh = _not_yet_stored(findings.new)
    if len(fresh):
        _insert(fresh, findings.as_of)
    return Stored(fresh, returned)


def _store_returns(returned: Returns) -> int:
    """Only the latest episode of a customer can be open."""
    if not len(returned):
        return 0
    given = columns.given({"who": returned.customer, "day": returned.day})
    day, who = columns.as_day(given.cell["day"]), given.cell["who"]
    done = given.run(
        f"UPDATE defection SET returned_on = {day} {given.rows} WHERE customer_id = {who} AND returned_on IS NULL"  # noqa: S608  # names
    )
    return int(done.rowcount)


def _not_yet_stored(new: Found) -> Found:
    if not len(new):
        return new
    query = select(Defection.customer_id, func.max(Defection.episode)).where(_theirs(new))
    rows = plain_rows_of(query.group_by(Defection.customer_id).order_by(Defection.customer_id))
    customer, highest = np.append(column(rows, 0), -1), np.append(column(rows, 1), 0)
    row = np.searchsorted(customer[:-1], new.customer)
    return new.at(new.number > np.where(customer[row] == new.customer, highest[row], 0))


def _keys_of(stored: Found) -> Ints:
    query = select(Defection.id, Defection.customer_id, Defection.episode).where(_theirs(stored))
    rows = plain_rows_of(query.order_by(Defection.customer_id, Defection.episode))
    most = int(max(row[2] for row in rows)) + 1
    there = column(rows, 1) * most + column(rows, 2)
    return column(rows, 0)[np.searchsorted(there, stored.customer * most + stored.number)]


def _theirs(found: Found) -> ColumnElement[bool]:
    return among(Defection.customer_id, np.unique(found.customer).tolist())


def _insert(found: Found, as_of: date) -> None:
    given = columns.given({name: getattr(found, name).astype(kind) for name, kind in _GIVEN.items()})
    given.insert("defection", _cells(given.cell, as_of))


def _cells(given: dict[str, str], as_of: date) -> dict[str, str]:
    """What stands in each column of a new row, made of the columns of `_GIVEN`."""
    return {
        "customer_id": given["customer"],
        "definition_id": given["definition_id"],
        "episode": given["number"],
        "last_visit_on": columns.as_day(given["last_visit_day"]),
        "defected_on": columns.as_day(given["defected_day"]),
        "noticed_on": columns.as_day(str(day_number(as_of))),
        "returned_on": columns.as_day(f"NULLIF({given['returned_day']}, {STILL_GONE})"),
        "yearly_spend": columns.as_amount(given["yearly_cents"]),
        "remaining_years": given["remaining_years"],
        "lost_value": columns.as_amount(given["lost_cents"]),
        "value_method": f"CASE {given['is_given']} WHEN 1 THEN '{GIVEN_VALUE}' ELSE '{OWN_SPEND}' END",
        "created_at": columns.as_moment(now()),
    }
