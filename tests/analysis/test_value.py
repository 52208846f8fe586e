"""The first estimate of what a leaving customer costs."""

import numpy as np
import pytest

import analysis
from analysis.defection.lapse import Lapse


def test_the_estimate_is_spend_times_years():
    assert analysis.first_estimate([100.0, 250.0, -30.0], 4.0).tolist() == [400.0, 1000.0, 0.0]
    assert analysis.first_estimate([100.0, 100.0], [1.0, 2.5]).tolist() == [100.0, 250.0]


def test_the_estimate_refuses_what_is_missing():
    with pytest.raises(ValueError, match="missing"):
        analysis.first_estimate([float("nan")], 2.0)


def test_remaining_years_are_the_inverse_of_the_hazard_within_bounds():
    years = analysis.remaining_years([20, 0, 900, 1], [100.0, 100.0, 100.0, 100.0])
    assert years.tolist() == [5.0, 10.0, 0.5, 10.0]
    assert float(analysis.remaining_years(50, 100.0)) == 2.0


@pytest.mark.parametrize(("gone", "observed"), [(1, 0.0), (-1, 5.0), (1, float("nan"))])
def test_remaining_years_need_observation(gone, observed):
    with pytest.raises(ValueError, match="observed"):
        analysis.remaining_years(gone, observed)


def test_customer_years_leave_out_the_time_away():
    visits = analysis.Histories.of([1, 1, 2], [0, 300, 100], [1.0, 1.0, 1.0])
    gone = analysis.detect(visits, Lapse(days=200), 399)
    # Customer 1: 400 days, away from 200 to 299. Customer 2: 300 days, away from 300 to 399.
    assert analysis.customer_years(visits, gone, 399) == pytest.approx((300 + 200) / 365.25)


def test_a_known_hazard_is_found_back():
    # Visits every 10 days until a geometric end: 0.1 % a day leave, so 1 / (0.001 * 365.25) = 2.74 years.
    rng = np.random.default_rng(11)
    end = rng.geometric(0.001, 4000)
    days = [np.arange(0, min(e, 2000) + 1, 10) for e in end]
    who = np.repeat(np.arange(4000), [len(d) for d in days])
    visits = analysis.Histories.of(who, np.concatenate(days), np.ones(who.size))
    gone = analysis.detect(visits, Lapse(days=30), 2000)
    years = analysis.remaining_years(len(gone), analysis.customer_years(visits, gone, 2000))
    assert float(years) == pytest.approx(1 / (0.001 * 365.25), rel=0.05)


def test_yearly_spend_is_the_year_that_ended_with_the_visit():
    visits = analysis.Histories.of([1, 1, 1, 1, 5], [0, 1, 365, 900, 3], [1.0, 2.0, 4.0, 8.0, 7.25])
    assert analysis.yearly_spend(visits, [1, 1, 5, 1], [365, 900, 3, 364]).tolist() == [6.0, 8.0, 7.25, 3.0]
    with pytest.raises(ValueError, match="no history"):
        analysis.yearly_spend(visits, [2], [365])


def test_yearly_spend_of_nobody():
    empty = analysis.Histories.of(np.array([], dtype=int), np.array([], dtype=int), [])
    assert analysis.yearly_spend(empty, [], []).tolist() == []
    with pytest.raises(ValueError, match="no history"):
        analysis.yearly_spend(empty, [2], [365])


def test_yearly_spend_is_exact_in_any_company():
    rng = np.random.default_rng(3)
    cents = rng.integers(-500, 90_000, 500)
    crowd = analysis.Histories.of(np.arange(500) // 5, np.tile(np.arange(5), 100), cents / 100)
    last = np.full(100, 4)
    expected = cents.reshape(100, 5).sum(axis=1) / 100
    assert analysis.yearly_spend(crowd, np.arange(100), last).tolist() == expected.tolist()
