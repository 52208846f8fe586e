"""For what reasons customers left, as shares of all who left and as lost value: the one definition of both.

Three sources stay apart: what was `ticked` as the main reason, what was `written` (read by the serving model and
corrected by what people found in a sample of the answers), and the labels of people. Which of the first two a page
ranks by is `basis`: the words, as soon as enough of them were read by people, else the ticks.
"""

from dataclasses import dataclass, replace
from datetime import date

import numpy as np
from sqlalchemy import func, select

from survey.analyst import sharing
from survey.analyst.sharing import Amount, Estimate, Lost
from survey.defections.models import Defection
from survey.extensions import db
from survey.reports.counting import within
from survey.reports.evidence import Population, population
from survey.reports.lens import Lens
from survey.reports.period import DAY, Period, months_up_to
from survey.taxonomy.models import Reason

WRITTEN, TICKED, NOTHING = "written", "ticked", ""
#: answers read by people (of equal weight) from which words are ranked by
ENOUGH = 30


@dataclass(frozen=True, eq=False)
class ReasonShares:
    """The share of all who left in the period behind each of k reasons in use, in the order of the taxonomy.

    `ticked` (k,): of the main reason ticked; `written` (k,): of the words, empty where people have read none; both
    weighted for those who did not answer, 0 to 1 with 95 % intervals. `raw` (k,): the `best` of them unweighted;
    `widest` (k,): what the best may be if those who did not answer had all, or none of them, had the reason. Who writes
    may give several reasons, so written shares add up to more than 1; ticked ones to 1 at most.

    `answers`, `effective`: how many the best rest on, and how many of equal weight would say as much; `rate`: as a part
    of all who left. `reviewed`: read by people. `taught`: of those, how many the serving model learnt from;
    `without_model`: so many that only the labels count, else these were left out. `unread`: written, and not read by
    the serving model, so left out. `version_id`: the model by which all was read.
    """

    lens: Lens
    reasons: tuple[Reason, ...]
    basis: str
    ticked: tuple[Estimate, ...]
    written: tuple[Estimate, ...]
    raw: tuple[Estimate, ...]
    widest: tuple[tuple[float, float], ...]
    departures: int
    answered: int
    answers: int
    effective: float
    rate: float
    reviewed: int
    taught: int
    without_model: bool
    unread: int
    version_id: int | None

    @property
    def best(self) -> tuple[Estimate, ...]:
        """(k,) the shares to rank by; empty where nobody answered."""
        return self.written if self.basis == WRITTEN else self.ticked if self.basis == TICKED else ()

    @property
    def says_little(self) -> bool:
        """Too few answers for the period: a longer one says more."""
        return self.basis == NOTHING or self.effective < ENOUGH

    def of(self, code: str) -> Estimate | None:
        """The best share of one reason."""
        return next((each for reason, each in zip(self.reasons, self.best, strict=False) if reason.code == code), None)


@dataclass(frozen=True, eq=False)
class LostByReason:
    """Value lost in the period by each of k reasons, in the currency: `each` (k,) amounts with 95 % intervals.

    `total`: with all who left, whatever the reason. Who wrote several reasons counts under each. `can`, `cannot`: with
    those who gave a reason the business can influence, and with those who gave only others. How sure the value of one
    customer is, is in none of these intervals; see Defection.value_low. `method` (k,) as in Estimate, `basis` as in
    ReasonShares. `rows` is what `analysis.lost_from_intervals` takes.
    """

    lens: Lens
    reasons: tuple[Reason, ...]
    basis: str
    each: tuple[Amount, ...]
    method: tuple[str, ...]
    can: Amount
    cannot: Amount
    total: float

    @property
    def codes(self) -> tuple[str, ...]:
        return tuple(reason.code for reason in self.reasons)

    @property
    def influenceable(self) -> tuple[bool, ...]:
        return tuple(is_influenceable(reason) for reason in self.reasons)

    @property
    def rows(self) -> list[tuple[float, float, float]]:
        """(k, 3) estimate, low, high."""
        return [(amount.estimate, amount.low, amount.high) for amount in self.each]


@dataclass(frozen=True, eq=False)
class Estimates:
    """Both, of the same answers; `lost` is None where nobody answered or nothing was lost."""

    shares: ReasonShares
    lost: LostByReason | None
    population: Population

    def ranked(self) -> list[int]:
        """The places of the reasons, by lost value, the largest first; by share where no value is known."""
        best, lost = self.shares.best, self.lost
        if not best:
            return []
        amount = [each.estimate for each in lost.each] if lost else [each.estimate or 0.0 for each in best]
        return sorted(range(len(best)), key=lambda k: (-amount[k], -(best[k].estimate or 0.0)))


def is_influenceable(reason: Reason) -> bool:
    """At least in part; a reason of which nobody has said so yet counts as one that can be."""
    return reason.influence != "no"


def shares_of(lens: Lens) -> ReasonShares:
    """The share of all who left behind each reason; asks the database."""
    return _shares(population(lens))


def lost_by_reason(lens: Lens) -> LostByReason | None:
    """The value lost by reason in the period; None where nobody answered or nothing was lost."""
    return estimates_of(lens).lost


def estimates_of(lens: Lens) -> Estimates:
    """Shares and lost value of the same answers, with what they were made of."""
    found = population(lens)
    shares = _shares(found)
    return Estimates(shares, _lost(found, shares), found)


def count_departures(lens: Lens, most: int) -> int:
    """How many left in the period; `most` where there are more: nobody waits until all of them are counted."""
    some = lens.narrowed(select(Defection.id).where(within(lens)), Defection.customer_id).limit(most)
    return db.session.scalar(select(func.count()).select_from(some.subquery())) or 0


def widened(lens: Lens, today: date) -> Lens:
    """The twelve whole months up to the end of the period, where that is longer than it; else the same."""
    last = min(lens.period.last, today)
    months = months_up_to(last, 12)
    first = months[0].first if months else lens.period.first
    if first >= lens.period.first:
        return lens
    end = months[-1].last if (last + DAY).day == 1 else last
    return replace(lens, period=Period(first, end), period_name="custom")


def _shares(found: Population) -> ReasonShares:
    words, answered = found.words, int(found.answered.sum())
    written = sharing.estimates(words) if words is not None else ()
    is_enough = words is not None and words.effective >= ENOUGH
    basis = WRITTEN if is_enough else TICKED if answered else NOTHING
    best = words if basis == WRITTEN else found.ticks
    weights = found.written_weights if basis == WRITTEN else found.weights
    count, departures = len(best.weights) if best is not None else 0, len(found.leavers)
    raw = sharing.estimates(sharing.unweighted(best)) if best is not None and count else ()
    return ReasonShares(
        lens=found.lens,
        reasons=found.reasons,
        basis=basis,
        ticked=sharing.estimates(found.ticks),
        written=written,
        raw=raw,
        widest=tuple(sharing.widest(raw, count / departures)) if raw else (),
        departures=departures,
        answered=answered,
        answers=count,
        effective=weights.effective,
        rate=count / departures if departures else 0.0,
        reviewed=len(found.labels),
        taught=len(found.taught),
        without_model=found.without_model,
        unread=found.unread,
        version_id=found.version.id if found.version else None,
    )


def _lost(found: Population, shares: ReasonShares) -> LostByReason | None:
    evidence = found.words if shares.basis == WRITTEN else found.ticks
    rows = found.read if shares.basis == WRITTEN else found.answered
    if evidence is None or shares.basis == NOTHING:
        return None
    can = [is_influenceable(reason) for reason in found.reasons]
    total = float(np.round(found.leavers.value.sum(), 2))
    lost: Lost | None = sharing.lost(evidence, found.leavers.value[rows], can, total)
    if lost is None:
        return None
    method = tuple(each.method for each in shares.best)
    return LostByReason(found.lens, found.reasons, shares.basis, lost.each, method, lost.can, lost.cannot, lost.total)
