"""The defection rate. Its one definition, and the queries behind it.

A customer's life is a row of *spells*. The first spell begins with the first visit; it ends on the day the
definition of defection was met (`defected_on`). A customer who comes back begins a new spell on the day of the
return. Of a period:

- **at risk** are the customers with a spell that began before the period and had not ended by then;
- **left** are those of them whose spell ended within the period.

So whoever left is always among those at risk, nobody counts twice, and the rate is a true share. Departures of
customers who came, or came back, within the period are counted on the page but are not in the rate. A spell ends
on the first day on which the rule held, whenever a job noticed it: the figure of a month that is over does not
change afterwards, so the newest months need no correction for what is still to come.

First visits come from the histories, which an import keeps current, and spells are counted by the days on which they
began and ended: there are far fewer of those than customers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, and_, func, select
from sqlalchemy.orm import aliased

from survey.analyst import Ints, day_number
from survey.customers.models import CustomerHistory
from survey.defections.days import column, days_of, plain_rows_of
from survey.defections.models import Defection
from survey.reports.lens import Lens
from survey.reports.period import Period

NEVER = -1


@dataclass(frozen=True)
class Rate:
    """Customers at risk at the start of a period, and how many of them left in it."""

    period: Period
    left: int
    at_risk: int


def rates(lens: Lens, periods: Sequence[Period]) -> list[Rate]:
    """The rate of each period, for the customers in view; the period of the lens itself plays no part."""
    starts = [_days_and_counts(query) for query in (_first_visits(lens), _returns(lens))]
    began, ended, ends = _days_and_counts(_ended_spells(lens))
    found = []
    for period in periods:
        first, last = day_number(period.first), day_number(period.last)
        left = ends[(ended >= first) & (ended <= last) & (began < first)].sum()
        at_risk = sum(count[day < first].sum() for day, count in starts) - ends[ended < first].sum()
        found.append(Rate(period, int(left), int(at_risk)))
    return found


def _days_and_counts(query: Select[*tuple[Any, ...]]) -> tuple[Ints, ...]:
    """The columns of a query of days, as days since 1970-01-01, and a count."""
    rows = plain_rows_of(query)
    width = len(query.selected_columns)
    days = (days_of([row[place] for row in rows], NEVER) for place in range(width - 1))
    return (*days, column(rows, width - 1))


def _first_visits(lens: Lens) -> Select[*tuple[Any, ...]]:
    """On each day, how many customers in view came for the first time."""
    day = CustomerHistory.first_on
    return lens.narrowed(select(day, func.count()), CustomerHistory.customer_id).group_by(day)


def _returns(lens: Lens) -> Select[*tuple[Any, ...]]:
    """On each day, how many of them came back."""
    day = Defection.returned_on
    return _departures(lens, day, func.count()).where(day.is_not(None)).group_by(day)


def _ended_spells(lens: Lens) -> Select[*tuple[Any, ...]]:
    """For each day on which spells began and day on which they ended, how many."""
    earlier = aliased(Defection)
    before = and_(
        Defection.episode > 1,
        earlier.customer_id == Defection.customer_id,
        earlier.episode == Defection.episode - 1,
    )
    began = func.coalesce(earlier.returned_on, CustomerHistory.first_on)
    query = _departures(lens, began, Defection.defected_on, func.count()).outerjoin(earlier, before)
    return query.group_by(began, Defection.defected_on)


def _departures(lens: Lens, *columns: Any) -> Select[*tuple[Any, ...]]:
    """These columns of the departures of everybody in view who ever came."""
    came = CustomerHistory.customer_id == Defection.customer_id
    query = select(*columns).select_from(Defection).join(CustomerHistory, came)
    return lens.narrowed(query, CustomerHistory.customer_id)
