"""The lives of all customers as columns: read once by the job that works out the figures, in ranges of their keys."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

import numpy as np
from sqlalchemy import BigInteger, cast, func, select

from survey.analyst import Flags, Ints, day_number
from survey.analyst.rating import STILL_THERE, Lives
from survey.customers.models import Customer, CustomerHistory, Employee, Transaction
from survey.customers.newest import newest_purchase
from survey.defections.days import column, day_in, days_of, plain_rows_of, rows_of
from survey.defections.models import Defection
from survey.extensions import db

#: customers read by one query
STEP = 50_000
#: so many days without any visit at all are nothing strange; after that, purchases are taken to be missing
QUIET_DAYS = 7
#: a team of fewer would show what one person does
LEAST_MEMBERS = 3
UNKNOWN = -1
#: for the one number of 64 bits that the day of a purchase and its key make: more than there will be keys, and what
#: makes a day of 1900 more than 0
KEYS, DAYS = 2**40, 100_000
_PEOPLE = (
    Customer.id, Customer.branch_id, Customer.joined_on, CustomerHistory.first_on, CustomerHistory.last_on,
    CustomerHistory.total_cents, Customer.segment, Customer.acquired_via,
)  # fmt: skip


_NUMBERS = ("customer", "branch", "joined", "first_visit", "last_visit", "cents")


@dataclass(frozen=True, eq=False)
class Names:
    """A column of words as numbers: words[code[n]] is the word of row n."""

    code: Ints
    words: list[str]


@dataclass(frozen=True, eq=False)
class People:
    """All customers, sorted by key, equally long columns (c,); days are since 1970-01-01, -1 where there is none.

    branch: 0 where there is none. first_visit, last_visit, cents: of all purchases on record.
    """

    customer: Ints
    branch: Ints
    joined: Ints
    first_visit: Ints
    last_visit: Ints
    cents: Ints
    segment: Names
    channel: Names

    def of(self, chosen: Flags) -> People:
        """Some of them."""
        numbers: dict[str, Any] = {name: getattr(self, name)[chosen] for name in _NUMBERS}
        words: dict[str, Any] = {name: Names(each.code[chosen], each.words) for name, each in self._words.items()}
        return People(**numbers, **words)

    @property
    def _words(self) -> dict[str, Names]:
        return {"segment": self.segment, "channel": self.channel}


@dataclass
class _Words:
    """Gives each word a number, as they come."""

    known: dict[str, int] = field(default_factory=dict)

    def codes(self, words: Sequence[str]) -> Ints:
        return np.array([self.known.setdefault(word, len(self.known)) for word in words], dtype=np.int64)


def known_day(today: date) -> date | None:
    """The last day of which purchases are taken to be known; None where there are no purchases."""
    last = newest_purchase()
    return None if last is None else min(today, last + timedelta(days=QUIET_DAYS))


def people() -> People:
    """Everybody, in one row each."""
    segments, channels = _Words(), _Words()
    parts = [_people_in(first, last, segments, channels) for first, last in _ranges()]
    nobody = [np.zeros(0, dtype=np.int64)] * len(_PEOPLE)
    columns = [np.concatenate(each) for each in zip(*parts, strict=True)] or nobody
    *numbers, segment, channel = columns
    named: dict[str, Any] = dict(zip(_NUMBERS, numbers, strict=True))
    return People(**named, segment=Names(segment, list(segments.known)), channel=Names(channel, list(channels.known)))


def _people_in(first: int, last: int, segments: _Words, channels: _Words) -> list[Ints]:
    query = (
        select(*_PEOPLE)
        .outerjoin(CustomerHistory, CustomerHistory.customer_id == Customer.id)
        .where(Customer.id.between(first, last))
        .order_by(Customer.id)
    )
    rows = rows_of(query)
    days = [days_of([row[n] for row in rows], UNKNOWN) for n in range(2, 5)]
    branch = np.array([row[1] or 0 for row in rows], dtype=np.int64)
    cents = np.array([row[5] or 0 for row in rows], dtype=np.int64)
    words = [segments.codes([row[6] for row in rows]), channels.codes([row[7] for row in rows])]
    return [column(rows, 0), branch, *days, cents, *words]


@dataclass(frozen=True, eq=False)
class Gone:
    """Episodes of being gone by customer and number, equally long columns (e,); returned: -1 while it lasts."""

    customer: Ints
    last_visit: Ints
    ended: Ints
    returned: Ints


def lives_of(everybody: People, gone: Gone, as_of: date) -> tuple[People, Lives]:
    """Those of these people who have come by that day, and their spells; what a later day brought is left out.

    The nth spell of a customer begins with the first visit or the return from the (n - 1)th episode, and ends with the
    nth: one definition with `survey.reports.spells`.
    """
    day = day_number(as_of)
    came = everybody.of((everybody.first_visit != UNKNOWN) & (everybody.first_visit <= day))
    person, is_theirs = _places(came.customer, gone.customer)
    person, last_visit, ended, returned = (
        each[is_theirs] for each in (person, gone.last_visit, gone.ended, gone.returned)
    )
    back = (returned != UNKNOWN) & (returned <= day)
    of = np.concatenate([np.arange(len(came.customer)), person[back]])
    began = np.concatenate([came.first_visit, returned[back]])
    order = np.lexsort((began, of))
    of, began = of[order], began[order]
    ends, last = np.full(len(of), STILL_THERE, dtype=np.int64), came.last_visit[of]
    row = np.searchsorted(of, person) + _count_up(person)
    fits = (row < len(of)) & (of[np.minimum(row, len(of) - 1)] == person)
    ends[row[fits]], last[row[fits]] = ended[fits], last_visit[fits]
    return came, Lives(of, began, ends, last, day)


def _places(customers: Ints, sought: Ints) -> tuple[Ints, Flags]:
    """(n,) the place of each sought customer among sorted ones, and whether it is there."""
    if not len(customers):
        return np.zeros(len(sought), dtype=np.int64), np.zeros(len(sought), dtype=np.bool_)
    place = np.minimum(np.searchsorted(customers, sought), len(customers) - 1).astype(np.int64)
    return place, customers[place] == sought


def gone_by(as_of: date) -> Gone:
    """All episodes that had begun by that day."""
    parts = []
    for first, last in _ranges():
        query = (
            select(Defection.customer_id, Defection.last_visit_on, Defection.defected_on, Defection.returned_on)
            .where(Defection.customer_id.between(first, last), Defection.defected_on <= as_of)
            .order_by(Defection.customer_id, Defection.episode)
        )
        rows = rows_of(query)
        parts.append([column(rows, 0), *(days_of([row[n] for row in rows], UNKNOWN) for n in (1, 2, 3))])
    return Gone(*(np.concatenate(each) for each in zip(*parts, strict=True)))


class Serving:
    """Who served whom; what was asked of the database once is kept."""

    def __init__(self) -> None:
        self._known: dict[date, tuple[Ints, Ints]] = {}

    def last(self, customers: Ints, before: date) -> Ints:
        """(c,) the employee who served each of these customers, sorted by key, at the last visit before a day; 0 where
        nobody is recorded. Of several purchases of one day the last one entered counts."""
        if before not in self._known:
            parts = [_served_in(first, last, before) for first, last in _ranges()]
            self._known[before] = tuple(np.concatenate(each) for each in zip(*parts, strict=True))  # type: ignore[assignment]  # two columns
        customer, employee = self._known[before]
        place, is_there = _places(customer, customers)
        return np.where(is_there, employee[place] if len(employee) else 0, 0)


def _served_in(first: int, last: int, before: date) -> tuple[Ints, Ints]:
    """The last purchase is the highest of day and key as one number; its row alone is looked at."""
    newest = func.max(cast(day_in(Transaction.occurred_on) + DAYS, BigInteger) * KEYS + Transaction.id)
    of_each = (
        select((newest % KEYS).label("id"))
        .where(Transaction.customer_id.between(first, last), Transaction.occurred_on < before)
        .group_by(Transaction.customer_id)
        .subquery()
    )
    query = select(Transaction.customer_id, func.coalesce(Transaction.employee_id, 0)).join(
        of_each, Transaction.id == of_each.c.id
    )
    rows = plain_rows_of(query.order_by(Transaction.customer_id))
    return column(rows, 0), column(rows, 1)


@dataclass(frozen=True, eq=False)
class Teams:
    """of: by key of an employee, the place of the team in `names` plus 1; 0 for who is in none, or in a team so small
    that its figure would be that of a person."""

    of: Ints
    names: list[str]


def teams() -> Teams | None:
    """The teams of at least `LEAST_MEMBERS`, by name; None where there are fewer than two."""
    query = select(Employee.id, Employee.team).where(Employee.team != "").order_by(Employee.id)
    members = [(key, team) for key, team in db.session.execute(query)]
    sizes = Counter(team for _key, team in members)
    names = sorted(team for team, size in sizes.items() if size >= LEAST_MEMBERS)
    if len(names) < 2:
        return None
    number = {name: place for place, name in enumerate(names, 1)}
    of = np.zeros(max(key for key, _team in members) + 1, dtype=np.int64)
    for key, team in members:
        of[key] = number.get(team, 0)
    return Teams(of, names)


def has_employees() -> bool:
    """Whether it is on record who served anybody."""
    return db.session.scalar(select(Transaction.id).where(Transaction.employee_id.is_not(None)).limit(1)) is not None


def _ranges() -> Iterator[tuple[int, int]]:
    last: Any = db.session.scalar(select(func.max(Customer.id))) or 0
    for first in range(1, max(last, 1) + 1, STEP):
        yield first, first + STEP - 1


def _count_up(person: Ints) -> Ints:
    """(n,) 0, 1, ... within each person of a sorted column."""
    starts = np.flatnonzero(np.diff(person, prepend=-1))
    return np.arange(len(person)) - np.repeat(starts, np.diff(np.append(starts, len(person))))
