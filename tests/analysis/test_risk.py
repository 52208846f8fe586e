"""The risk of losing each customer: features, cross-fitting by customer, figures."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis import Histories, Loss, TooThin, risk_as_of
from analysis.defection.features import features_as_of
from analysis.defection.risk import average_precision, crossfitted_risk, figures_of, fold_of

YEAR = 364


def business(n, seed):
    """n customers who come weekly or so for two years; some leave, some come half as often from some day on."""
    rng = np.random.default_rng(seed)
    who, day = [], []
    for customer in range(n):
        rate, change, factor = rng.uniform(0.1, 0.4), rng.uniform(200, 2000), rng.choice([0.0, 0.3])
        days = np.flatnonzero(rng.random(2 * YEAR) < np.where(np.arange(2 * YEAR) < change, rate, rate * factor))
        days = np.unique(np.append(days, rng.integers(0, 30)))
        who.append(np.full(len(days), customer))
        day.append(days)
    customer, days = np.concatenate(who), np.concatenate(day)
    return Histories.of(customer, days, rng.gamma(5, 4, len(days)))


def test_features_of_a_known_customer():
    histories = Histories.of([4, 4, 4, 4, 8], [0, 10, 20, 90, 95], [10.0, 20.0, 30.0, 40.0, 7.0])
    found = features_as_of(histories, 99, 40)
    assert found.customer.tolist() == [4, 8]
    told = {name: found.column(name)[0] for name in found.names}
    assert (told["days_away"], told["tenure"], told["visits"], told["spend"]) == (9, 100, 4, 100)
    assert (told["first_spend"], told["last_spend"], told["last_interval"], told["usual_interval"]) == (10, 40, 70, 30)
    assert told["intervals_away"] == pytest.approx(0.3)
    assert (told["visits_0.25"], told["visits_2"], told["spend_2"]) == (1, 2, 70)
    assert told["spend_trend"] == pytest.approx((40 / 20) / (60 / 80))
    # blocks of 10 days: spending 40 in the last one, none in six, 30, then 20 and 10, in shares of 10 a block
    assert told["spend_least"] == 0
    assert told["spend_below_half"] == pytest.approx(0.6)
    once = {name: found.column(name)[1] for name in found.names}
    assert np.isnan([once["usual_interval"], once["last_interval"], once["visits_trend"], once["spend_level"]]).all()
    assert features_as_of(histories, -1, 40).values.shape[0] == 0
    with pytest.raises(ValueError, match="no feature 'mood'"):
        found.column("mood")
    with pytest.raises(ValueError, match="at least 4 days"):
        features_as_of(histories, 99, 3)


visits = st.lists(st.tuples(st.integers(0, 5), st.integers(0, 200), st.integers(0, 9000)), min_size=1, max_size=60)


@given(visits, st.randoms())
@settings(max_examples=60, deadline=None)
def test_features_know_neither_the_order_of_rows_nor_the_others_nor_the_future(rows, random):
    def columns(chosen):
        who, day, cents = (np.array(column) for column in zip(*chosen, strict=True))
        return features_as_of(Histories.of(who, day, cents / 100), 100, 28)

    whole = columns(rows)
    shuffled = random.sample(rows, len(rows))
    np.testing.assert_array_equal(columns(shuffled).values, whole.values)
    past = [row for row in rows if row[1] <= 100]
    for place, customer in enumerate(whole.customer):
        alone = columns([row for row in past if row[0] == customer])
        np.testing.assert_allclose(alone.values[0], whole.values[place], rtol=1e-9, atol=1e-12)


def test_nothing_of_a_horizon_before_the_first_visit_counts_as_low():
    """Who has come weekly since five weeks ago is level: the weeks before the first visit are no decline."""
    histories = Histories.of([1] * 5, [65, 72, 79, 86, 93], [10.0] * 5)
    found = features_as_of(histories, 99, 28)
    assert found.column("spend_least") == pytest.approx(1)
    assert found.column("spend_below_half") == 0


def test_losses_are_those_of_the_horizon():
    histories = Histories.of([1, 1, 2, 2, 3], [0, 105, 0, 160, 50], [10.0, 1.0, 10.0, 5.0, 9.0])
    gone = Loss(50)
    then = gone.features(histories, 100)
    assert gone.happened(histories, then, 100).tolist() == [False, True, True]
    half = Loss(50, share=0.5, visits_a_day=0.001, tenure_days=101)
    then = half.features(histories, 100)
    assert then.customer.tolist() == [1, 2]  # 3 is not known for long enough
    # 10 in 101 days are 4.95 in 50; 1 spent 1 of them, 2 nothing
    assert half.happened(histories, then, 100).tolist() == [True, True]
    assert Loss(50, 0.2, 0.001, 101).happened(histories, then, 100).tolist() == [False, True]
    for wrong in ({"horizon_days": 3}, {"horizon_days": 9, "share": 0.0}, {"horizon_days": 9, "share": 1.1}):
        with pytest.raises(ValueError, match="must"):
            Loss(**wrong)


@pytest.mark.parametrize("loss", [Loss(91), Loss(91, share=0.5)])
def test_risk_ranks_better_than_recency_and_repeats_itself(loss):
    histories = business(600, 1)
    cut = 2 * YEAR - 92
    found = risk_as_of(histories, cut, loss, seed=3)
    later = loss.happened(histories, loss.features(histories, cut), cut)
    recency = loss.features(histories, cut).column("days_away")
    assert ((found.probability >= 0) & (found.probability <= 1)).all()
    assert figures_of(found.probability, later).auc > figures_of(recency / recency.max(), later).auc - 0.01
    assert found.figures.auc > 0.7
    again = risk_as_of(histories.until(cut), cut, loss, seed=3)
    assert (again.probability == found.probability).all()
    assert again.figures == found.figures


def test_nobodys_own_outcome_speaks_about_him():
    """With outcomes of pure chance a model that had seen them would rank well; a cross-fitted one cannot."""
    histories = business(300, 2)
    features = features_as_of(histories, 600, 91)
    lost = np.random.default_rng(1).random(300) < 0.4
    assert figures_of(crossfitted_risk(features, lost, seed=1), lost).auc == pytest.approx(0.5, abs=0.11)
    fold, flipped = fold_of(features.customer, 5, 1), lost.copy()
    flipped[fold == 2] ^= True
    before, after = (crossfitted_risk(features, outcome, seed=1) for outcome in (lost, flipped))
    assert (before[fold == 2] == after[fold == 2]).all()
    assert (before[fold != 2] != after[fold != 2]).any()


def test_folds_are_even_and_stay_with_the_customer():
    customer = np.arange(10_000)
    fold = fold_of(customer, 5, 7)
    assert np.bincount(fold).min() > 1_850
    assert (fold_of(customer[5_000:], 5, 7) == fold[5_000:]).all()
    assert (fold_of(customer, 5, 8) != fold).mean() > 0.7
    with pytest.raises(ValueError, match="at least two"):
        fold_of(customer, 1, 7)


def test_too_few_losses_are_said():
    histories = business(40, 3)
    with pytest.raises(TooThin, match="needs at least 30 of each"):
        risk_as_of(histories, 600, Loss(91), seed=1)
    with pytest.raises(TooThin, match="same end"):
        figures_of([0.1, 0.2], [True, True])
    with pytest.raises(ValueError, match="needs an outcome"):
        crossfitted_risk(features_as_of(histories, 600, 91), [True], seed=1)


def test_average_precision_by_hand():
    assert average_precision(np.array([4.0, 3, 2, 1]), np.array([True, False, True, False])) == pytest.approx(5 / 6)
    assert average_precision(np.array([1.0, 1, 1, 1]), np.array([True, False, False, False])) == 0.25
