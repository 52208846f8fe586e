"""Shares held against each other: periods, segments, and what was ticked against what was written."""

import numpy as np
import pytest

import analysis
from analysis.shares.comparing import ReadShares, compare_shares, trend_of_shares


def read(positives, size, name="March", model="m1", answers=1_000):
    """Shares of reasons found by people in so many of the answers they reviewed; the model says nothing."""
    labels = np.array([[i < each for each in positives] for i in range(size)], dtype=float)
    shares = analysis.estimate_shares(np.full((answers, len(positives)), 0.5), np.arange(size), labels)
    return ReadShares(name, model, shares)


def test_where_labels_alone_speak_it_is_newcombes_interval():
    first, second = read([3], 60, "March"), read([4], 50, "April")
    assert first.shares.method == second.shares.method == ("labels",)
    (found,) = compare_shares([(first, second)])
    hand = analysis.rate_difference((4, 50), (3, 60))
    assert (found.earlier, found.later) == ("March", "April")
    assert found.estimate[0] == pytest.approx(float(hand.estimate))
    assert found.low[0] == pytest.approx(float(hand.low), abs=2e-3)
    assert found.high[0] == pytest.approx(float(hand.high), abs=2e-3)


def test_p_and_interval_say_the_same():
    for positives in range(20, 60, 4):
        (found,) = compare_shares([(read([30], 100), read([positives], 100, "April"))])
        assert (found.p[0] < 0.05) == (found.low[0] > 0 or found.high[0] < 0)
        assert found.low[0] <= found.estimate[0] <= found.high[0]


def test_of_many_that_did_not_change_few_are_called_real():
    rng = np.random.default_rng(1)
    runs, any_real, apart = 60, 0, 0
    for _ in range(runs):
        shares = [read(rng.binomial(150, 0.3, 12).tolist(), 150, str(i)) for i in (1, 2)]
        (found,) = compare_shares([tuple(shares)])
        any_real += bool(found.is_real.any())
        apart += bool((found.p < 0.05).any())
    assert any_real / runs < 0.17  # .05 by promise; 99.9 % of 60 runs
    assert apart / runs > 0.25  # without control nearly every second table would show something


def test_a_real_change_among_many_is_found():
    still = [30] * 11
    (found,) = compare_shares([(read([30, *still], 150), read([80, *still], 150, "April"))])
    assert found.is_real.tolist() == [True, *[False] * 11]
    assert found.estimate[0] > 0
    assert (found.adjusted >= found.p).all()


def test_two_versions_of_the_model_are_not_compared():
    with pytest.raises(ValueError, match="different versions"):
        compare_shares([(read([30], 100), read([30], 100, "April", model="m2"))])
    with pytest.raises(ValueError, match="same reasons"):
        compare_shares([(read([30], 100), read([30, 20], 100))])
    with pytest.raises(ValueError, match="rate"):
        compare_shares([], rate=0)


def test_a_trend_is_each_period_against_the_one_before():
    periods = [read([n], 100, name) for n, name in ((30, "March"), (31, "April"), (70, "May"))]
    found = trend_of_shares(periods)
    assert [(each.earlier, each.later) for each in found] == [("March", "April"), ("April", "May")]
    assert [bool(each.is_real[0]) for each in found] == [False, True]
    assert trend_of_shares(periods[:1]) == []
    assert trend_of_shares([]) == []


def test_what_nobody_reviewed_cannot_have_changed():
    unread = analysis.estimate_shares(np.full((10, 1), 0.5), [], [])
    (found,) = compare_shares([(ReadShares("March", "m1", unread), read([30], 100, "April"))])
    assert np.isnan(found.estimate[0])
    assert (found.low[0], found.high[0], found.p[0]) == (-1, 1, 1)
    assert not found.is_real[0]
