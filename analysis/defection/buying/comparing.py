"""How right forecasts were, and which model to use: tried in time on the business's own history."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike, NDArray

from analysis.defection.buying.bgnbd import BGNBD
from analysis.defection.buying.errors import NotFitted, TooThin
from analysis.defection.buying.mbgnbd import MBGNBD
from analysis.defection.buying.model import PurchaseModel
from analysis.defection.buying.nbd import NBD
from analysis.defection.buying.pareto import ParetoNBD
from analysis.defection.buying.purchases import BuyersToDate, Numbers, buyers_to_date
from analysis.defection.buying.recency import own_pace, time_away
from analysis.defection.histories import Histories

#: what is compared, the simplest first
MODELS: tuple[type[PurchaseModel], ...] = (NBD, BGNBD, MBGNBD, ParetoNBD)
RECENCY, OWN_PACE = "recency", "own_pace"
_AS_GOOD = 0.005  # areas under the curve that differ by less sort customers equally well


@dataclass(frozen=True, slots=True)
class Holdout:
    """How right a forecast was for customers of whom it is known by now. None where a figure has no meaning.

    customers: how many; came: the share who came at all; mae, rmse: mean absolute error and root mean squared error in
    visits per customer; correlation of forecast and fact; bias: all visits foretold over all made, less 1; auc: the
    probability that of two customers, one who came and one who did not, the first was ranked higher.
    """

    customers: int
    came: float
    mae: float | None
    rmse: float | None
    correlation: float | None
    bias: float | None
    auc: float | None


@dataclass(frozen=True, slots=True)
class ModelTrial:
    """When and how forecasts are tried: at the ends of `rounds` stretches of `horizon_days` before `as_of_day`, each
    time from what was known then. Times of the models are in units of `unit_days`."""

    as_of_day: int
    horizon_days: int
    rounds: int = 3
    unit_days: float = 7.0

    def __post_init__(self) -> None:
        if self.horizon_days < 1 or self.rounds < 1 or not self.unit_days > 0:
            raise ValueError("A trial needs a horizon of at least a day, a round, and a unit longer than nothing.")

    @property
    def cuts(self) -> tuple[int, ...]:
        """The days up to which each round knows, oldest first."""
        return tuple(self.as_of_day - self.horizon_days * back for back in range(self.rounds, 0, -1))


@dataclass(frozen=True)
class Comparison:
    """What came of a trial.

    rounds: by model (by class name, 'recency' and 'own_pace' beside them) the figures of each round; left_out: models
    that could not be fitted in every round, and why, in words; ranked_by: what to sort customers by; counted_by: what
    to foretell visits with; why: 'model_ranks_better' or 'recency_ranks_as_well' (then the simpler way is taken), or
    'too_thin' where no model could be fitted.
    """

    rounds: dict[str, tuple[Holdout, ...]]
    left_out: dict[str, str]
    ranked_by: str
    counted_by: str
    why: str

    def mean(self, name: str, figure: str) -> float | None:
        """The mean of a figure of `Holdout` over the rounds in which it has a meaning."""
        values = [getattr(each, figure) for each in self.rounds[name]]
        known = [value for value in values if value is not None]
        return float(np.mean(known)) if known else None


@dataclass
class _Tried:
    rounds: dict[str, list[Holdout]] = field(default_factory=dict)
    left_out: dict[str, str] = field(default_factory=dict)

    def note(self, name: str, figures: Holdout) -> None:
        self.rounds.setdefault(name, []).append(figures)


def holdout_figures(expected: ArrayLike | None, actual: ArrayLike, score: ArrayLike | None = None) -> Holdout:
    """The figures of a forecast. `expected` (n,): visits foretold, or None for what only ranks; `actual` (n,): visits
    made; `score` (n,): what to rank by, the forecast itself where it is not given."""
    made = np.asarray(actual, dtype=np.float64)
    if made.ndim != 1 or not len(made):
        raise ValueError("A forecast needs at least one customer to be held against.")
    ranked = expected if score is None else score
    auc = None if ranked is None else area_under_curve(ranked, made > 0)
    share = float((made > 0).mean())
    if expected is None:
        return Holdout(len(made), share, None, None, None, None, auc)
    foretold = np.asarray(expected, dtype=np.float64)
    if foretold.shape != made.shape:
        raise ValueError("Forecasts and facts must be equally long.")
    away = foretold - made
    together = np.ptp(foretold) > 0 and np.ptp(made) > 0
    correlation = float(np.corrcoef(foretold, made)[0, 1]) if together else None
    bias = float(foretold.sum() / made.sum() - 1) if made.sum() > 0 else None
    return Holdout(
        len(made), share, float(np.abs(away).mean()), float(np.sqrt((away**2).mean())), correlation, bias, auc
    )


def area_under_curve(score: ArrayLike, truth: ArrayLike) -> float | None:
    """The probability that a true one scores higher than a false one, ties counted half (Mann-Whitney); None where all
    are true or all false."""
    values, is_true = np.asarray(score, dtype=np.float64), np.asarray(truth, dtype=np.bool_)
    if values.shape != is_true.shape:
        raise ValueError("Scores and truth must be equally long.")
    true, false = int(is_true.sum()), int((~is_true).sum())
    if not true or not false:
        return None
    _, place, counts = np.unique(values, return_inverse=True, return_counts=True)
    rank = (np.cumsum(counts) - (counts - 1) / 2)[place]
    return float((rank[is_true].sum() - true * (true + 1) / 2) / (true * false))


def visits_between(histories: Histories, customer: NDArray[np.int64], after_day: int, until_day: int) -> Numbers:
    """On how many days each of these customers (ascending identifiers) came after one day and until another, (n,)."""
    within = (histories.day > after_day) & (histories.day <= until_day)
    who = histories.customer[within]
    place = np.searchsorted(customer, who)
    known = place < len(customer)
    known[known] = customer[place[known]] == who[known]
    return np.bincount(place[known], minlength=len(customer)).astype(np.float64)


def compare_models(histories: Histories, trial: ModelTrial) -> Comparison:
    """Fit every model as of each cut of the trial, foretell the stretch after it, and choose.

    Chosen to count with: of the models that rank about as well as the best one, the most exact (mean absolute error);
    to rank by: the same, unless recency ranks as well or better. ValueError where nobody had come by the first cut.
    """
    tried = _Tried()
    for cut in trial.cuts:
        buyers = buyers_to_date(histories, cut, trial.unit_days)
        if not len(buyers.customer):
            raise ValueError("The history does not reach back to the first round of the trial: try fewer rounds.")
        actual = visits_between(histories, buyers.customer, cut, cut + trial.horizon_days)
        _try_all(tried, buyers, actual, trial.horizon_days / trial.unit_days)
    whole = {name: tuple(found) for name, found in tried.rounds.items() if name not in tried.left_out}
    return _chosen(whole, tried.left_out)


def _try_all(tried: _Tried, buyers: BuyersToDate, actual: Numbers, horizon: float) -> None:
    bought = buyers.purchases
    columns = (bought.frequency, bought.recency, bought.age)
    tried.note(RECENCY, holdout_figures(None, actual, score=-time_away(bought.recency, bought.age)))
    tried.note(OWN_PACE, holdout_figures(own_pace(horizon, bought.frequency, bought.age), actual))
    for kind in MODELS:
        try:
            model = kind().fit(*columns)
        except (TooThin, NotFitted) as reason:
            tried.left_out[kind.__name__] = str(reason)
        else:
            tried.note(kind.__name__, holdout_figures(model.expected_purchases(horizon, *columns), actual))


def _chosen(rounds: dict[str, tuple[Holdout, ...]], left_out: dict[str, str]) -> Comparison:
    found = Comparison(rounds, left_out, RECENCY, OWN_PACE, "too_thin")
    fitted = [kind.__name__ for kind in MODELS if kind.__name__ in rounds]
    areas = {name: found.mean(name, "auc") or 0.0 for name in fitted}
    if not fitted:
        return found
    good = [name for name in fitted if areas[name] >= max(areas.values()) - _AS_GOOD]
    used = min(good, key=lambda name: found.mean(name, "mae") or 0.0)
    if (found.mean(RECENCY, "auc") or 0.0) >= areas[used]:
        return Comparison(rounds, left_out, RECENCY, used, "recency_ranks_as_well")
    return Comparison(rounds, left_out, used, used, "model_ranks_better")
