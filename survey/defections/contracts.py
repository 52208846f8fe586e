"""The terms of contracts as columns, for whoever counts with them."""

from __future__ import annotations

import numpy as np
from sqlalchemy import Float, cast, select

from survey.analyst import detecting
from survey.analyst.valued import Signed
from survey.customers.models import Contract
from survey.defections.days import column, days_of, rows_of
from survey.defections.histories import Among
from survey.extensions import db


def signed_by(among: Among) -> Signed:
    """The terms of the contracts of some customers, sorted by customer and first day: one query."""
    days = (Contract.starts_on, Contract.ends_on, Contract.cancelled_on, Contract.known_on)
    query = select(Contract.customer_id, *days, cast(Contract.yearly_value, Float))
    query = query.where(among(Contract.customer_id))
    rows = rows_of(query.order_by(Contract.customer_id, Contract.starts_on, Contract.id))
    start, until, cancelled, known = (days_of([row[place] for row in rows], detecting.NEVER) for place in range(1, 5))
    yearly = np.array([row[5] for row in rows], dtype=np.float64)
    return Signed(column(rows, 0), start, until, cancelled, known, yearly)


def are_on_record() -> bool:
    """Whether any contract is."""
    return db.session.scalar(select(Contract.id).limit(1)) is not None
