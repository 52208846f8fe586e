"""From histories to forecasts: columns, the recency baseline, trials in time, models per cohort."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis import (
    BGNBD,
    Histories,
    ModelTrial,
    TooThin,
    best_hiatus,
    buyers_to_date,
    compare_models,
    fit_by_cohort,
    time_away,
)
from analysis import holdout_figures as figures
from analysis.defection.buying.comparing import area_under_curve, visits_between
from analysis.defection.buying.purchases import Purchases, distinct


def business(n, seed, *, per_week=0.3, lives=40.0, weeks=104):
    """Histories of n customers who come at rates of their own and leave for good at times of their own."""
    rng = np.random.default_rng(seed)
    who, day = [], []
    for customer in range(n):
        first = rng.integers(0, 26 * 7)
        end = min(first + 7 * rng.exponential(lives), weeks * 7)
        visits = rng.poisson(rng.gamma(1, per_week) * max(end - first, 0) / 7)
        days = np.unique(np.append(first, rng.uniform(first, max(end, first + 1), visits).astype(int)))
        who.append(np.full(len(days), customer))
        day.append(days)
    customer, days = np.concatenate(who), np.concatenate(day)
    return Histories.of(customer, days, rng.gamma(3, 10, len(days)))


def test_columns_of_a_known_customer():
    histories = Histories.of([7, 7, 7, 7, 9], [10, 24, 24, 31, 20], [5.0, 6.0, 4.0, 8.0, 3.0])
    to_date = buyers_to_date(histories, 38)
    assert to_date.customer.tolist() == [7, 9]
    assert to_date.purchases.frequency.tolist() == [2, 0]
    assert to_date.purchases.recency.tolist() == [3, 0]
    assert to_date.purchases.age == pytest.approx([4, 18 / 7])
    assert to_date.mean_amount.tolist() == [9, 0]
    assert buyers_to_date(histories, 15).purchases.frequency.tolist() == [0]
    assert buyers_to_date(histories, 5).customer.size == 0
    with pytest.raises(ValueError, match="unit of time"):
        buyers_to_date(histories, 38, 0)


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), max_size=40))
def test_distinct_rows_come_with_their_counts(rows):
    columns = tuple(np.array([row[place] for row in rows], float) for place in range(2))
    found, counts = distinct(columns)
    told = dict(zip(zip(*(column.tolist() for column in found), strict=True), counts.tolist(), strict=True))
    assert told == {row: rows.count(row) for row in set(rows)}


@given(st.lists(st.tuples(st.integers(0, 5), st.booleans()), min_size=1, max_size=40))
@settings(max_examples=100)
def test_area_under_the_curve_counts_pairs(pairs):
    score, truth = np.array([p[0] for p in pairs]), np.array([p[1] for p in pairs])
    wins = [(a > b) + 0.5 * (a == b) for a in score[truth] for b in score[~truth]]
    assert area_under_curve(score, truth) == (pytest.approx(np.mean(wins)) if wins else None)


def test_visits_between_are_of_the_customers_asked():
    histories = Histories.of([1, 1, 2, 3], [5, 9, 9, 9], [1.0] * 4)
    assert visits_between(histories, np.array([1, 3, 4]), 5, 9).tolist() == [1, 1, 0]
    assert visits_between(histories, np.array([], dtype=np.int64), 5, 9).tolist() == []


def test_figures_of_a_forecast():
    found = figures([1, 0, 2, 1], [2, 0, 2, 0])
    assert (found.customers, found.came, found.mae, found.bias) == (4, 0.5, 0.5, 0.0)
    assert found.rmse == pytest.approx(np.sqrt(0.5))
    assert found.auc == 0.875
    assert figures([1, 1], [0, 0]).auc is None
    assert figures([1, 1], [0, 0]).bias is None
    assert figures([1, 1], [0, 3]).correlation is None
    assert figures(None, [0, 3], score=[1, 2]).auc == 1
    with pytest.raises(ValueError, match="equally long"):
        figures([1, 1, 1], [0, 3])
    with pytest.raises(ValueError, match="at least one customer"):
        figures([], [])


def test_the_best_hiatus_is_the_one_that_is_right_most_often():
    found = best_hiatus([1, 2, 3, 8, 9], [True, True, False, False, False])
    assert (found.limit, found.accuracy) == (2, 1)
    assert found.is_gone([0, 0], [2, 2.1]).tolist() == [False, True]
    assert time_away([3, 0], [10, 10]).tolist() == [7, 10]
    with pytest.raises(TooThin):
        best_hiatus([], [])
    with pytest.raises(ValueError, match="equally long"):
        best_hiatus([1], [True, False])


@given(st.lists(st.tuples(st.integers(0, 6), st.booleans()), min_size=1, max_size=30))
def test_no_other_hiatus_is_right_more_often(rows):
    away, came = np.array([row[0] for row in rows]), np.array([row[1] for row in rows])
    found = best_hiatus(away, came)
    right = [((away <= limit) == came).mean() for limit in np.unique(away)]
    assert found.accuracy == pytest.approx(max(right))
    assert found.accuracy == pytest.approx(((away <= found.limit) == came).mean())


def test_a_trial_stands_models_beside_recency_and_chooses():
    histories = business(700, 3)
    trial = ModelTrial(as_of_day=104 * 7, horizon_days=26 * 7, rounds=2)
    found = compare_models(histories, trial)
    assert trial.cuts == (52 * 7, 78 * 7)
    assert set(found.rounds) == {"recency", "own_pace", "NBD", "BGNBD", "MBGNBD", "ParetoNBD"}
    assert {len(rounds) for rounds in found.rounds.values()} == {2}
    assert found.counted_by in ("BGNBD", "MBGNBD", "ParetoNBD")  # customers leave here, which NBD cannot know
    assert found.mean("NBD", "bias") > 0.5 > abs(found.mean(found.counted_by, "bias"))
    assert found.why in ("model_ranks_better", "recency_ranks_as_well")
    better = found.mean(found.counted_by, "auc") > found.mean("recency", "auc")
    assert (found.why == "model_ranks_better") == better == (found.ranked_by == found.counted_by)
    assert compare_models(histories, trial) == found


def test_what_comes_after_the_trial_changes_nothing():
    histories = business(300, 4)
    trial = ModelTrial(as_of_day=78 * 7, horizon_days=26 * 7, rounds=1)
    assert compare_models(histories, trial) == compare_models(histories.until(78 * 7), trial)


def test_a_small_business_is_told_why_there_is_no_model():
    histories = business(12, 5)
    found = compare_models(histories, ModelTrial(as_of_day=104 * 7, horizon_days=26 * 7, rounds=1))
    assert (found.why, found.ranked_by, found.counted_by) == ("too_thin", "recency", "own_pace")
    assert "needs at least 30" in found.left_out["BGNBD"]
    with pytest.raises(ValueError, match="try fewer rounds"):
        compare_models(histories, ModelTrial(as_of_day=104 * 7, horizon_days=26 * 7, rounds=9))
    with pytest.raises(ValueError, match="at least a day"):
        ModelTrial(as_of_day=0, horizon_days=0)


def cohorts(rates, n=500):
    rng = np.random.default_rng(6)
    age = rng.uniform(20, 50, n * len(rates))
    cohort = np.repeat(np.arange(len(rates)), n)
    x = rng.poisson(rng.gamma(1.0, 1.0, len(age)) * np.array(rates)[cohort] * age).astype(float)
    tx = np.where(x > 0, age * rng.beta(np.maximum(x, 1), 1), 0)
    return Purchases.of(x, tx, age), cohort


def test_cohorts_get_models_of_their_own_where_it_pays():
    bought, cohort = cohorts([0.05, 0.4])
    found = fit_by_cohort(BGNBD, bought, cohort)
    assert found.pays
    assert set(found.own) == {0, 1}
    told = found.expected_purchases(10, bought, cohort)
    first = BGNBD().fit(bought.frequency[:500], bought.recency[:500], bought.age[:500])
    own = first.expected_purchases(10, bought.frequency[:500], bought.recency[:500], bought.age[:500])
    assert told[:500] == pytest.approx(own)


def test_cohorts_that_do_not_differ_share_one_model():
    bought, cohort = cohorts([0.2, 0.2])
    found = fit_by_cohort(BGNBD, bought, cohort)
    assert not found.pays
    assert found.own == {}
    told = found.expected_purchases(10, bought, cohort)
    assert told == pytest.approx(found.pooled.expected_purchases(10, bought.frequency, bought.recency, bought.age))
    with pytest.raises(ValueError, match="needs a cohort"):
        fit_by_cohort(BGNBD, bought, cohort[1:])
