"""The risk of losing each customer: boosted trees on recency, frequency, spend, trend and tenure.

Its figures are kept apart from those of the repeat-buying models: those tell how much may still be bought from three
numbers with a meaning, this one sorts customers by whatever served in the past. W. Buckinx & D. Van den Poel (2005),
European J. of Operational Research 164, 252-268: these variables foretell partial defection best.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from sklearn.ensemble import HistGradientBoostingClassifier
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from analysis.defection.buying.comparing import area_under_curve, visits_between
from analysis.defection.buying.errors import TooThin
from analysis.defection.features import Features, features_as_of
from analysis.defection.histories import Days, Flags, Histories, Money

MIN_CASES = 30  # of each side: customers lost, and customers kept
_RATE, _LEAVES, _SHARE_OF_FEATURES = 0.05, 8, 0.3
_ROUNDS, _ROUNDS_OF_FEW, _FEW = 100, 60, 5_000  # of few customers, less than 5,000, less can be learnt
_MEMBERS = 3  # models whose mean is taken: each draws other features, and one of them alone is partly chance
_LEAF, _LEAVES_AT_MOST = 20, 240  # customers in a leaf: at least 20, and a 240th of all
_MOST = 200_000  # customers that a model learns from: more make it slower, not better
#: which way each of these can only work, whatever chance says: more of it, less risk (-1) or more (1)
_DIRECTION = dict.fromkeys(("visits_margin", "visits_level", "visits_trend", "visits_least"), -1)
_DIRECTION |= dict.fromkeys(("spend_margin", "spend_level", "spend_trend", "spend_least"), -1)
_DIRECTION |= dict.fromkeys(("days_away", "intervals_away", "visits_below_half", "spend_below_half"), 1)
#: the half rule is about shares of the own level, so money and visits as such would only be fitted to by chance
_RELATIVE = (
    "days_away", "tenure", "visits_a_day", "intervals_away", "interval_spread", "visits_trend", "spend_trend",
    "visits_level", "visits_margin", "spend_level", "spend_spread", "spend_margin",
)  # fmt: skip
#: and who only comes at all or not has no level to be read from block by block
_UNREST = tuple(
    f"{what}_{kind}"
    for what in ("visits", "spend")
    for kind in ("level", "spread", "margin", "least", "below_half", "slope")
)


@dataclass(frozen=True, slots=True)
class RiskFigures:
    """How right the risks were for customers whose outcome is known, each judged by a model that had not seen him.

    customers, lost: counts; auc: the probability that a lost one was ranked above a kept one; average_precision: the
    mean share of lost ones among those ranked at least as high as each lost one; brier: mean squared error of the
    probability; accuracy: right when lost is said above one half.
    """

    customers: int
    lost: int
    auc: float
    average_precision: float
    brier: float
    accuracy: float


@dataclass(frozen=True, eq=False)
class Risk:
    """customer (n,) identifiers, ascending; probability (n,) of being lost within the horizon from the day asked;
    figures: of the rehearsal one horizon earlier."""

    customer: Days
    probability: Money
    figures: RiskFigures


@dataclass(frozen=True, slots=True)
class Loss:
    """What counts as lost within a horizon. With no `share`: no visit at all. With one: spending a day of less than
    that share of the own mean so far (the half rule: .5), judged only for the settled: who came at least `visits_a_day`
    on average and is known for `tenure_days`."""

    horizon_days: int
    share: float | None = None
    visits_a_day: float = 1 / 14
    tenure_days: int = 180

    def __post_init__(self) -> None:
        if self.horizon_days < 4:
            raise ValueError("The horizon must be at least 4 days.")
        if self.share is not None and not 0 < self.share <= 1:
            raise ValueError("The share must lie above 0 and be at most 1.")

    def features(self, histories: Histories, day: int) -> Features:
        """What the risk of this loss is learnt from and asked with, as of a day: of those who can be judged."""
        found = features_as_of(histories, day, self.horizon_days)
        if self.share is None:
            return found.only(tuple(name for name in found.names if name not in _UNREST))
        settled = (found.column("tenure") >= self.tenure_days) & (found.column("spend") > 0)
        settled &= found.column("visits_a_day") >= self.visits_a_day
        usual = found.column("spend")[settled] / found.column("tenure")[settled] * self.horizon_days
        return found.of(settled).only(_RELATIVE).with_column("usual_spend", usual)

    def happened(self, histories: Histories, features: Features, cut_day: int) -> Flags:
        """(n,) who of `features`, taken as of `cut_day`, was lost in the horizon after it, as histories know by now."""
        end = cut_day + self.horizon_days
        if self.share is None:
            return np.asarray(visits_between(histories, features.customer, cut_day, end) == 0)
        spent = _spent_after(histories.until(end), features.customer, cut_day)
        return np.asarray(spent < self.share * features.column("usual_spend"))


def risk_as_of(histories: Histories, as_of_day: int, loss: Loss, seed: int, folds: int = 5) -> Risk:
    """The risk of every customer who can be judged, as of a day.

    1. Models learn from one horizon earlier: features as known then, and what happened since.
    2. They are cross-fitted by customer: who was in fold k then is judged by the model that learnt from the others, so
       that nobody's own past outcome speaks about him. Who is new is in a fold too, by his identifier.
    Raises TooThin where fewer than 30 were lost, or kept, in the rehearsal. The same input and seed give the same.
    """
    cut = as_of_day - loss.horizon_days
    then, now = (loss.features(histories, day) for day in (cut, as_of_day))
    lost = loss.happened(histories.until(as_of_day), then, cut)
    crossed = _Crossed(then, lost, seed, folds)
    return Risk(now.customer, crossed.probability(now), figures_of(crossed.probability(then), lost))


def crossfitted_risk(features: Features, lost: ArrayLike, seed: int, folds: int = 5) -> Money:
    """(n,) the risk of each customer by a model that learnt from customers of the other folds only. `lost` (n,): what
    became of them. Raises TooThin where fewer than 30 were lost, or kept."""
    outcome = np.asarray(lost, dtype=np.bool_)
    if outcome.shape != features.customer.shape:
        raise ValueError("Every customer needs an outcome.")
    return _Crossed(features, outcome, seed, folds).probability(features)


class _Crossed:
    """For each fold the models that learnt from the customers of all others."""

    def __init__(self, features: Features, lost: Flags, seed: int, folds: int) -> None:
        self.seed, self.folds = seed, folds
        fold = fold_of(features.customer, folds, seed)
        self.models = [_fitted(features, lost, fold != k, seed) for k in range(folds)]

    def probability(self, features: Features) -> Money:
        """(n,)"""
        fold = fold_of(features.customer, self.folds, self.seed)
        found = np.empty(len(fold))
        for k, models in enumerate(self.models):
            among = fold == k
            if among.any():
                found[among] = np.mean([_probability(model, features.values[among]) for model in models], axis=0)
        return found


def fold_of(customer: Days, folds: int, seed: int) -> Days:
    """(n,) the fold of each customer: by his identifier and the seed alone, so that it is the same on every day and
    whoever else is there."""
    if folds < 2:
        raise ValueError("Cross-fitting needs at least two folds.")
    with np.errstate(over="ignore"):  # wrapping round is the point: the mixing of splitmix64 (G. L. Steele 2014)
        mixed = customer.astype(np.uint64) + np.uint64(seed) * np.uint64(0x9E3779B97F4A7C15)
        for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
            mixed = (mixed ^ (mixed >> np.uint64(shift))) * np.uint64(factor)
    return ((mixed ^ (mixed >> np.uint64(31))) % np.uint64(folds)).astype(np.int64)


def figures_of(probability: ArrayLike, lost: ArrayLike) -> RiskFigures:
    """The figures of risks against what happened, (n,) each. Raises TooThin where all were lost or all kept."""
    risk, outcome = np.asarray(probability, dtype=np.float64), np.asarray(lost, dtype=np.bool_)
    auc = area_under_curve(risk, outcome)
    if auc is None:
        raise TooThin("All customers came to the same end: there is nothing to tell apart.")
    brier, right = float(((risk - outcome) ** 2).mean()), float(((risk > 0.5) == outcome).mean())
    return RiskFigures(len(risk), int(outcome.sum()), auc, average_precision(risk, outcome), brier, right)


def average_precision(score: Money, truth: Flags) -> float:
    """The mean, over the true ones, of the share of true ones among all that score at least as high."""
    values, place = np.unique(-score, return_inverse=True)
    true = np.bincount(place, weights=truth, minlength=len(values))
    seen = np.cumsum(np.bincount(place, minlength=len(values)))
    return float((true * np.cumsum(true) / seen).sum() / true.sum())


def _fitted(features: Features, lost: Flags, among: Flags, seed: int) -> list[HistGradientBoostingClassifier]:
    rows = np.flatnonzero(among)
    if len(rows) > _MOST:
        rows = np.sort(np.random.default_rng(seed).choice(rows, _MOST, replace=False))
    values, outcome = features.values[rows], lost[rows]
    gone, kept = int(outcome.sum()), int((~outcome).sum())
    if min(gone, kept) < MIN_CASES:
        raise TooThin(
            f"{gone} customers were lost and {kept} kept; a risk needs at least {MIN_CASES} of each to learn."
        )
    direction = [_DIRECTION.get(name, 0) for name in features.names]
    with threadpool_limits(limits=1):  # threads that wait for each other on a busy machine cost more than they bring
        members = [_model(len(rows), direction, seed * _MEMBERS + member) for member in range(_MEMBERS)]
        return [member.fit(values, outcome) for member in members]


def _model(customers: int, direction: list[int], seed: int) -> HistGradientBoostingClassifier:
    return HistGradientBoostingClassifier(
        learning_rate=_RATE,
        max_iter=_ROUNDS if customers >= _FEW else _ROUNDS_OF_FEW,
        max_leaf_nodes=_LEAVES,
        min_samples_leaf=max(_LEAF, customers // _LEAVES_AT_MOST),
        max_features=_SHARE_OF_FEATURES,
        monotonic_cst=direction,
        early_stopping=False,
        random_state=seed,
    )


def _probability(model: HistGradientBoostingClassifier, values: Money) -> Money:
    with threadpool_limits(limits=1):
        return np.asarray(model.predict_proba(values)[:, 1])


def _spent_after(histories: Histories, customer: Days, day: int) -> Money:
    """(n,) what each of these customers, all of whom have a history, spent after a day; in whole cents."""
    late = histories.day > day
    place = np.searchsorted(customer, histories.customer[late])
    known = place < len(customer)
    known[known] = customer[place[known]] == histories.customer[late][known]
    cents = np.rint(histories.amount[late][known] * 100)
    return np.bincount(place[known], weights=cents, minlength=len(customer)) / 100.0
