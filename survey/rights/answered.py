"""Requests of people about their data, and whether each was done within the month that the law gives."""

from calendar import monthrange
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Select, func, select

from survey.accounts.access import visible
from survey.accounts.models import User
from survey.clock import local
from survey.customers.models import Customer, RightsRequest
from survey.extensions import db
from survey.paging import Page

PER_PAGE = 50


@dataclass(frozen=True)
class Request:
    """One request, by the days of the organisation."""

    customer: str
    kind: str
    asked_by: str
    asked_on: date
    done_on: date | None

    @property
    def due_on(self) -> date:
        """GDPR, article 12, paragraph 3: within a month of its receipt."""
        return month_later(self.asked_on)

    def is_late(self, today: date) -> bool:
        """Whether it was done too late, or is not done and the month is over."""
        return (self.done_on or today) > self.due_on


@dataclass(frozen=True)
class Tally:
    """How many requests were made, were done in time, are open in time, and are or were late."""

    made: int
    in_time: int
    open: int
    late: int


def month_later(day: date) -> date:
    """The same day of the next month, or its last one where it has none (Regulation 1182/71, article 3)."""
    year, month = (day.year + 1, 1) if day.month == 12 else (day.year, day.month + 1)
    return date(year, month, min(day.day, monthrange(year, month)[1]))


def requests_for(user: User, page: int) -> Page[Request]:
    """Requests of customers whom this user may see, the newest first."""
    total = db.session.scalar(_theirs(user).with_only_columns(func.count())) or 0
    newest = _theirs(user).order_by(RightsRequest.asked_at.desc(), RightsRequest.id.desc())
    rows = db.session.execute(newest.limit(PER_PAGE).offset((page - 1) * PER_PAGE))
    return Page([_request(*row) for row in rows], page, total, PER_PAGE)


def tally(user: User, today: date) -> Tally:
    """How all of them went."""
    found = [_request(*row) for row in db.session.execute(_theirs(user))]
    late = sum(request.is_late(today) for request in found)
    still = sum(request.done_on is None and not request.is_late(today) for request in found)
    return Tally(len(found), len(found) - late - still, still, late)


def _theirs(user: User) -> Select[*tuple[Any, ...]]:
    asked = RightsRequest
    query = select(Customer.external_id, asked.kind, asked.asked_by, asked.asked_at, asked.done_at)
    return (
        query.select_from(asked)
        .join(Customer, Customer.id == asked.customer_id)
        .where(visible(user, Customer.branch_id))
    )


def _request(customer: str, kind: str, asked_by: str, asked_at: datetime, done_at: datetime | None) -> Request:
    return Request(customer, kind, asked_by, local(asked_at).date(), local(done_at).date() if done_at else None)
