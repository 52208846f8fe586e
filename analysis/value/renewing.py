"""Terms of contracts, as a table of them stands, become lives: what was renewed, what ended, and what runs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analysis.defection.histories import NEVER, Days, Flags
from analysis.defection.spans import running_max
from analysis.value.contractual import Renewals, ValuedContracts
from analysis.value.first import DAYS_PER_YEAR

Numbers = NDArray[np.float64]

#: a term that begins within so many days of the end of the one before renews it, and so long nobody has ended
GRACE_DAYS = 31
#: so long after a contract ended a departure is still put down to it
LATEST_DAYS = 366
_WIDE = 1 << 23  # more than the days of any date


@dataclass(frozen=True, eq=False)
class Terms:
    """Terms of contracts, a row each, in any order. customer: (t,) int64; start, until: (t,) first and last day;
    cancelled, known: (t,) the days of the cancellation and from which the term was known; days since 1970-01-01,
    `NEVER` where there is none. yearly: (t,) money a year, NaN where nobody said."""

    customer: Days
    start: Days
    until: Days
    cancelled: Days
    known: Days
    yearly: Numbers

    def at(self, rows: Days | Flags) -> Terms:
        """Some of them, or all in another order."""
        return Terms(
            self.customer[rows], self.start[rows], self.until[rows], self.cancelled[rows], self.known[rows],
            self.yearly[rows],
        )  # fmt: skip


@dataclass(frozen=True, eq=False)
class Contracts:
    """Terms one after another, sorted by customer and first day, (u,) each; contracts of a customer that run beside
    each other are one term until all have ended.

    person: the customer as a number 0..c-1; renewed: renewals seen behind this term; followed: whether another renewed
    it; yearly: of all that run beside each other. as_of_day: the last day that was seen.

    What came to its end before the first renewal on record is not counted: a system that moves the last day of its
    contracts keeps no renewals, so what it shows of the time before are only those that ended.
    """

    customer: Days
    person: Days
    start: Days
    until: Days
    cancelled: Days
    yearly: Numbers
    renewed: Days
    followed: Flags
    as_of_day: int

    def __len__(self) -> int:
        return len(self.customer)

    @property
    def is_dated(self) -> Flags:
        """(u,) whether the term has a last day; one without runs until it is cancelled, so nothing is renewed."""
        return np.not_equal(self.until, NEVER)

    @property
    def is_due(self) -> Flags:
        """(u,) whether the renewal is decided: its day, and the days of grace, have passed. A renewal made ahead counts
        on that day too, since who will not renew says nothing ahead."""
        return np.asarray(self.is_dated & (self.until + 1 + GRACE_DAYS <= self.as_of_day))

    @property
    def is_counted(self) -> Flags:
        """(u,) whether the renewal is decided, and fell due when renewals were on record."""
        due = self.until + 1
        first = due[self.followed].min(initial=NEVER)
        return np.asarray(self.is_due & (due >= first))

    @property
    def length(self) -> Numbers:
        """(u,) years that the term lasts."""
        return np.where(self.is_dated, (self.until + 1 - self.start) / DAYS_PER_YEAR, np.inf)


def contracts_of(terms: Terms, as_of_day: int) -> Contracts:
    """The contracts as they were known at the end of that day."""
    terms = terms.at(terms.known <= as_of_day)
    terms = terms.at(np.lexsort((terms.until, terms.start, terms.customer)))
    person = np.cumsum(np.diff(terms.customer, prepend=-1) != 0) - 1
    reached = running_max(person, terms.until)
    first = np.flatnonzero(_begins(terms, person, reached))
    last = np.append(first[1:], len(person))[: len(first)] - 1
    cancelled = np.where(terms.cancelled > as_of_day, NEVER, terms.cancelled)
    until = reached[last]
    start, of = terms.start[first], person[first]
    apart = np.append(True, (of[1:] != of[:-1]) | (start[1:] > until[:-1] + 1 + GRACE_DAYS))[: len(first)]
    place = np.arange(len(first))
    renewed = place - np.maximum.accumulate(np.where(apart, place, 0))
    return Contracts(
        terms.customer[first], of, start, until,
        np.maximum.reduceat(cancelled, first) if len(first) else first,
        _together(terms.yearly, first), renewed, ~np.append(apart[1:], True)[: len(first)], as_of_day,
    )  # fmt: skip


def _begins(terms: Terms, person: Days, reached: Days) -> Flags:
    """(t,) whether a row begins a term of its own: none of its customer runs on for long after its first day."""
    before = np.append(-1, reached[:-1])[: len(reached)]
    length = np.append(0, (terms.until - terms.start)[:-1])[: len(reached)]
    early = np.minimum(GRACE_DAYS, length // 2)
    return np.asarray((np.diff(person, prepend=-1) != 0) | (terms.start > before - early))


def _together(yearly: Numbers, first: Days) -> Numbers:
    """(u,) sums over the rows of each term; NaN where nothing is known of any of them."""
    if not len(first):
        return np.zeros(0)
    known = np.add.reduceat((~np.isnan(yearly)).astype(np.int64), first)
    return np.where(known > 0, np.add.reduceat(np.nan_to_num(yearly), first), np.nan)


def renewals_seen(contracts: Contracts) -> Renewals:
    """What each contract faced until now, from the first term that is known of it."""
    last = ~contracts.followed
    chain = np.append(0, np.cumsum(last)[:-1])[: len(last)]
    faced = np.bincount(chain, weights=contracts.is_counted, minlength=int(last.sum())).astype(np.int64)
    return Renewals(
        contracts.person[last], np.zeros_like(faced), faced, np.asarray(contracts.is_counted[last], dtype=np.bool_)
    )  # fmt: skip


def renewed_between(contracts: Contracts, first_day: int, last_day: int) -> tuple[int, int]:
    """How many contracts came up for renewal within these days, where that is decided; how many were renewed."""
    due = contracts.is_counted & (contracts.until + 1 >= first_day) & (contracts.until + 1 <= last_day)
    return int(due.sum()), int((due & contracts.followed).sum())


def running(contracts: Contracts) -> Days:
    """Places of the last term of each customer whose contract runs, or ended so shortly ago that it may be renewed."""
    is_last = np.append(contracts.person[1:] != contracts.person[:-1], True)[: len(contracts)]
    begun = contracts.start - contracts.as_of_day <= 0
    lasts = contracts.is_dated & ~contracts.is_due
    stands = (contracts.cancelled == NEVER) | (contracts.until >= contracts.as_of_day)
    return np.flatnonzero(is_last & lasts & stands & (begun | (contracts.renewed > 0)))


def term_before(contracts: Contracts, customer: Days, day: Days) -> Days:
    """(n,) the place of the last term of each customer that began by that day; -1 for none."""
    at = np.searchsorted(contracts.customer * _WIDE + contracts.start, customer * _WIDE + day, side="right") - 1
    found = (at >= 0) & (np.append(contracts.customer, -1)[at] == customer)
    return np.where(found, at, -1)


def to_be_valued(contracts: Contracts, rows: Days, group: Days) -> ValuedContracts:
    """Contracts that run on the last day seen, by the places of `running`; group: (c,) of each person. Of what was
    cancelled only the rest of the term counts."""
    left = np.maximum(contracts.until[rows] - contracts.as_of_day, 0) / DAYS_PER_YEAR
    until = np.where(contracts.cancelled[rows] == NEVER, np.inf, left)
    of = group[contracts.person[rows]]
    return ValuedContracts(of, contracts.renewed[rows], left, _terms(contracts, rows, group), until)


def ended_with(contracts: Contracts, rows: Days, defected: Days, returned: Days) -> tuple[Flags, Numbers]:
    """Which of n departures ended a contract (n,), given the place (n,) of the term before each, and after how many
    years its last day came (n,): what was paid for until then is not lost. returned: (n,) `NEVER` while it lasts.

    A departure after which the contract was renewed all the same, and one long after it had ended, ended none.
    """
    known, at = rows >= 0, np.maximum(rows, 0)
    if not len(contracts):
        return np.zeros(len(rows), dtype=np.bool_), np.zeros(len(rows))
    recent = contracts.until[at] + LATEST_DAYS >= defected
    went_on = contracts.followed[at] & (returned == NEVER)
    left = np.maximum(contracts.until[at] + 1 - defected, 0) / DAYS_PER_YEAR
    return np.asarray(known & contracts.is_dated[at] & recent & ~went_on), left


def had_it_been_renewed(contracts: Contracts, rows: Days, group: Days, back: Numbers) -> ValuedContracts:
    """What a contract that was not renewed would have been worth on the day of renewing; back: (n,) years from then
    until the return, infinite where there was none."""
    term = _terms(contracts, rows, group)
    return ValuedContracts(group[contracts.person[rows]], contracts.renewed[rows] + 1, term, term, np.maximum(back, 0))


def _terms(contracts: Contracts, rows: Days, group: Days) -> Numbers:
    """(n,) years between renewals: the term that runs where it is a renewal itself. A first term may have another
    length, and a system that moved its last day shows many as one: there, what renewals of the group last mostly."""
    renewal = contracts.is_dated & (contracts.renewed > 0)
    of, length = group[contracts.person], contracts.length
    usual = np.full(int(group.max(initial=0)) + 1, np.nan)
    order = np.lexsort((length, of))
    order = order[renewal[order]]
    ends = np.searchsorted(of[order], np.arange(len(usual)), side="right")
    counts = np.bincount(of[order], minlength=len(usual))
    some = counts > 0
    usual[some] = length[order][(ends - counts + (counts - 1) // 2)[some]]
    own = contracts.length[rows]
    expected = np.where(contracts.renewed[rows] > 0, own, usual[of[rows]])
    return np.asarray(np.where(np.isnan(expected), own, expected))
