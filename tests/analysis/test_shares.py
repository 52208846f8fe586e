"""Intervals against published tables."""

import numpy as np
import pytest

import analysis

# R. G. Newcombe (1998), Two-sided confidence intervals for the single proportion: comparison of seven
# methods, Statistics in Medicine 17, 857-872, table I, method 3 (Wilson), 95 %.
SINGLE = [
    (81, 263, 0.2553, 0.3662),
    (15, 148, 0.0624, 0.1605),
    (0, 20, 0.0000, 0.1611),
    (1, 29, 0.0061, 0.1718),
]

# R. G. Newcombe (1998), Interval estimation for the difference between independent proportions: comparison
# of eleven methods, Statistics in Medicine 17, 873-890, table II, method 10, 95 %.
DIFFERENCE = [
    ((56, 70), (48, 80), 0.0524, 0.3339),
    ((9, 10), (3, 10), 0.1705, 0.8090),
    ((6, 7), (2, 7), 0.0582, 0.8062),
    ((5, 56), (0, 29), -0.0381, 0.1926),
    ((0, 10), (0, 20), -0.1611, 0.2775),
    ((0, 10), (0, 10), -0.2775, 0.2775),
    ((10, 10), (0, 20), 0.6791, 1.0000),
    ((10, 10), (0, 10), 0.6075, 1.0000),
]


@pytest.mark.parametrize(("count", "total", "low", "high"), SINGLE)
def test_wilson_gives_the_published_interval(count, total, low, high):
    found = analysis.wilson(count, total)
    assert (round(float(found.low), 4), round(float(found.high), 4)) == (low, high)


@pytest.mark.parametrize(("first", "second", "low", "high"), DIFFERENCE)
def test_the_difference_gives_the_published_interval(first, second, low, high):
    found = analysis.rate_difference(first, second)
    assert (round(float(found.low), 4), round(float(found.high), 4)) == (low, high)
    assert float(found.estimate) == pytest.approx(first[0] / first[1] - second[0] / second[1])


def test_of_nothing_nothing_is_known():
    found = analysis.wilson([0, 3], [0, 3])
    assert found.low.tolist()[0] == 0.0
    assert found.high.tolist() == [1.0, 1.0]
    apart = analysis.rate_difference((0, 0), (0, 0))
    assert float(apart.low) < -0.7
    assert float(apart.high) > 0.7


def test_many_at_once_equal_one_by_one():
    counts, totals = np.arange(11), np.full(11, 10.0)
    together = analysis.wilson(counts, totals, 0.9)
    for n in range(11):
        one = analysis.wilson(n, 10, 0.9)
        assert (together.low[n], together.high[n]) == (one.low, one.high)
        assert 0 <= together.low[n] <= n / 10 <= together.high[n] <= 1


def test_the_interval_covers_the_truth_about_as_often_as_it_says():
    rng = np.random.default_rng(2)
    counts = rng.binomial(40, 0.3, 20_000)
    found = analysis.wilson(counts, 40)
    assert 0.93 < np.mean((found.low <= 0.3) & (found.high >= 0.3)) < 0.97


@pytest.mark.parametrize(("count", "total"), [(5, 4), (-1, 4), (float("nan"), 4)])
def test_impossible_counts_are_refused(count, total):
    with pytest.raises(ValueError, match="between 0 and its total"):
        analysis.wilson(count, total)


@pytest.mark.parametrize("level", [0, 1, 1.5])
def test_impossible_levels_are_refused(level):
    with pytest.raises(ValueError, match="level"):
        analysis.wilson(1, 4, level)
