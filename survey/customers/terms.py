"""What a file says of a contract, put beside the terms that are known of it: renewed, moved, cancelled, or as it was.

A system that keeps one contract a customer moves its last day when it is renewed; here that makes a term of its own, so
that it can be told later how often customers renewed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal

#: a last day moved on by less than this is the same term, put right
SHORTEST_RENEWAL = timedelta(days=7)
DAY = timedelta(days=1)


@dataclass(frozen=True)
class Told:
    """What a row of a file says of a contract; None: it does not say. is_only: the file knows one contract a customer,
    so another first day means that the one before is over."""

    customer_id: int
    first: date | None
    last: date | None
    cancelled: date | None
    yearly_value: Decimal | None
    is_only: bool


@dataclass(frozen=True)
class Term:
    """A term as it is stored; key: None before that. The fields are those of `Contract`."""

    key: int | None
    contract_from: date
    starts_on: date
    ends_on: date | None
    cancelled_on: date | None
    yearly_value: Decimal | None
    known_on: date

    @property
    def order(self) -> tuple[date, date]:
        return self.contract_from, self.starts_on

    def covers(self, first: date, last: date) -> bool:
        return self.starts_on <= first and (self.ends_on is None or self.ends_on >= last)


def after(terms: Sequence[Term], told: Told, on: date) -> list[Term]:
    """The terms of a customer (in order) as they are once a file of the day `on` has told this. Told twice, nothing
    changes; of two files the later one is right."""
    contract, others = _contract_meant(terms, told)
    if contract:
        found = [*others, *_noted(_dated(contract, others, told, on), told)]
    else:
        begun = _begun(told, on)
        found = [*_closed(others, begun, told.is_only), begun] if begun else list(terms)
    return sorted(found, key=lambda term: term.order)


def _contract_meant(terms: Sequence[Term], told: Told) -> tuple[list[Term], list[Term]]:
    """The terms of the contract that the row is about, none where it is new, and those of the others."""
    first = told.first
    if terms and told.is_only:
        latest = [term for term in terms if term.contract_from == terms[-1].contract_from]
        if first is None:
            first = latest[0].contract_from
        elif _is_put_right(terms, latest, told):
            rest = [term for term in terms if term not in latest]
            begun = replace(latest[0], starts_on=first, known_on=min(first, latest[0].known_on))
            return [replace(each, contract_from=first) for each in (begun, *latest[1:])], rest
    mine = [term for term in terms if term.contract_from == first]
    return mine, [term for term in terms if term.contract_from != first]


def _is_put_right(terms: Sequence[Term], latest: Sequence[Term], told: Told) -> bool:
    """Whether the one contract of a customer ends as it did and only begins on another day: a mistake put right."""
    if told.first is None or told.last is None or any(term.contract_from == told.first for term in terms):
        return False
    end = latest[0].ends_on
    return latest[-1].ends_on == told.last and (end is None or told.first <= end)


def _begun(told: Told, on: date) -> Term | None:
    """The first term of a contract; of an unknown first day, from the first day that is known."""
    days = [day for day in (told.last, told.cancelled) if day is not None]
    first = told.first or min(days, default=None)
    if first is None:
        return None
    last = told.last if told.last is not None and told.last >= first else None
    return Term(None, first, first, last, told.cancelled, told.yearly_value, min(first, on))


def _closed(terms: Sequence[Term], begun: Term | None, is_only: bool) -> list[Term]:
    """A contract without a last day ends where the only one that a customer has now begins."""
    if begun is None or not is_only:
        return list(terms)
    return [
        replace(term, ends_on=begun.starts_on - DAY) if term.ends_on is None and term.starts_on < begun.starts_on
        else term
        for term in terms
    ]  # fmt: skip


def _dated(contract: list[Term], others: Sequence[Term], told: Told, on: date) -> list[Term]:
    """The contract with its last day as told: later is a renewal, earlier takes back what was renewed after it."""
    last, end = contract[-1], told.last
    if end is None or end == last.ends_on or end < contract[0].starts_on:
        return contract
    if last.ends_on is None or (last.ends_on < end < last.ends_on + SHORTEST_RENEWAL):
        return [*contract[:-1], replace(last, ends_on=end)]
    if end > last.ends_on:
        start = last.ends_on + DAY
        if any(term.covers(start, end) for term in others):
            return contract
        value = last.yearly_value if told.yearly_value is None else told.yearly_value
        return [*contract, Term(None, last.contract_from, start, end, None, value, min(start, on))]
    kept = [term for term in contract if term.starts_on <= end]
    return [*kept[:-1], replace(kept[-1], ends_on=end)]


def _noted(contract: list[Term], told: Told) -> list[Term]:
    """With the cancellation, of the term in which it fell, and what the last term brings in a year."""
    noted = list(contract)
    if told.cancelled is not None:
        at = max((n for n, term in enumerate(noted) if term.starts_on <= told.cancelled), default=0)
        noted[at] = replace(noted[at], cancelled_on=told.cancelled)
    if told.yearly_value is not None:
        noted[-1] = replace(noted[-1], yearly_value=told.yearly_value)
    return noted
