"""What the night that comes takes away, counted by the job of the night before: over a million answers the counts take
seconds, which no page should."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from sqlalchemy import select

from survey.clock import now, today
from survey.customers import keeping
from survey.extensions import db
from survey.reports.models import StoredFigure
from survey.rights import retention

NAME = "retention"


@dataclass(frozen=True)
class Announced:
    """as_of: the day of the count, None before the first. counts: by kind; None where it was not counted with the days
    that hold now."""

    as_of: date | None
    counts: Mapping[str, int | None]


def count_ahead() -> dict[str, tuple[int, int]]:
    """By kind the days that hold, and how many rows will be over a day from now."""
    return {kind: (days, retention.count_over(kind, days - 1)) for kind, days in keeping.periods().items()}


def keep(counted: Mapping[str, tuple[int, int]]) -> None:
    """Store the counts in the place of those before. Flushes."""
    figure = _stored() or StoredFigure(name=NAME)
    figure.as_of, figure.created_at = today(), now()
    figure.payload = {kind: list(pair) for kind, pair in counted.items()}
    db.session.add(figure)
    db.session.flush()


def announced() -> Announced:
    """What was counted last, as far as it holds."""
    figure, held = _stored(), keeping.periods()
    counted = figure.payload if figure else {}
    counts = {kind: _holding(counted.get(kind), days) for kind, days in held.items()}
    return Announced(figure.as_of if figure else None, counts)


def _holding(pair: list[int] | None, days: int) -> int | None:
    return pair[1] if pair and pair[0] == days else None


def _stored() -> StoredFigure | None:
    return db.session.scalar(select(StoredFigure).where(StoredFigure.name == NAME, StoredFigure.scope == ""))
