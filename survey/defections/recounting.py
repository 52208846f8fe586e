"""The rate as it would have been, had one definition held for the whole history: so that no break lies in it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import reduce
from operator import add

import numpy as np
from sqlalchemy import func, select

from survey.analyst.detecting import Applied
from survey.analyst.recounting import CountedRates, Grouped, rate_counts
from survey.customers.models import Customer, CustomerHistory
from survey.defections import definitions, detection
from survey.defections.days import column, rows_of
from survey.defections.detection import AppliedRule
from survey.defections.histories import Range, visits_of
from survey.defections.models import Definition
from survey.extensions import db

NO_BRANCH = 0
#: a branch, or none, and a segment
Cell = tuple[int, str]


@dataclass(frozen=True)
class Month:
    """How many were at risk at the start of a month, and how many of them left in it."""

    first: date
    left: int
    at_risk: int


@dataclass(frozen=True)
class Recount:
    """A definition ready to be applied to all customers, whatever their segment, over all months."""

    as_of: date
    applied: AppliedRule
    #: first and last day of each month, from that of the first visit to that of the day
    months: tuple[tuple[date, date], ...]
    #: the number of each branch and segment with customers; the segment is empty where it is not counted apart
    cells: dict[Cell, int]

    def count(self, customers: Range) -> CountedRates:
        """The counts of a batch, by cell. Reads only, a query for each kind of fact."""
        facts = self.applied.facts(customers, self.as_of)
        applied = Applied(self.applied.rule, self.applied.population.interval, facts)
        return rate_counts(visits_of(customers, self.as_of), applied, self.as_of, self.months, self._people(customers))

    def summed(self, batches: Iterable[CountedRates]) -> CountedRates:
        """The counts of all batches together."""
        nobody = np.zeros((len(self.cells), len(self.months)), dtype=np.int64)
        return reduce(add, batches, CountedRates(nobody, nobody))

    def told(self, counts: CountedRates, branch_id: int | None = None, segment: str = "") -> list[Month]:
        """The months of all customers, or those of a branch, a segment or a segment of a branch."""
        cells = [branch_id in (None, branch) and segment in ("", name) for branch, name in self.cells]
        chosen = counts.of(np.array(cells, dtype=bool))
        firsts = (first for first, _ in self.months)
        figures = zip(firsts, chosen.left.tolist(), chosen.at_risk.tolist(), strict=True)
        return [Month(first, left, at_risk) for first, left, at_risk in figures]

    def _people(self, customers: Range) -> Grouped:
        query = select(Customer.id, Customer.branch_id, Customer.segment).where(customers.among(Customer.id))
        rows = rows_of(query.order_by(Customer.id))
        cells = (self._cell(branch or NO_BRANCH, segment) for _, branch, segment in rows)
        return Grouped(column(rows, 0), np.fromiter(cells, dtype=np.int64, count=len(rows)), len(self.cells))

    def _cell(self, branch: int, segment: str) -> int:
        """Of who came to another branch since the cells were made, that of no branch: counted among all, and nowhere
        else."""
        found = self.cells.get((branch, segment), self.cells.get((branch, "")))
        return self.cells[NO_BRANCH, ""] if found is None else found


def prepare(definition: Definition, as_of: date, segments: Collection[str] = ()) -> Recount:
    """What holds for all batches: what the definition needs to know of those it is for, the months, and the cells.

    segments: those that are counted apart.
    """
    applied = detection.applied(definition, definitions.in_force(as_of), as_of)
    first = db.session.scalar(select(func.min(CustomerHistory.first_on)))
    return Recount(as_of, applied, tuple(_months(first or as_of, as_of)), _cells(segments))


def recount(definition: Definition, as_of: date, batches: Sequence[Range]) -> list[Month]:
    """Monthly counts of everybody under one definition."""
    ready = prepare(definition, as_of)
    return ready.told(ready.summed(ready.count(some) for some in batches))


def _cells(segments: Collection[str]) -> dict[Cell, int]:
    rows = db.session.execute(select(Customer.branch_id, Customer.segment).distinct())
    found = {(branch or NO_BRANCH, segment if segment in segments else "") for branch, segment in rows}
    return {cell: number for number, cell in enumerate(sorted(found | {(NO_BRANCH, "")}))}


def _months(first: date, last: date) -> Iterable[tuple[date, date]]:
    start = first.replace(day=1)
    while start <= last:
        following = (start + timedelta(days=31)).replace(day=1)
        yield start, following - timedelta(days=1)
        start = following


def figure_name(definition_id: int) -> str:
    """What the stored figure is called."""
    return f"rate_under:{definition_id}"
