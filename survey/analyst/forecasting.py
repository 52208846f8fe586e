"""The leaf of forecasts: who will come back, how often, by which model, and how right that was on the own history.

Loads scikit-learn, so only jobs and commands import it. Every figure is of a trial in time: models are fitted on what
was known at the end of a stretch and held against the stretch after it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import date
from typing import Any

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from analysis.defection.buying.cohorts import ByCohort, fit_by_cohort
from analysis.defection.buying.comparing import MODELS, OWN_PACE, Comparison, ModelTrial, compare_models
from analysis.defection.buying.comparing import RECENCY as RECENCY
from analysis.defection.buying.errors import NotFitted, TooThin
from analysis.defection.buying.purchases import BuyersToDate, buyers_to_date
from analysis.defection.histories import Histories
from analysis.defection.risk import Loss, risk_as_of
from survey.analyst import Ints, Visits, day_number

Floats = NDArray[np.float64]
RISK = "risk"
#: the year that visits are foretold for
YEAR = 365
UNIT_DAYS = 7.0
#: rounds of a trial; the first knows half of the history
ROUNDS = 3
LONGEST, SHORTEST = 365, 28
#: why nothing was compared, besides what `Comparison.why` says
TOO_SHORT, TOO_THIN = "too_short", "too_thin"
_SEED = 1
_FIGURES = ("came", "mae", "rmse", "correlation", "bias", "auc")


@dataclass(frozen=True)
class Way:
    """One way to foretell, or a model of one cohort (`cohort`: the year of the first visit; empty: everybody).

    customers: whom the figures or the model are of; parameters: as `buying_model_from` takes them, with unit_days;
    figures: means over the rounds, None where one has no meaning; `left_out` says why it could not be tried.
    """

    name: str
    cohort: str
    customers: int
    parameters: Mapping[str, Any]
    figures: Mapping[str, Any]
    chosen: bool = False


@dataclass(frozen=True, eq=False)
class Choice:
    """What was compared and what is used. day: days since 1970-01-01 up to which purchases are known; horizon: days of
    a round; why: as of `Comparison`, or `too_short`; model: the fitted one, None where the history is too thin."""

    ways: list[Way]
    day: int
    horizon: int
    why: str
    ranked_by: str = RECENCY
    counted_by: str = ""
    model: ByCohort | None = None


@dataclass(frozen=True, eq=False)
class Foretold:
    """customer (n,); visits (n,): expected in the coming year; risk (n,): the probability of no visit within the
    horizon; None where there is no model. figures: of the risk in its rehearsal, empty where there is none."""

    customer: Ints
    visits: Floats | None
    risk: Floats | None
    figures: dict[str, float] = field(default_factory=dict)


def choose(visits: Visits, as_of: date) -> Choice:
    """Compare the models on some visits, recency and the own pace beside them, and fit the one to be used to all of
    them. Purchases are known until the last visit, so that a late import is not read as customers staying away."""
    day = min(day_number(as_of), int(visits.day.max()))
    histories = _histories(visits)
    horizon = min(LONGEST, (day + 1 - int(visits.day.min())) // (2 * ROUNDS))
    if horizon < SHORTEST:
        plain = Way(RECENCY, "", len(histories.first), {}, {})
        return Choice([plain], day, horizon, TOO_SHORT)
    with threadpool_limits(limits=1):  # fits are too small to share: threads would only wait for each other
        found = compare_models(histories, ModelTrial(day, horizon, ROUNDS, UNIT_DAYS))
        model = _fitted(found, buyers_to_date(histories, day, UNIT_DAYS), day)
    if model is None:
        return Choice(_tried(found, ""), day, horizon, TOO_THIN)
    used = type(model.pooled).__name__
    ranked_by = RECENCY if found.ranked_by == RECENCY else used
    return Choice(_tried(found, used, model) + _cohorts(model), day, horizon, found.why, ranked_by, used, model)


def foretell(visits: Visits, choice: Choice) -> Foretold:
    """The visits of the coming year and the risk, of all who have visits."""
    histories = _histories(visits)
    buyers = buyers_to_date(histories, choice.day, UNIT_DAYS)
    expected = None
    if choice.model is not None:
        cohort = _first_years(buyers, choice.day)
        expected = choice.model.expected_purchases(YEAR / UNIT_DAYS, buyers.purchases, cohort)
    if choice.horizon < SHORTEST:
        return Foretold(buyers.customer, expected, None)
    try:
        risk = risk_as_of(histories, choice.day, Loss(choice.horizon), _SEED)
    except TooThin:
        return Foretold(buyers.customer, expected, None)
    return Foretold(buyers.customer, expected, risk.probability, asdict(risk.figures))


def _histories(visits: Visits) -> Histories:
    return Histories(visits.customer, visits.day, visits.cents / 100.0)


def _first_years(buyers: BuyersToDate, day: int) -> Ints:
    """(n,) the year in which each came first."""
    first = day - np.rint(buyers.purchases.age * UNIT_DAYS).astype(np.int64)
    return np.asarray(first.astype("datetime64[D]").astype("datetime64[Y]").astype(np.int64) + 1970)


def _fitted(found: Comparison, buyers: BuyersToDate, day: int) -> ByCohort | None:
    """The model that counts best, or, where it cannot be fitted to the whole, the next in exactness."""
    kinds = [kind for kind in MODELS if found.counted_by and kind.__name__ in found.rounds]
    kinds.sort(key=lambda kind: (kind.__name__ != found.counted_by, found.mean(kind.__name__, "mae") or 0.0))
    for kind in kinds:
        try:
            return fit_by_cohort(kind, buyers.purchases, _first_years(buyers, day))
        except (TooThin, NotFitted):
            continue
    return None


def _tried(found: Comparison, chosen: str, model: ByCohort | None = None) -> list[Way]:
    """Recency, the own pace and all models, each with its figures or why it has none."""
    ways = []
    for name in (RECENCY, OWN_PACE, *(kind.__name__ for kind in MODELS)):
        rounds = found.rounds.get(name)
        if rounds is None:
            ways.append(Way(name, "", 0, {}, {"left_out": found.left_out.get(name, "")}))
            continue
        figures = {figure: found.mean(name, figure) for figure in _FIGURES}
        is_it = name == chosen
        parameters = _stored(model.pooled) if is_it and model is not None else {}
        ways.append(Way(name, "", rounds[-1].customers, parameters, figures, is_it))
    return ways


def _cohorts(model: ByCohort) -> list[Way]:
    return [
        Way(type(own).__name__, str(year), own.customers_, _stored(own), {}, chosen=True)
        for year, own in sorted(model.own.items())
    ]


def _stored(model: Any) -> dict[str, Any]:
    return {**model.as_dict(), "unit_days": UNIT_DAYS}
