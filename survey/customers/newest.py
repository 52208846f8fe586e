"""The newest day with a purchase, kept beside the histories by whoever changes them, in the same transaction."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, func, or_, select, true, update

from survey.customers.models import CustomerHistory, NewestPurchase
from survey.extensions import db
from survey.many import among


def newest_purchase() -> date | None:
    """The newest day on which anybody bought anything; None before that."""
    return db.session.scalar(select(NewestPurchase.day))


def newest_of(customer_ids: Sequence[int]) -> date | None:
    """The newest day in the histories of these customers."""
    theirs = among(CustomerHistory.customer_id, customer_ids)
    return db.session.scalar(select(func.max(CustomerHistory.last_on)).where(theirs))


def held_newest_of(customer_ids: Sequence[int]) -> date | None:
    """The same, of histories that nobody else changes until we commit."""
    theirs = among(CustomerHistory.customer_id, customer_ids)
    held = (
        select(CustomerHistory.last_on).where(theirs).order_by(CustomerHistory.customer_id).with_for_update().subquery()
    )
    day: date | None = db.session.scalar(select(func.max(held.c.last_on)))
    return day


def reached(day: date | None) -> None:
    """Somebody bought something on this day. Touches the row only where it is news, so that writers do not meet."""
    if day is not None:
        _set(day, or_(NewestPurchase.day.is_(None), NewestPurchase.day < day))


def changed(before: date | None, after: date | None) -> None:
    """Histories of some customers were made anew: the newest day in them was `before` and is `after`.

    Where a purchase on the newest day of all was put right, everybody is looked through for what is newest now. On
    PostgreSQL, what another writer has not committed by then counts from the next newer purchase on.
    """
    reached(after)
    if before is not None and (after is None or after < before) and before == newest_purchase():
        look_again()


def look_again() -> None:
    """Find it among the histories of everybody."""
    _set(select(func.max(CustomerHistory.last_on)).scalar_subquery())


def _set(day: Any, where: ColumnElement[bool] | None = None) -> None:
    setting = update(NewestPurchase).values(day=day).where(true() if where is None else where)
    db.session.execute(setting.execution_options(synchronize_session=False))
