"""The defection rate. Its one definition, and the one query behind it.

A customer's life is a row of *spells*. The first spell begins with the first visit; it ends on the day the
definition of defection was met (`defected_on`). A customer who comes back begins a new spell on the day of the
return. Of a period:

- **at risk** are the customers with a spell that began before the period and had not ended by then;
- **left** are those of them whose spell ended within the period.

So whoever left is always among those at risk, nobody counts twice, and the rate is a true share. Departures of
customers who came, or came back, within the period are counted on the page but are not in the rate. A spell ends
on the first day on which the rule held, whenever a job noticed it: the figure of a month that is over does not
change afterwards, so the newest months need no correction for what is still to come.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import CTE, Date, Integer, Select, and_, func, literal, null, select, union_all
from sqlalchemy.orm import aliased

from survey.customers.models import Customer, Transaction
from survey.defections.models import Defection
from survey.extensions import db
from survey.reports.lens import Lens
from survey.reports.period import Period


@dataclass(frozen=True)
class Rate:
    """Customers at risk at the start of a period, and how many of them left in it."""

    period: Period
    left: int
    at_risk: int


def rates(lens: Lens, periods: Sequence[Period]) -> list[Rate]:
    """The rate of each period, for the customers in view; the period of the lens itself plays no part."""
    first = _first_visits(lens)
    ended = _ended_spells(first)
    query = union_all(_left(ended, periods), _changes(first, ended))
    left: dict[int, int] = {}
    changes: list[tuple[date, int]] = []
    for number, day, count in db.session.execute(query):
        if day is None:
            left[number] = count
        else:
            changes.append((day, count))
    return [Rate(period, left.get(n, 0), _at_risk(changes, period.first)) for n, period in enumerate(periods)]


def _at_risk(changes: Sequence[tuple[date, int]], start: date) -> int:
    """Spells that began before a day less those that ended before it."""
    return sum(change for day, change in changes if day < start)


def _first_visits(lens: Lens) -> CTE:
    """The first visit of every customer in view."""
    return (
        select(Transaction.customer_id, func.min(Transaction.occurred_on).label("day"))
        .join(Customer, Customer.id == Transaction.customer_id)
        .where(*lens.customers())
        .group_by(Transaction.customer_id)
        .cte("first_visit")
    )


def _ended_spells(first: CTE) -> CTE:
    """Every spell that ended: the days on which it began and ended."""
    earlier = aliased(Defection)
    began = func.coalesce(earlier.returned_on, first.c.day, type_=Date)
    return (
        select(began.label("began"), Defection.defected_on.label("ended"))
        .join(first, first.c.customer_id == Defection.customer_id)
        .outerjoin(
            earlier,
            and_(earlier.customer_id == Defection.customer_id, earlier.episode == Defection.episode - 1),
        )
        .cte("ended_spell")
    )


def _left(ended: CTE, periods: Sequence[Period]) -> Select[int, date, int]:
    """How many of those at risk left in each period, by the place of the period in the list."""
    rows = [
        select(
            literal(n, Integer).label("n"),
            literal(period.first, Date).label("first"),
            literal(period.last, Date).label("last"),
        )
        for n, period in enumerate(periods)
    ]
    asked = union_all(*rows).cte("asked_period")
    in_period = and_(ended.c.ended >= asked.c.first, ended.c.ended <= asked.c.last, ended.c.began < asked.c.first)
    return select(asked.c.n, null().cast(Date), func.count()).join(ended, in_period).group_by(asked.c.n)


def _changes(first: CTE, ended: CTE) -> Select[int, date, int]:
    """By day: spells that began less spells that ended."""
    again = (
        select(Defection.returned_on, literal(1, Integer))
        .join(first, first.c.customer_id == Defection.customer_id)
        .where(Defection.returned_on.is_not(None))
    )
    over = select(ended.c.ended, literal(-1, Integer))
    change = union_all(select(first.c.day, literal(1, Integer).label("change")), again, over).subquery("change")
    return select(null().cast(Integer), change.c.day, func.sum(change.c.change)).group_by(change.c.day)
