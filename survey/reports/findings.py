"""All that is found of the reasons of a period: worked out at once or, for very many departures, by a job before."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date
from typing import Any

from sqlalchemy import select

from survey.analyst import Flags, sharing
from survey.analyst.sharing import Agreement, Amount, Difference, Estimate
from survey.clock import now
from survey.extensions import db
from survey.reports.contrasts import Contrasts, Quarter, contrasts
from survey.reports.estimates import (
    WRITTEN,
    Estimates,
    LostByReason,
    ReasonShares,
    count_departures,
    estimates_of,
    widened,
)
from survey.reports.lens import Lens
from survey.reports.models import StoredFigure
from survey.reports.period import Period
from survey.taxonomy.models import OTHER
from survey.taxonomy.queries import active_reasons

NAME, PRICE = "shares", "price"
#: up to so many departures are worked out while a page waits; comparisons, which take longer, are always a job's
LIVE = 2_000


@dataclass(frozen=True, eq=False)
class Findings:
    """Shares, lost value, and ticks held against words (k,); `price`: what those wrote who ticked the price (k,), empty
    where people read none. `contrasts`: what changed; None where no job has compared it yet, else as of
    `compared_on`. `as_of`: the day on which a job worked out the rest; None: it is as things are now.
    """

    shares: ReasonShares
    lost: LostByReason | None
    agreement: tuple[Agreement, ...]
    price: tuple[Estimate, ...]
    contrasts: Contrasts | None = None
    compared_on: date | None = None
    as_of: date | None = None

    def ranked(self) -> list[int]:
        """The places of the reasons, by lost value, the largest first; by share where no value is known."""
        best, lost = self.shares.best, self.lost
        amount = [each.estimate for each in lost.each] if lost else [each.estimate or 0.0 for each in best]
        return sorted(range(len(best)), key=lambda k: (-amount[k], -(best[k].estimate or 0.0)))

    @property
    def top(self) -> int | None:
        """The place of the reason that costs most, of those that name a cause; None where nobody answered."""
        return self.first_cause(self.ranked()) if self.shares.best else None

    def first_cause(self, places: Sequence[int]) -> int:
        """The first of these places whose reason names a cause; where nobody gave one, the first of all."""
        causes = (k for k in places if self.shares.reasons[k].code != OTHER and self.shares.best[k].estimate)
        return next(causes, places[0])


def findings(lens: Lens) -> Findings | None:
    """What is found for the lens; None where that takes a job which has not run for it yet."""
    kept = stored(lens)
    if count_departures(lens, LIVE + 1) > LIVE:
        return kept
    own = _found_now(estimates_of(lens))
    return replace(own, contrasts=kept.contrasts, compared_on=kept.as_of) if kept else own


def findings_for(lens: Lens, today: date) -> Findings | None:
    """The same, or where too few answered, of the year up to the end of the period; `shares.lens` says which."""
    found = findings(lens)
    longer = widened(lens, today)
    if found is None or longer == lens or not found.shares.says_little:
        return found
    wider = findings(longer)
    return wider if wider and wider.shares.best else found


def work_out(lens: Lens) -> Findings:
    """Everything, comparisons too, from the rows as they are now."""
    found = estimates_of(lens)
    return replace(_found_now(found), contrasts=contrasts(found.population, found.shares.basis == WRITTEN))


def _found_now(found: Estimates) -> Findings:
    words, ticked = found.population.words, found.population.both_ticked
    if words is None:
        return Findings(found.shares, found.lost, (), ())
    return Findings(found.shares, found.lost, sharing.agreement(words, ticked), _instead_of_price(found, ticked))


def _instead_of_price(found: Estimates, ticked: Flags) -> tuple[Estimate, ...]:
    """What those wrote who ticked the price."""
    column = next((k for k, reason in enumerate(found.shares.reasons) if reason.code == PRICE), None)
    words = found.population.words
    if column is None or words is None:
        return ()
    theirs = sharing.among(words, ticked[:, column])
    return sharing.estimates(theirs) if theirs is not None else ()


def scope_of(lens: Lens) -> str:
    """Under what the figure of a lens is stored: whom it is about, and the days."""
    branches = sorted(lens.user.branch_ids) if lens.branch_id is None else [lens.branch_id]
    whom = [f"branches:{','.join(map(str, branches))}"] if branches else []
    whom += [f"segment:{lens.segment}"] if lens.segment is not None else []
    return "|".join([*whom, f"{lens.period.first}..{lens.period.last}"])


def store(lens: Lens, payload: dict[str, Any], as_of: date) -> None:
    """Keep what `to_store` gave in the place of what stood there. Flushes."""
    row = db.session.scalar(select(StoredFigure).where(*_place(lens)))
    if row is None:
        row = StoredFigure(name=NAME, scope=scope_of(lens))
    row.as_of, row.payload, row.created_at = as_of, payload, now()
    db.session.add(row)
    db.session.flush()


def stored(lens: Lens) -> Findings | None:
    """What a job found for this lens, where the reasons are still those of then."""
    row = db.session.scalar(select(StoredFigure).where(*_place(lens)))
    if row is None or row.payload["codes"] != [reason.code for reason in active_reasons()]:
        return None
    return replace(_found(row.payload, lens), as_of=row.as_of, compared_on=row.as_of)


def _place(lens: Lens) -> tuple[Any, ...]:
    return StoredFigure.name == NAME, StoredFigure.scope == scope_of(lens)


def to_store(found: Findings) -> dict[str, Any]:
    """As plain rows; the lens and the reasons are known to whoever reads it."""
    shares = {
        name: [asdict(each) for each in value] if name in ("ticked", "written", "raw") else value
        for name, value in vars(found.shares).items()
        if name not in ("lens", "reasons")
    }
    lost = found.lost and {
        "each": [asdict(each) for each in found.lost.each],
        "can": asdict(found.lost.can),
        "cannot": asdict(found.lost.cannot),
        "total": found.lost.total,
        "method": list(found.lost.method),
    }
    return {
        "codes": [reason.code for reason in found.shares.reasons],
        "shares": shares | {"widest": [list(ends) for ends in found.shares.widest]},
        "lost": lost,
        "agreement": [asdict(each) for each in found.agreement],
        "price": [asdict(each) for each in found.price],
        "contrasts": _days_as_words(asdict(found.contrasts)) if found.contrasts else None,
    }


def _days_as_words(value: Any) -> Any:
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, dict):
        return {key: _days_as_words(each) for key, each in value.items()}
    return [_days_as_words(each) for each in value] if isinstance(value, list | tuple) else value


def _found(payload: dict[str, Any], lens: Lens) -> Findings:
    reasons, given = tuple(active_reasons()), dict(payload["shares"])
    for name in ("ticked", "written", "raw"):
        given[name] = _estimates(given[name])
    given["widest"] = tuple((low, high) for low, high in given["widest"])
    shares = ReasonShares(lens=lens, reasons=reasons, **given)
    agreement = tuple(
        Agreement(**{name: _tuple(value) for name, value in each.items()}) for each in payload["agreement"]
    )
    compared = _contrasts(payload["contrasts"]) if payload["contrasts"] else None
    return Findings(shares, _lost(payload["lost"], shares), agreement, _estimates(payload["price"]), compared)


def _tuple(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def _lost(given: dict[str, Any] | None, shares: ReasonShares) -> LostByReason | None:
    if given is None:
        return None
    each, ends = (
        tuple(Amount(**amount) for amount in given["each"]),
        (Amount(**given["can"]), Amount(**given["cannot"])),
    )
    return LostByReason(
        shares.lens, shares.reasons, shares.basis, each, tuple(given["method"]), *ends, total=given["total"]
    )


def _contrasts(given: dict[str, Any]) -> Contrasts:
    quarters = [
        Quarter(_period(each["period"]), each["answers"], _estimates(each["shares"])) for each in given["quarters"]
    ]
    real = {
        name: tuple(Difference(**each) for each in given[name]) for name in ("since", "steps", "segments", "branches")
    }
    return Contrasts(before=_period(given["before"]), quarters=tuple(quarters), **real)


def _period(given: dict[str, str]) -> Period:
    return Period(date.fromisoformat(given["first"]), date.fromisoformat(given["last"]))


def _estimates(given: Any) -> tuple[Estimate, ...]:
    return tuple(Estimate(**each) for each in given)
