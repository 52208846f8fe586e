"""Survival curves and hazards: published figures, plain recounting, and cut data."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import analysis
from analysis.defection.lapse import Lapse
from analysis.defection.spells import spells_of
from analysis.defection.survival import (
    Durations,
    durations,
    hazard_by_tenure,
    kaplan_meier,
    log_rank,
    nelson_aalen,
    poisson_interval,
    smooth_hazard,
)

# Weeks of remission, 6-mercaptopurine against placebo: E. J. Freireich and others (1963), Blood 21, 699-716; the curve,
# Greenwood's errors and the log-rank statistic are in many textbooks (Klein and Moeschberger 2003, sections 4.2, 7.3).
TREATED = [6, 6, 6, 7, 10, 13, 16, 22, 23, 6, 9, 10, 11, 17, 19, 20, 25, 32, 32, 34, 35]
TREATED_LEFT = [1] * 9 + [0] * 12
PLACEBO = [1, 1, 2, 2, 3, 4, 4, 5, 5, 8, 8, 8, 8, 11, 11, 12, 12, 15, 17, 22, 23]


def stays(until, left, entry=None):
    until = np.array(until)
    entry = np.zeros_like(until) if entry is None else np.array(entry)
    return Durations(entry, until, np.array(left, dtype=bool))


def test_the_curve_and_its_errors_are_those_of_the_textbook():
    curve = kaplan_meier(stays(TREATED, TREATED_LEFT))
    assert curve.day.tolist() == [6, 7, 10, 13, 16, 22, 23]
    assert curve.at_risk.tolist() == [21, 17, 15, 12, 11, 7, 6]
    assert curve.estimate == pytest.approx([0.8571, 0.8067, 0.7529, 0.6902, 0.6275, 0.5378, 0.4482], abs=5e-5)
    # log-log ends at 23 weeks, from the standard error .1346 printed there
    theta = np.exp(1.959964 * 0.1346 / (0.4482 * np.log(0.4482)))
    assert curve.low[-1] == pytest.approx(0.4482 ** (1 / theta), abs=2e-3)
    assert curve.high[-1] == pytest.approx(0.4482**theta, abs=2e-3)
    assert curve.at([5, 6, 12])[0] == pytest.approx([1, 0.8571, 0.7529], abs=5e-5)


def test_the_log_rank_test_is_that_of_the_textbook():
    both = stays(TREATED + PLACEBO, TREATED_LEFT + [1] * 21)
    found = log_rank(both, [0] * 21 + [1] * 21)
    assert found.left.tolist() == [9, 21]
    assert found.expected == pytest.approx([19.25, 10.75], abs=0.01)
    assert found.statistic == pytest.approx(16.79, abs=0.01)
    assert found.p == pytest.approx(4.2e-5, abs=1e-6)
    with pytest.raises(ValueError, match="two groups"):
        log_rank(both, [0] * 42)


def test_the_cumulative_hazard_adds_up():
    curve = nelson_aalen(stays(TREATED, TREATED_LEFT))
    assert curve.estimate[:3] == pytest.approx([3 / 21, 3 / 21 + 1 / 17, 3 / 21 + 1 / 17 + 1 / 15])
    assert (curve.low < curve.estimate).all()
    assert (curve.estimate < curve.high).all()


def test_where_nobody_or_everybody_left_the_interval_is_not_a_point():
    nobody = kaplan_meier(stays([10] * 20, [0] * 20))
    assert nobody.at([100]) == (pytest.approx([1]), pytest.approx([0.025 ** (1 / 20)]), pytest.approx([1]))
    everybody = kaplan_meier(stays([3, 5], [1, 1]))
    assert everybody.estimate.tolist() == [0.5, 0]
    assert (everybody.low[-1], everybody.high[-1]) == (0, everybody.high[0])


@given(st.lists(st.tuples(st.integers(0, 30), st.integers(1, 30), st.booleans()), min_size=1, max_size=40))
def test_counts_at_risk_are_those_of_plain_counting(rows):
    entry, exit_ = np.array([a for a, _, _ in rows]), np.array([a + b for a, b, _ in rows])
    left = np.array([c for _, _, c in rows])
    curve = kaplan_meier(Durations(entry, exit_, left))
    for day, at_risk, gone in zip(curve.day, curve.at_risk, curve.left, strict=True):
        assert at_risk == ((entry < day) & (exit_ >= day)).sum()
        assert gone == (left & (exit_ == day)).sum()
    assert ((curve.low <= curve.estimate) & (curve.estimate <= curve.high)).all()


def test_delayed_entry_takes_away_the_bias_of_old_customers():
    # All stay 1 to 1,000 days with equal chance; the data begin when half of them have been there for some time.
    draw = np.random.default_rng(3)
    life, joined = draw.integers(1, 1001, 20_000), draw.integers(0, 2_000, 20_000)
    seen = joined + life > 1_000
    entry = np.maximum(1_000 - joined, 0)[seen]
    found = kaplan_meier(Durations(entry, life[seen], np.ones(seen.sum(), dtype=bool)))
    assert found.at([500])[0] == pytest.approx(0.5, abs=0.02)
    naive = kaplan_meier(Durations(np.zeros_like(entry), life[seen], np.ones(seen.sum(), dtype=bool)))
    assert naive.at([500])[0] > 0.55


def test_the_hazard_by_tenure_counts_the_time_in_each_band():
    found = hazard_by_tenure(stays([30, 100, 200, 90], [1, 1, 0, 1], entry=[0, 0, 60, 0]), [0, 90, 365])
    assert found.left.tolist() == [2, 1]
    assert found.months * 365.25 / 12 == pytest.approx([30 + 90 + 30 + 90, 10 + 110])
    assert found.rate == pytest.approx(found.left / found.months)
    assert np.isinf(hazard_by_tenure(stays([30], [1]), [0, 90, 365]).high[1])


def test_the_smooth_hazard_finds_a_constant_one_also_at_the_start():
    draw = np.random.default_rng(4)
    life = np.ceil(draw.exponential(300, 20_000)).astype(int)
    found = smooth_hazard(stays(np.minimum(life, 400), life <= 400), [0, 20, 200], 60)
    assert found.estimate == pytest.approx([365.25 / 12 / 300] * 3, rel=0.06)
    assert (found.low < found.estimate).all()


def test_the_poisson_interval_is_garwoods():
    # F. Garwood (1936): for 10 the 95 % limits are 4.795 and 18.390; for none the upper one is 3.689.
    found = poisson_interval([10, 0])
    assert found.low == pytest.approx([4.795, 0], abs=1e-3)
    assert found.high == pytest.approx([18.390, 3.689], abs=1e-3)


@pytest.mark.parametrize("columns", [([5], [3], [True]), ([-1], [3], [True]), ([0, 1], [3], [True])])
def test_impossible_durations_are_refused(columns):
    with pytest.raises(ValueError, match="tenure|equally long"):
        Durations(*(np.array(column) for column in columns))


def test_spells_begin_with_a_return_and_tenure_with_the_day_of_joining():
    visits = analysis.Histories.of([1, 1, 1, 2], [0, 300, 350, 100], [1.0] * 4)
    spells = spells_of(visits, analysis.detect(visits, Lapse(days=200), 399), 399)
    assert spells.began.tolist() == [0, 300, 100]
    assert spells.ended.tolist() == [200, -1, 300]
    found = durations(spells, joined=[-400, 50], data_from=0)
    # Customer 1's day of joining is not known where it is negative.
    assert found.entry.tolist() == [0, 0, 0]
    assert found.exit.tolist() == [200, 100, 250]
    older = durations(spells, joined=[0, 20], data_from=60)
    assert older.entry.tolist() == [60, 0, 40]
    assert older.left.tolist() == [True, False, True]


def test_coverage_of_the_curve_with_few_customers():
    covered = 0
    for seed in range(400):
        draw = np.random.default_rng((1, seed))
        life, cut = np.ceil(draw.exponential(400, 60)), np.ceil(draw.uniform(50, 900, 60))
        curve = kaplan_meier(stays(np.minimum(life, cut).astype(int), life <= cut))
        _, low, high = curve.at([200])
        covered += bool(low[0] <= np.exp(-200 / 400) <= high[0])
    assert 0.92 <= covered / 400 <= 0.98
