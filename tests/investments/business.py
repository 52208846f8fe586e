"""The business of `shop` with visits, words and everything that a decision pack is made of."""

from datetime import date

from flask import Flask
from sqlalchemy import insert, select, update

from survey.customers.models import CustomerHistory, Transaction
from survey.database import writing
from survey.extensions import db
from survey.investments import checking
from survey.reports.period import Period
from survey.responses.models import Response
from tests.investments.shop import TODAY, fill, invest

#: the last quarter in which somebody left
QUARTER = Period(date(2026, 4, 1), date(2026, 6, 30))
SAID = "Voor dezelfde beurt betaal ik om de hoek de helft"


def business(app: Flask) -> None:
    """Make it; nothing is checked yet."""
    with app.app_context(), writing():
        fill()
        invest()
        first = db.session.execute(select(CustomerHistory.customer_id, CustomerHistory.first_on)).all()
        rows = [
            {"customer_id": key, "occurred_on": day, "amount": 50, "identity": f"{key}".encode().ljust(16)}
            for key, day in first
        ]
        db.session.execute(insert(Transaction), rows)
        db.session.execute(update(Response).values(words=SAID, masked_words=SAID, has_words=True))
        db.session.commit()


def check(app: Flask) -> None:
    """What the job of the night would find of the investments."""
    with app.app_context(), writing():
        found = checking.work_out(TODAY)
        assert found is not None
        checking.keep(found)
        db.session.commit()
