"""What is told of contracts on the page of values: which segments are valued by them, why, and how many are renewed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask_babel import gettext as _
from flask_babel import ngettext

from survey import formats
from survey.analyst.contracting import Renewal, Retained
from survey.reports.value.sentences import segment_name

#: the share of a segment's customers who are valued by contract, from which the segment is called contractual
MOSTLY = 0.5


@dataclass(frozen=True)
class Renewed:
    """Of `faced` contracts at a renewal with this number so many were renewed; share, low, high and surviving: shares,
    the last of new contracts that still run after it. number: 0 for all renewals together."""

    number: int
    faced: int
    renewed: int
    share: float
    low: float
    high: float
    surviving: float


@dataclass(frozen=True)
class Kept:
    """The contracts of a segment. customers: who are there; by_contract: of those, valued by their contract; held: who
    has or had one; ahead: years that those still run; lacking: what is missing to value by them."""

    segment: str
    customers: int
    by_contract: int
    held: int
    running: int
    ahead: float
    all: Renewed
    renewals: list[Renewed]
    lacking: list[Any]

    @property
    def is_contractual(self) -> bool:
        return self.by_contract >= MOSTLY * max(self.customers, 1)


def kept_of(found: Sequence[Retained], there: Mapping[str, tuple[int, int]], told: Any) -> list[Kept]:
    """By segment; `there`: how many customers are there, and how many of those are valued by contract; `told` makes
    what is missing ready to be stored."""
    return [
        Kept(
            each.segment, *there.get(each.segment, (0, 0)), each.contracts, each.running, each.ahead,
            _renewed(each.all), [_renewed(renewal) for renewal in each.renewals], told(each.missing),
        )
        for each in found
    ]  # fmt: skip


def _renewed(renewal: Renewal) -> Renewed:
    share = renewal.share
    return Renewed(
        renewal.number, renewal.faced, renewal.renewed, share.estimate or 0.0, share.low, share.high, renewal.surviving
    )


def revived(rows: Sequence[Mapping[str, Any]]) -> list[Kept]:
    """What was stored, as it was; figures of before there were contracts have none."""
    made = []
    for row in rows:
        renewals = [Renewed(**each) for each in row["renewals"]]
        made.append(Kept(**{**row, "all": Renewed(**row["all"]), "renewals": renewals}))
    return made


def unseen(signed: int) -> str:
    """What is said while contracts are on record and no renewal is."""
    return str(
        ngettext(
            "%(count)s customer has a contract, but no renewal is on record yet, so nobody is valued by it. A file of "
            "contracts with the terms of the past years tells how many were renewed.",
            "%(count)s customers have a contract, but no renewal is on record yet, so nobody is valued by it. A file "
            "of contracts with the terms of the past years tells how many were renewed.",
            signed, count=formats.count(signed),
        )
    )  # fmt: skip


def sentence(kept: Kept) -> str:
    """How a segment is valued, and why."""
    name = segment_name(kept.segment)
    if kept.lacking:
        missing = " ".join(_lacking(each) for each in kept.lacking)
        return str(
            _(
                "%(segment)s: there are contracts (%(held)s customers), but too few have come to a renewal to value "
                "by them. %(missing)s Until then the visits are counted.",
                segment=name, held=formats.count(kept.held), missing=missing,
            )
        )  # fmt: skip
    if kept.is_contractual:
        return _contractual(kept, name)
    return str(
        _(
            "%(segment)s is valued by visits, since most of its customers have no contract with a last day; "
            "%(some)s of %(customers)s do and are valued by it.",
            segment=name, some=formats.count(kept.by_contract), customers=formats.count(kept.customers),
        )
    )  # fmt: skip


def _lacking(missing: Any) -> str:
    """What is missing before contracts can be valued by their renewals."""
    more = max(1, round(missing["more"]))
    told = {
        "customers": ngettext(
            "%(num)d more customer with a contract is needed.", "%(num)d more customers with a contract are needed.",
            more,
        ),
        "defections": ngettext(
            "%(num)d more contract that was not renewed is needed.",
            "%(num)d more contracts that were not renewed are needed.",
            more,
        ),
        "years": _("Contracts of a whole year are needed."),
    }  # fmt: skip
    return str(told[missing["reason"]])


def _contractual(kept: Kept, name: str) -> str:
    told = _(
        "%(segment)s is valued by contracts, not by visits: %(some)s of %(customers)s customers have one with a last "
        "day, and it brings what it brings until then, whether they come or not.",
        segment=name, some=formats.count(kept.by_contract), customers=formats.count(kept.customers),
    )  # fmt: skip
    ahead = max(1, round(kept.ahead * 12))
    rest = ngettext(
        "After that (on average in %(num)d month) it counts as often as such contracts are renewed: %(share)s.",
        "After that (on average in %(num)d months) it counts as often as such contracts are renewed: %(share)s.",
        ahead, share=share_of(kept.all),
    )  # fmt: skip
    return f"{told} {rest}"


def share_of(renewed: Renewed) -> str:
    """A share of renewals with its interval and what it is of."""
    return str(
        _(
            "%(share)s (%(low)s to %(high)s; %(renewed)s of %(faced)s)",
            share=formats.percent(renewed.share, 0), low=formats.percent(renewed.low, 0),
            high=formats.percent(renewed.high, 0), renewed=formats.count(renewed.renewed),
            faced=formats.count(renewed.faced),
        )
    )  # fmt: skip


def number_of(renewed: Renewed) -> str:
    """Which renewal it is."""
    names = {1: _("first renewal"), 2: _("second renewal"), 3: _("third renewal"), 4: _("fourth renewal and later")}
    return str(names[renewed.number])
