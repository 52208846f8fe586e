"""What each visit costs: the invoice lines, and the rows of the transaction file."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

import numpy as np

from survey.demo import visits as when
from survey.demo.business import (
    AIRCO,
    APK,
    BATTERY,
    BRAKES,
    BRANCHES,
    EMPLOYEES,
    EXTRA,
    LARGE,
    REPAIR,
    SERVICES,
    SMALL,
    TYRE_CHANGE,
    TYRES,
    Story,
)
from survey.demo.customers import Bools, Floats, Ints, People, calendar_day, customer_id, epoch_day
from survey.demo.visits import Visits

_SEGMENT_LEVEL = np.array([1.0, 0.97, 1.10])


@dataclass(frozen=True, slots=True)
class TransactionRow:
    """One line of the transaction file; the fields are its columns, in its order."""

    customer_id: str
    occurred_on: date
    amount: Decimal
    branch: str
    employee: str
    service: str
    transaction_id: str


@dataclass(frozen=True, slots=True)
class Lines:
    """One array element an invoice line: the visit, the service (an index of SERVICES), the price in cents."""

    visit: Ints
    service: Ints
    cents: Ints

    def of(self, visits: Bools) -> "Lines":
        """Only the lines of these visits."""
        chosen = visits[self.visit]
        return Lines(self.visit[chosen], self.service[chosen], self.cents[chosen])


def price_index(days: Ints, story: Story) -> Floats:
    """Prices on each day against those of the first year: a rise every January, and the one that hurt."""
    yearly = (1 + story.yearly_price_rise) ** (when.years(days) - story.start.year)
    risen = np.where(days >= epoch_day(story.price_rise_on), 1 + story.price_rise, 1.0)
    return np.asarray(yearly * risen, dtype=np.float64)


def invoice(rng: np.random.Generator, visits: Visits, people: People, story: Story) -> Lines:
    """The lines of every visit, in order of visit and service."""
    parts = _lines_by_kind(rng, visits)
    visit = np.concatenate([np.flatnonzero(chosen) for _, chosen in parts])
    service = np.concatenate([np.full(int(chosen.sum()), code) for code, chosen in parts])
    order = np.lexsort((service, visit))
    visit, service = visit[order], service[order]
    base = np.array([one.cents for one in SERVICES])[service]
    spread = np.array([one.spread for one in SERVICES])[service] * rng.standard_normal(len(service))
    who = visits.customer[visit]
    of_branch = np.array([branch.price_level for branch in BRANCHES])[people.branch[who]]
    level = of_branch * _SEGMENT_LEVEL[people.segment[who]] * price_index(visits.day[visit], story)
    cents = np.maximum(base * level * np.exp(spread), 1500)
    return Lines(visit, service, (np.round(cents / 5) * 5).astype(np.int64))


def _lines_by_kind(rng: np.random.Generator, visits: Visits) -> list[tuple[int, Bools]]:
    luck, more = rng.random(len(visits)), rng.random(len(visits))
    main, tyres = visits.kind == when.MAIN, visits.kind == when.TYRES
    repair = visits.kind == when.REPAIR
    large = main & ((visits.customer + when.years(visits.day)) % 2 == 0)
    return [
        (APK, main & (luck < 0.82)),
        (SMALL, main & ~large),
        (LARGE, large),
        (TYRE_CHANGE, tyres),
        (TYRES, (tyres & (luck < 0.12)) | (main & (more < 0.05))),
        (BRAKES, (repair & (luck < 0.22)) | (main & (more > 0.91))),
        (BATTERY, repair & (luck >= 0.22) & (luck < 0.36)),
        (REPAIR, repair & (luck >= 0.36)),
        (AIRCO, visits.kind == when.AIRCO),
        (EXTRA, visits.pushed),
    ]


def transaction_rows(visits: Visits, people: People, lines: Lines) -> list[TransactionRow]:
    """The lines of the transaction file by day, numbered like the invoices of a till: F2024-00001-1."""
    order = np.lexsort((lines.service, lines.visit, visits.day[lines.visit]))
    numbers = _invoice_numbers(visits)
    sellers = {one.branch: one.name for one in EMPLOYEES if one.role == "sales"}
    rows: list[TransactionRow] = []
    line, previous = 0, -1
    for visit, service, cents in zip(
        *(part[order].tolist() for part in (lines.visit, lines.service, lines.cents)), strict=True
    ):
        line = line + 1 if visit == previous else 1
        previous = visit
        branch = BRANCHES[people.branch[visits.customer[visit]]].name
        rows.append(
            TransactionRow(
                customer_id=customer_id(int(visits.customer[visit])),
                occurred_on=calendar_day(visits.day[visit]),
                amount=Decimal(cents).scaleb(-2),
                branch=branch,
                employee=sellers[branch] if service == EXTRA else EMPLOYEES[visits.employee[visit]].name,
                service=SERVICES[service].name,
                transaction_id=f"{numbers[visit]}-{line}",
            )
        )
    return rows


def _invoice_numbers(visits: Visits) -> list[str]:
    """By visit: the calendar year and a number that counts up through the year."""
    year = when.years(visits.day)
    order = np.lexsort((visits.customer, visits.day))
    numbers = np.empty(len(visits), dtype=np.int64)
    for one in np.unique(year):
        inside = order[year[order] == one]
        numbers[inside] = np.arange(1, len(inside) + 1)
    return [f"F{y}-{n:05d}" for y, n in zip(year.tolist(), numbers.tolist(), strict=True)]
