"""Who will come back: the models are compared on the own history, the one in use and its figures are stored, and what
it and the risk model foretell is written beside the value of every customer.

Loads scikit-learn through the leaf it leans on: for jobs only. The page reads what is stored here.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np
from sqlalchemy import bindparam, delete, func, select, update

from survey.analyst import EPOCH, Ints, forecasting
from survey.analyst.forecasting import Choice, Foretold
from survey.clock import now
from survey.customers.models import Customer, CustomerHistory
from survey.defections.days import column, rows_of
from survey.defections.histories import Among, Sample, sample_of, visits_among
from survey.defections.models import BuyingModel, CustomerValue
from survey.extensions import db

#: models are compared on about so many customers at most, and a risk is learnt from so many at once
COMPARED, LEARNT = 20_000, 200_000
BATCH = 10_000
#: days of which the models are kept
KEPT_DAYS = 2
#: figures of the risk that are means over customers, so may be taken together
_MEANS = ("auc", "average_precision", "brier", "accuracy")


@dataclass(frozen=True, eq=False)
class Chosen:
    """What was chosen as of a day, and on which of the customers."""

    as_of: date
    choice: Choice
    sample: Sample


def choose(as_of: date) -> Chosen | None:
    """Compare the models on the own history; None while nobody has one. Reads only."""
    known = Customer.id.in_(select(CustomerHistory.customer_id).where(CustomerHistory.first_on <= as_of))
    sample = sample_of(known, COMPARED)
    visits = visits_among(sample.among, as_of)
    return Chosen(as_of, forecasting.choose(visits, as_of), sample) if len(visits) else None


def pieces(chosen: Chosen) -> Iterator[Foretold]:
    """What is foretold of everybody, so many customers at a time that memory holds them: every so-manieth by key, so
    that old and new customers are in each. Reads only."""
    count = max(1, -(-chosen.sample.total // LEARNT))
    known_until = EPOCH + timedelta(days=chosen.choice.day)
    for place in range(count):
        visits = visits_among(_one_in(count, place), known_until)
        if len(visits):
            yield forecasting.foretell(visits, chosen.choice)


def batches(told: Foretold) -> Iterator[Ints]:
    """The rows of what was foretold, so many at a time."""
    for first in range(0, len(told.customer), BATCH):
        yield np.arange(first, min(first + BATCH, len(told.customer)))


def store_foretold(told: Foretold, rows: Ints) -> int:
    """Write what is foretold beside the values of some customers; who has none, has left. Gives how many.
    Values are written without them, so where nothing is foretold nothing is to be done."""
    if told.visits is None and told.risk is None:
        return 0
    ends = told.customer[rows[0]], told.customer[rows[-1]]
    within = CustomerValue.customer_id.between(int(ends[0]), int(ends[1]))
    valued = column(rows_of(select(CustomerValue.customer_id).where(within)), 0)
    rows = rows[np.isin(told.customer[rows], valued)]
    if not len(rows):
        return 0
    keys = told.customer[rows].tolist()
    visits, risk = (_rounded(each, rows) for each in (told.visits, told.risk))
    table = CustomerValue.metadata.tables["customer_value"]
    say = update(table).where(table.c.customer_id == bindparam("key"))
    say = say.values(expected_visits=bindparam("visits"), risk=bindparam("chance"))
    given = [{"key": k, "visits": v, "chance": r} for k, v, r in zip(keys, visits, risk, strict=True)]
    db.session.execute(say, given)
    return len(given)


def store_models(chosen: Chosen, risks: list[dict[str, float]]) -> None:
    """Store all ways to foretell with their figures, and those of the risk, in place of what stood of the day; days
    long gone are forgotten. `risks`: the figures of each piece. Flushes."""
    db.session.execute(delete(BuyingModel).where(BuyingModel.as_of == chosen.as_of))
    for way in chosen.choice.ways:
        figures = dict(way.figures)
        if way.name == forecasting.RECENCY:
            figures["trial"] = _trial(chosen)
        db.session.add(
            BuyingModel(
                as_of=chosen.as_of, cohort=way.cohort, name=way.name, customers=way.customers,
                parameters=dict(way.parameters), figures=figures, chosen=way.chosen, created_at=now(),
            )
        )  # fmt: skip
    together = _together(risks)
    db.session.add(
        BuyingModel(
            as_of=chosen.as_of, name=forecasting.RISK, customers=int(together.get("customers", 0)), parameters={},
            figures=together, chosen=False, created_at=now(),
        )
    )  # fmt: skip
    db.session.flush()
    days = select(BuyingModel.as_of).distinct().order_by(BuyingModel.as_of.desc()).limit(KEPT_DAYS)
    kept = list(db.session.scalars(days))
    db.session.execute(delete(BuyingModel).where(BuyingModel.as_of.not_in(kept)))


def _one_in(count: int, place: int) -> Among:
    """Every so-manieth customer by key."""
    return lambda key: key % count == place


def _trial(chosen: Chosen) -> dict[str, Any]:
    """What holds for all ways together: how they were compared, on whom, and what came of it."""
    choice, sample = chosen.choice, chosen.sample
    query = select(func.count()).select_from(CustomerHistory)
    back = db.session.scalar(query.where(CustomerHistory.first_on < CustomerHistory.last_on)) or 0
    return {
        "horizon_days": choice.horizon, "rounds": forecasting.ROUNDS, "why": choice.why,
        "ranked_by": choice.ranked_by, "counted_by": choice.counted_by, "customers": sample.total,
        "step": sample.step, "came_back": back,
    }  # fmt: skip


def _together(risks: list[dict[str, float]]) -> dict[str, float]:
    """The figures of the pieces as one: sums of counts, and means by how many customers each had."""
    told = [each for each in risks if each]
    if not told:
        return {}
    weights = [each["customers"] for each in told]
    means = {name: float(np.average([each[name] for each in told], weights=weights)) for name in _MEANS}
    return {"customers": sum(weights), "lost": sum(each["lost"] for each in told), **means}


def _rounded(values: forecasting.Floats | None, rows: Ints) -> list[float | None]:
    if values is None:
        return [None] * len(rows)
    told: list[float | None] = np.round(values[rows], 4).tolist()
    return told
