"""How long each kind of data is kept: the days that the software comes with, and the rows that say otherwise.

`survey/rights/retention.py` says which rows are over and forgets them; what tells people how long, asks here.
"""

from collections.abc import Mapping

from sqlalchemy import ColumnElement, delete, func, select

from survey.customers.models import Retention
from survey.extensions import db

#: kind -> days, in the order in which pages name them
DEFAULTS: Mapping[str, int] = {
    "words": 90,
    "masked_words": 1826,
    "walk_in_words": 730,
    "drafts": 60,
    "notes": 730,
    "bounces": 180,
    "mail_copies": 365,
    "import_values": 90,
    "addresses": 1096,
    "audit": 1096,
    "requests": 1826,
}
LEAST_DAYS, MOST_DAYS = 1, 36_500


def periods() -> dict[str, int]:
    """The days that hold now, by kind."""
    rows = db.session.execute(select(Retention.kind, Retention.days))
    said = {kind: days for kind, days in rows}
    return {kind: said.get(kind, days) for kind, days in DEFAULTS.items()}


def days_of(kind: str) -> int:
    """The days that hold now for one kind."""
    return db.session.scalar(select(Retention.days).where(Retention.kind == kind)) or DEFAULTS[kind]


def days_within(kind: str) -> ColumnElement[int]:
    """The same as part of another question to the database."""
    said = select(Retention.days).where(Retention.kind == kind).scalar_subquery()
    return func.coalesce(said, DEFAULTS[kind])


def change(given: Mapping[str, int]) -> dict[str, tuple[int, int]]:
    """Keep these kinds for so many days from now on; gives what differed, as (before, after). Flushes.

    What is given as the software comes with it has no row. Raises ValueError where a number is out of bounds.
    """
    if not all(LEAST_DAYS <= days <= MOST_DAYS for days in given.values()):
        raise ValueError(f"days lie between {LEAST_DAYS} and {MOST_DAYS}")
    before = periods()
    differs = {kind: (before[kind], days) for kind, days in given.items() if before[kind] != days}
    db.session.execute(delete(Retention).where(Retention.kind.in_(list(differs))))
    rows = [Retention(kind=kind, days=days) for kind, (_, days) in differs.items() if days != DEFAULTS[kind]]
    db.session.add_all(rows)
    db.session.flush()
    return differs
