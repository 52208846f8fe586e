"""The value lost by reason: what it adds up to, and how often its intervals hold the truth."""

import numpy as np
import pytest

import analysis

CAN = np.array([True, True, False])


def answers(rng, n=2_000, reviewed=300):
    """Three reasons, those who leave for the first worth three times as much; a model that is often wrong."""
    truth = rng.random((n, 3)) < [0.2, 0.4, 0.15]
    said = np.clip(np.where(truth, rng.beta(4, 2, (n, 3)), rng.beta(1.5, 5, (n, 3))) + 0.1, 0, 1)
    value = rng.lognormal(5, 0.5, n) * np.where(truth[:, 0], 3, 1)
    at = rng.choice(n, reviewed, replace=False)
    return truth, value, analysis.reviewed_answers(said, at, truth[at])


def test_it_is_the_value_of_those_who_gave_the_reason_where_all_were_reviewed():
    rng = np.random.default_rng(1)
    truth, value, _ = answers(rng, 500, 1)
    whole = analysis.reviewed_answers(rng.random((500, 3)), np.arange(500), truth)
    found = analysis.lost_value(whole, value, CAN)
    assert found.total == pytest.approx(value.sum())
    assert found.estimate == pytest.approx(value @ truth)
    able = truth[:, CAN].any(axis=1)
    assert found.influenceable.estimate == pytest.approx(value[able].sum())
    assert found.not_influenceable.estimate == pytest.approx(value[truth[:, 2] & ~able].sum())


def test_intervals_hold_what_was_lost():
    rng = np.random.default_rng(2)
    runs, held, able_held = 150, np.zeros(3), 0
    expected = lost_per_defector()
    for _ in range(runs):
        _, value, reviewed = answers(rng, 1_500, 250)
        found = analysis.lost_value(reviewed, value, CAN, total=1.0)
        held += (found.low <= expected[:3]) & (expected[:3] <= found.high)
        able_held += found.influenceable.low <= expected[3] <= found.influenceable.high
    assert (held / runs > 0.86).all()  # 99.9 % of 150 runs of .93
    assert able_held / runs > 0.86


def lost_per_defector():
    """The share of value of each reason and of either of the first two, by their probabilities."""
    whole = 0.2 * 3 + 0.8
    others = 1 - 0.6
    return np.array([0.6 / whole, 0.4, 0.15, (0.6 + 0.8 * others) / whole])


def test_weights_stand_for_those_who_did_not_answer():
    truth = np.array([[1, 0, 0]] * 30 + [[0, 0, 1]] * 30, dtype=float)
    value, weights = np.full(60, 100.0), np.repeat([3.0, 1.0], 30)
    reviewed = analysis.reviewed_answers(truth, np.arange(60), truth, weights=weights)
    found = analysis.lost_value(reviewed, value, CAN)
    assert found.total == pytest.approx(12_000)
    assert found.estimate == pytest.approx([9_000, 0, 3_000])
    known = analysis.lost_value(reviewed, value, CAN, total=20_000)
    assert known.estimate == pytest.approx([15_000, 0, 5_000])
    assert known.high == pytest.approx(found.high / 12_000 * 20_000)


def test_one_who_is_worth_all_makes_it_unsure():
    rng = np.random.default_rng(3)
    _, value, reviewed = answers(rng)
    even = analysis.lost_value(reviewed, np.ones(2_000), CAN, total=1.0)
    value[reviewed.at[0]] = 1e6
    uneven = analysis.lost_value(reviewed, value, CAN, total=1.0)
    assert uneven.shares.effective_reviewed < 5 < even.shares.effective_reviewed
    assert (uneven.high - uneven.low > 2 * (even.high - even.low)).all()


def test_nothing_reviewed_leaves_all_of_it_possible():
    found = analysis.lost_value(analysis.reviewed_answers(np.full((4, 3), 0.5), [], []), [1, 2, 3, 4], CAN)
    assert np.isnan(found.estimate).all()
    assert (found.low.tolist(), found.high.tolist()) == ([0] * 3, [10] * 3)
    assert (found.influenceable.low, found.influenceable.high) == (0, 10)


def test_it_goes_on_to_the_check_of_investments():
    rng = np.random.default_rng(4)
    _, value, reviewed = answers(rng)
    found = analysis.lost_value(reviewed, value, CAN)
    lost = analysis.lost_from_intervals(
        ("price", "slow", "moved"), np.column_stack([found.estimate, found.low, found.high]), CAN
    )
    assert lost.yearly == pytest.approx(found.estimate)


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"value": [1, 2, 3]}, "weight"),
        ({"value": [1, 2, 3, -4]}, "not below 0"),
        ({"value": [0, 0, 0, 0]}, "not all be 0"),
        ({"influenceable": [True]}, "can be influenced"),
        ({"total": float("nan")}, "at least 0"),
        ({"total": -1}, "at least 0"),
    ],
)
def test_what_cannot_be_is_refused_in_words(wrong, words):
    given = {"value": [1, 2, 3, 4], "influenceable": CAN, **wrong}
    reviewed = analysis.reviewed_answers(np.full((4, 3), 0.5), [0], [[1, 0, 0]])
    with pytest.raises(ValueError, match=words):
        analysis.lost_value(reviewed, given.pop("value"), given.pop("influenceable"), **given)
