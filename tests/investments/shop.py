"""A business of which the truth is known: rudeness is trained away, the premises are renovated for nothing."""

from datetime import date, timedelta
from decimal import Decimal

from sqlalchemy import insert, select

from survey.customers import newest
from survey.customers.models import CustomerHistory
from survey.extensions import db
from survey.investments import register
from survey.investments.models import Investment
from survey.investments.monthly import first_day, month_of
from survey.investments.register import Entry
from survey.taxonomy.models import Reason
from tests import stories

TODAY = date(2026, 7, 1)
FIRST, MONTHS, START = month_of(date(2024, 4, 1)), 24, date(2025, 4, 1)
WAIT = timedelta(days=90)


def key(code: str) -> int:
    return db.session.scalars(select(Reason.id).where(Reason.code == code)).one()


def entry(name: str = "Training", code: str = "rude_staff", cost: str = "5000", **given: object) -> Entry:
    usual: dict[str, object] = {
        "name": name, "amount": Decimal(cost), "starts_on": START, "reason_ids": (key(code),), "effect_low": 0.3,
        "effect_high": 0.7,
    }  # fmt: skip
    return Entry(**(usual | given))  # type: ignore[arg-type]


def fill(branch_name: str = "Zutphen") -> int:
    """Two years of departures in one branch, all of them answered; gives the branch."""
    branch = stories.branch(branch_name)
    histories = [_stays(branch.id) for _ in range(40)]
    for n in range(MONTHS):
        rude = 7 if n < 12 else 1
        for place, code in enumerate(["rude_staff"] * rude + ["price"] * 7):
            histories.append(_leaves(branch.id, first_day(FIRST + n) + timedelta(days=place), code))
    db.session.execute(insert(CustomerHistory), histories)
    newest.look_again()
    return branch.id


def _stays(branch_id: int) -> dict[str, object]:
    return _history(stories.customer(branch_id=branch_id).id, date(2026, 6, 28))


def _leaves(branch_id: int, last_visit: date, code: str) -> dict[str, object]:
    who = stories.customer(branch_id=branch_id)
    gone = stories.defection(who, last_visit + WAIT, last_visit_on=last_visit)
    stories.response(None, code, asked=stories.invitation(gone))
    return _history(who.id, last_visit)


def _history(customer_id: int, last: date) -> dict[str, object]:
    return {
        "customer_id": customer_id, "first_on": date(2024, 3, 10), "last_on": last, "visits": 2, "total_cents": 20000,
        "packed": b"",
    }  # fmt: skip


def invest() -> tuple[Investment, Investment]:
    """One that hits its cause, and one that misses."""
    return register.add(entry(), None), register.add(entry("Renovation", "premises", "900000"), None)
