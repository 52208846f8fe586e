"""What detection found goes into the table: rows from columns, and only what is not there yet."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import numpy as np
from sqlalchemy import ColumnElement, func, select

from survey.analyst import STILL_GONE, Flags, Ints
from survey.clock import now
from survey.defections import states
from survey.defections.days import column, rows_of, written
from survey.defections.histories import Range
from survey.defections.models import Defection
from survey.defections.returns import Returns
from survey.extensions import db
from survey.many import among

#: how a lost value was come by: from the own purchases, or from what the business said the customer is worth
OWN_SPEND = "own_spend"
GIVEN_VALUE = "given_value"

COLUMNS = (
    "customer_id", "definition_id", "episode", "last_visit_on", "defected_on", "noticed_on", "returned_on",
    "yearly_spend", "remaining_years", "lost_value", "value_method", "created_at",
)  # fmt: skip


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

    def in_order(self) -> Ints:
        """The customers of whom something is to be stored, in the order of the indexes by day: then a few thousand of
        them touch a few pages of these, and not most."""
        now = self.moved.now
        moved = now.customer[np.lexsort((now.since, now.state))]
        others = np.concatenate([self.new.customer, self.returned.customer, self.moved.nowhere])
        return np.concatenate([moved, np.setdiff1d(others, moved)])

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
    """What came of a batch: what was stored, with the keys it has now, and how many came back."""

    found: Found
    keys: Ints
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
        on = some.defected_day.astype("datetime64[D]").tolist()
        values = (self.keys[rows].tolist(), some.customer.tolist(), on, some.is_open.tolist())
        return [Noticed(*row) for row in zip(*values, strict=True)]


def store(findings: Findings) -> Stored:
    """Store what was seen. What another run stored in the meantime is left as it stands. Flushes."""
    returned = _store_returns(findings.returned)
    states.keep(findings.moved)
    fresh = _not_yet_stored(findings.new)
    if not len(fresh):
        return Stored(fresh, np.zeros(0, dtype=np.int64), returned)
    _insert(_rows(fresh, findings.as_of))
    return Stored(fresh, _keys_of(fresh), returned)


def _store_returns(returned: Returns) -> int:
    """Only the latest episode of a customer can be open."""
    if not len(returned):
        return 0
    sign = _sign()
    statement = f"UPDATE defection SET returned_on = {sign} WHERE customer_id = {sign} AND returned_on IS NULL"  # noqa: S608  # a sign for a value
    rows = list(zip(written(returned.day), returned.customer.tolist(), strict=True))
    done = db.session.connection().exec_driver_sql(statement, rows)
    return int(done.rowcount)


def _not_yet_stored(new: Found) -> Found:
    if not len(new):
        return new
    query = select(Defection.customer_id, func.max(Defection.episode)).where(_theirs(new))
    rows = rows_of(query.group_by(Defection.customer_id).order_by(Defection.customer_id))
    customer, highest = np.append(column(rows, 0), -1), np.append(column(rows, 1), 0)
    row = np.searchsorted(customer[:-1], new.customer)
    return new.at(new.number > np.where(customer[row] == new.customer, highest[row], 0))


def _keys_of(fresh: Found) -> Ints:
    query = select(Defection.id, Defection.customer_id, Defection.episode).where(_theirs(fresh))
    rows = rows_of(query.order_by(Defection.customer_id, Defection.episode))
    most = int(max(row[2] for row in rows)) + 1
    stored = column(rows, 1) * most + column(rows, 2)
    return column(rows, 0)[np.searchsorted(stored, fresh.customer * most + fresh.number)]


def _theirs(found: Found) -> ColumnElement[bool]:
    return among(Defection.customer_id, np.unique(found.customer).tolist())


def _rows(found: Found, as_of: date) -> Iterator[tuple[Any, ...]]:
    """Plain values as either engine reads them, in the order of `COLUMNS`."""
    moment, size = now(), len(found)
    methods = np.where(found.is_given, GIVEN_VALUE, OWN_SPEND).tolist()
    return zip(
        found.customer.tolist(),
        found.definition_id.tolist(),
        found.number.tolist(),
        written(found.last_visit_day),
        written(found.defected_day),
        [as_of.isoformat()] * size,
        written(found.returned_day),
        _amounts(found.yearly_cents),
        found.remaining_years.tolist(),
        _amounts(found.lost_cents),
        methods,
        [_moment(moment)] * size,
        strict=True,
    )


def _amounts(cents: Ints) -> Iterable[Any]:
    # PostgreSQL's decimals take every digit of a float; a float of SQLite is the cent nearest to it.
    amounts = (cents / 100).tolist()
    return [f"{amount:.2f}" for amount in amounts] if _on_postgresql() else amounts


def _moment(moment: Any) -> str:
    return str(moment.isoformat(sep=" ") if _on_postgresql() else moment.replace(tzinfo=None).isoformat(sep=" "))


def _insert(rows: Iterator[tuple[Any, ...]]) -> None:
    """All rows at once, in the words of the driver: a dictionary and a typed value per cell would take most of the
    time of a first detection."""
    names = ", ".join(COLUMNS)
    if not _on_postgresql():
        signs = ", ".join("?" * len(COLUMNS))
        statement = f"INSERT INTO defection ({names}) VALUES ({signs})"  # noqa: S608  # names of columns
        db.session.connection().exec_driver_sql(statement, list(rows))
        return
    raw: Any = db.session.connection().connection.dbapi_connection
    with raw.cursor() as cursor, cursor.copy(f"COPY defection ({names}) FROM STDIN") as copy:
        for row in rows:
            copy.write_row(row)


def _sign() -> str:
    """What stands for a value in a statement of the driver."""
    return "%s" if _on_postgresql() else "?"


def _on_postgresql() -> bool:
    return db.session.get_bind().dialect.name == "postgresql"
