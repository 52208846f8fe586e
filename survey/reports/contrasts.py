"""Whether the reasons changed, and whether they differ between groups of customers: only what is more than chance.

Everything compared was read by one version of the model, the serving one; what it has not read is left out. All
comparisons of one page are judged together, so that of those shown about one in twenty is none.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from survey.analyst import Flags, day_number, sharing
from survey.analyst.sharing import Difference, Estimate, Evidence
from survey.customers.models import Branch
from survey.extensions import db
from survey.reports.evidence import Population, population
from survey.reports.period import Period, months_up_to

QUARTERS = 8
#: groups of fewer answers are not held against the rest
SMALLEST = 10


@dataclass(frozen=True)
class Quarter:
    """The shares of one quarter, (k,), and how many answers they rest on."""

    period: Period
    answers: int
    shares: tuple[Estimate, ...]


@dataclass(frozen=True)
class Contrasts:
    """What differs. `since`: the period against the one `before` it; `quarters`, oldest first, and where one really
    differs from the one before it (`steps`); `segments` and `branches`: a group against all others, in the period."""

    before: Period
    since: tuple[Difference, ...]
    quarters: tuple[Quarter, ...]
    steps: tuple[Difference, ...]
    segments: tuple[Difference, ...]
    branches: tuple[Difference, ...]


def contrasts(found: Population, of_words: bool) -> Contrasts:
    """`found`: the population of the page; `of_words`: compare what was written, else what was ticked."""
    lens, before = found.lens, found.lens.period.before()
    quarters = quarters_up_to(lens.period)
    first = min(before.first, quarters[0].first if quarters else before.first)
    wide = _by_quarter(population(replace(lens, period=Period(first, lens.period.last))), quarters)
    answers, days = _answers(wide, of_words)
    parts = [_part(answers, days, period) for period in quarters]
    return Contrasts(
        before,
        _real([(("", _part(answers, days, lens.period)), ("", _part(answers, days, before)))], found.model),
        tuple(_quarter(period, part) for period, part in zip(quarters, parts, strict=True)),
        _real(_steps(quarters, parts), found.model),
        _groups(found, of_words, found.characteristics["segment"], {}),
        _groups(found, of_words, found.characteristics["branch"], _branch_names()),
    )


def quarters_up_to(period: Period) -> list[Period]:
    """The last whole calendar quarters that ended by the end of the period, oldest first."""
    months = months_up_to(period.last, 3 * QUARTERS + 2)
    ends = [place for place, month in enumerate(months) if month.last.month % 3 == 0 and place >= 2]
    return [Period(months[place - 2].first, months[place].last) for place in ends][-QUARTERS:]


def _by_quarter(wide: Population, quarters: Sequence[Period]) -> Population:
    """The same, weighted so that each quarter stands for all who left in it."""
    starts = [day_number(period.first) for period in quarters]
    group = np.searchsorted(np.array(starts, dtype=np.int64), wide.leavers.day, side="right")
    return replace(wide, group=tuple(group.astype(str).tolist()))


def _answers(found: Population, of_words: bool) -> tuple[Evidence | None, np.ndarray]:
    rows = found.read if of_words else found.answered
    return (found.words if of_words else found.ticks), found.leavers.day[rows]


def _part(answers: Evidence | None, days: np.ndarray, period: Period) -> Evidence | None:
    chosen = (days >= day_number(period.first)) & (days <= day_number(period.last))
    return _among(answers, chosen)


def _among(answers: Evidence | None, chosen: Flags) -> Evidence | None:
    """Those chosen, where people have read any of them."""
    return None if answers is None else sharing.among(answers, chosen)


def _quarter(period: Period, answers: Evidence | None) -> Quarter:
    if answers is None:
        return Quarter(period, 0, ())
    return Quarter(period, len(answers.weights), sharing.estimates(answers))


def _steps(
    quarters: Sequence[Period], parts: Sequence[Evidence | None]
) -> list[tuple[tuple[str, Evidence | None], tuple[str, Evidence | None]]]:
    named = [(period.first.isoformat(), part) for period, part in zip(quarters, parts, strict=True)]
    return list(zip(named[1:], named[:-1], strict=True))


def _groups(found: Population, of_words: bool, values: Sequence[str], names: dict[str, str]) -> tuple[Difference, ...]:
    """Every group with answers enough against all others."""
    answers, rows = _answers(found, of_words)[0], found.read if of_words else found.answered
    of = np.array(values, dtype=np.object_)[rows]
    pairs = []
    for value in sorted({value for value in of.tolist() if value not in ("", "None")}):
        here = of == value
        if min(here.sum(), (~here).sum()) >= SMALLEST:
            name = names.get(value, value)
            pairs.append(((name, _among(answers, here)), ("", _among(answers, ~here))))
    return _real(pairs, found.model)


def _branch_names() -> dict[str, str]:
    return {str(key): name for key, name in db.session.query(Branch.id, Branch.name)}


def _real(
    pairs: Sequence[tuple[tuple[str, Evidence | None], tuple[str, Evidence | None]]], model: str
) -> tuple[Difference, ...]:
    known = [((a, now), (b, before)) for (a, now), (b, before) in pairs if now is not None and before is not None]
    return tuple(sharing.real_differences(known, model))
