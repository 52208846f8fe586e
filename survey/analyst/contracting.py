"""The leaf of contracts: who renews, what a contract that runs is worth, and what was lost with one that ended."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date

import numpy as np

from analysis.defection.histories import NEVER as NEVER
from analysis.shares import wilson
from analysis.value import renewing
from analysis.value.contractual import contract_spending, contract_years, renewal_rates, retention
from analysis.value.first import DAYS_PER_YEAR
from analysis.value.hazards import Hazards
from analysis.value.settings import ValueSettings
from analysis.value.spending import Spending
from analysis.value.thin import Thin, thin_groups
from analysis.value.worth import Worth, worth_of
from survey.analyst import STILL_GONE, Flags, Ints, Share, day_number
from survey.analyst.valued import Departures, Money, People, Signed, Valued, valued

#: renewals that are told apart: the first, the second, the third, and all later ones
NUMBERS = (0, 1, 2, 3)


@dataclass(frozen=True)
class Renewal:
    """Of `faced` contracts that came to their renewal with this `number`, 1 and up, so many were renewed.
    surviving: the share of new contracts that still runs after it."""

    number: int
    faced: int
    renewed: int
    share: Share
    surviving: float


@dataclass(frozen=True)
class Retained:
    """The contracts of a segment. contracts: customers who have or had one; running: whose contract has a last day and
    runs, or ended so shortly ago that it may be renewed; ahead: years that those still run on average; missing: what is
    missing before they can be valued by their renewals."""

    segment: str
    contracts: int
    running: int
    ahead: float
    all: Renewal
    renewals: tuple[Renewal, ...]
    missing: tuple[Thin, ...]


@dataclass(frozen=True, eq=False)
class Holders:
    """Contracts as of a day, with the segment (c,) of each person in them as a number of `names`, what each is said to
    be worth a year (c,), and what is learnt from renewals; `missing` by segment (g,)."""

    contracts: renewing.Contracts
    names: list[str]
    group: Ints
    said: Money
    rates: Hazards
    missing: tuple[tuple[Thin, ...], ...]
    settings: ValueSettings

    @property
    def thin(self) -> Flags:
        """(g,) whether too few renewals were seen of a segment."""
        return np.array([bool(each) for each in self.missing], dtype=np.bool_)


def holders(people: People, settings: ValueSettings, as_of: date) -> Holders | None:
    """What the contracts of these people show by the end of a day; None before any came up for renewal."""
    day = day_number(as_of)
    contracts = renewing.contracts_of(people.signed, day)
    seen = renewing.renewals_seen(contracts)
    if not seen.after.any():
        return None
    at = np.searchsorted(people.customer, np.unique(contracts.customer))
    names, of = np.unique(np.array(people.segment, dtype=str), return_inverse=True)
    group = of[at]
    rates = renewal_rates(seen, group, NUMBERS)
    years = (day + 1 - int(contracts.start.min())) / DAYS_PER_YEAR
    said = people.yearly[at]
    return Holders(contracts, [str(n) for n in names], group, said, rates, thin_groups(rates, years), settings)


def running(found: Holders, gone: Departures, visited: Valued | None) -> Valued | None:
    """What the contracts that run are worth, by customer; None where nobody has one that can be valued.

    Left out: who has left by the definition; whose money nobody knows, neither the business nor the visits `visited`;
    and, of a segment with too few renewals, who can be valued by visits.
    """
    contracts = found.contracts
    rows = renewing.running(contracts)
    open_ones = gone.customer[(gone.returned_day == STILL_GONE) & (gone.defected_day <= contracts.as_of_day)]
    rows = rows[~np.isin(contracts.customer[rows], open_ones)]
    spent, is_known = _money(found, rows, _Beside.of(visited, contracts.customer[rows]))
    thin = found.thin[found.group[contracts.person[rows]]]
    wanted = is_known & ~(thin & _comes(visited, contracts.customer[rows]))
    rows = rows[wanted]
    if not len(rows):
        return None
    years = contract_years(found.rates, renewing.to_be_valued(contracts, rows, found.group), found.settings)
    made = worth_of(_some(spent, wanted), years, found.settings)
    return valued(contracts.customer[rows], made, _is_said(found, rows), thin[wanted], True)


def ended(found: Holders, gone: Departures, visited: Valued | None) -> tuple[Ints, Valued] | None:
    """What was lost with departures that ended a contract, and their places among those given; None where none did.
    `visited`: the same departures valued by visits, as far as there were any."""
    contracts = found.contracts
    term = renewing.term_before(contracts, gone.customer, gone.defected_day)
    returned = np.where(gone.returned_day == STILL_GONE, NEVER, gone.returned_day)
    ends, left = renewing.ended_with(contracts, term, gone.defected_day, returned)
    place = np.flatnonzero(ends)
    rows = term[place]
    spent, is_known = _money(found, rows, _Beside.of_departures(visited, gone, place))
    thin = found.thin[found.group[contracts.person[rows]]]
    wanted = is_known & ~(thin & _comes(visited, gone.customer[place]))
    place, rows = place[wanted], rows[wanted]
    if not len(place):
        return None
    back = np.where(returned[place] == NEVER, np.inf, (returned[place] - contracts.until[rows] - 1) / DAYS_PER_YEAR)
    years = contract_years(
        found.rates, renewing.had_it_been_renewed(contracts, rows, found.group, back), found.settings
    )
    later = np.exp(-found.settings.force * left[place])
    years = replace(years, years=years.years * later, slope=years.slope * later[:, None])
    made = worth_of(_some(spent, wanted), years, found.settings)
    return place, valued(contracts.customer[rows], made, _is_said(found, rows), thin[wanted], True)


def retained(found: Holders) -> list[Retained]:
    """How often contracts are renewed, by segment."""
    contracts, kept = found.contracts, retention(found.rates)
    rows = renewing.running(contracts)
    of = found.group[contracts.person[rows]]
    left = np.maximum(contracts.until[rows] - contracts.as_of_day, 0) / DAYS_PER_YEAR
    some = []
    for at, name in enumerate(found.names[: len(found.missing)]):
        held = int((found.group == at).sum())
        if not held:
            continue
        ahead = float(left[of == at].mean()) if (of == at).any() else 0.0
        renewals = tuple(
            Renewal(
                k + 1, int(kept.faced[at, k]), int(kept.renewed[at, k]),
                Share(float(kept.estimate[at, k]), float(kept.low[at, k]), float(kept.high[at, k])),
                float(kept.surviving[at, k]),
            )
            for k in range(len(NUMBERS))
            if kept.faced[at, k] > 0
        )  # fmt: skip
        faced, renewed = (sum(getattr(each, part) for each in renewals) for part in ("faced", "renewed"))
        together = Renewal(0, faced, renewed, _share(renewed, faced), renewals[-1].surviving if renewals else 1.0)
        some.append(Retained(name, held, int((of == at).sum()), ahead, together, renewals, found.missing[at]))
    return some


@dataclass(frozen=True)
class CameUp:
    """Contracts that came up for renewal within a period, as far as that is decided, and how many were renewed."""

    faced: int
    renewed: int
    share: Share


def came_up(signed: Signed, as_of: date, periods: Mapping[str, tuple[date, date]]) -> dict[str, CameUp]:
    """Renewals of each period, first and last day included, by its name."""
    contracts = renewing.contracts_of(signed, day_number(as_of))
    found = {}
    for name, (first, last) in periods.items():
        faced, renewed = renewing.renewed_between(contracts, day_number(first), day_number(last))
        found[name] = CameUp(faced, renewed, _share(renewed, faced))
    return found


def _share(count: int, total: int) -> Share:
    interval = wilson([count], [total])
    return Share(count / total if total else None, float(interval.low[0]), float(interval.high[0]))


@dataclass(frozen=True, eq=False)
class _Beside:
    """The rows (n,) of a worth by visits that tell what each of n customers spends; is_there: whether there is one."""

    worth: Worth | None
    rows: Ints
    is_there: Flags

    @classmethod
    def of(cls, visited: Valued | None, customers: Ints) -> _Beside:
        """By customer, of customers who are there; `visited` is sorted by customer."""
        if visited is None or not len(visited.customer):
            return cls(None, np.zeros(len(customers), dtype=np.int64), np.zeros(len(customers), dtype=np.bool_))
        place = np.minimum(np.searchsorted(visited.customer, customers), len(visited.customer) - 1)
        return cls(visited.worth, place, visited.customer[place] == customers)

    @classmethod
    def of_departures(cls, visited: Valued | None, gone: Departures, place: Ints) -> _Beside:
        """By departure; `visited` holds those of customers with visits, in the same order."""
        if visited is None or not len(visited.customer):
            return cls.of(None, gone.customer[place])
        has_visits = np.isin(gone.customer, visited.customer)
        return cls(visited.worth, np.maximum(np.cumsum(has_visits) - 1, 0)[place], has_visits[place])


def _money(found: Holders, rows: Ints, beside: _Beside) -> tuple[Spending, Flags]:
    """What each contract brings in a year: what the business said of it, or of the customer, else what the visits came
    to; and whether that is known of each."""
    said = _said(found, rows)
    told = ~np.isnan(said)
    spent = contract_spending(np.maximum(np.nan_to_num(said), 0.0))
    if beside.worth is None:
        return spent, told
    own = _some(beside.worth.spending, beside.rows)
    return replace(
        own,
        yearly=np.where(told, spent.yearly, own.yearly),
        variance=np.where(told, 0.0, own.variance),
        leaning=np.where(told[:, None], 0.0, own.leaning),
    ), told | beside.is_there


def _said(found: Holders, rows: Ints) -> Money:
    yearly = found.contracts.yearly[rows]
    return np.where(np.isnan(yearly), found.said[found.contracts.person[rows]], yearly)


def _is_said(found: Holders, rows: Ints) -> Flags:
    return np.asarray(~np.isnan(_said(found, rows)))


def _comes(visited: Valued | None, customers: Ints) -> Flags:
    return np.isin(customers, visited.customer if visited is not None else np.zeros(0, dtype=np.int64))


def _some(spent: Spending, rows: Flags | Ints) -> Spending:
    return replace(
        spent, yearly=spent.yearly[rows], variance=spent.variance[rows], own=spent.own[rows], group=spent.group[rows],
        leaning=spent.leaning[rows],
    )  # fmt: skip
