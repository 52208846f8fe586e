"""The door to the defection rate: what it adds to the figures of `analysis`."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from survey.analyst import Share, rating, standing_out, surviving

RATE = Share(0.01, 0.009, 0.011)


def lives(*rows: tuple[int, int, int, int]) -> rating.Lives:
    """Rows of person, began, ended, last visit; seen up to day 1000."""
    columns = np.array(rows, dtype=np.int64).reshape(-1, 4).T
    return rating.Lives(*columns, as_of_day=1000)


@given(st.integers(0, 60), st.integers(0, 60), st.integers(0, 500))
def test_silence_only_ever_widens_the_share_that_was_avoidable(yes: int, no: int, silent: int) -> None:
    found = rating.avoidable_and_not(RATE, yes, no, yes + no + silent)
    if not yes + no:
        assert found is None
        return
    assert found is not None
    widest, widened, share = found.widest, found.widened, found.share
    assert 0 <= widened.low <= share.low <= share.estimate <= share.high <= widened.high <= 1
    assert widest.low <= share.estimate <= widest.high
    assert found.avoidable.estimate + found.unavoidable.estimate == pytest.approx(RATE.estimate)
    if not silent:
        assert (widened.low, widened.high) == pytest.approx((share.low, share.high))


def test_the_widened_share_covers_a_truth_in_which_the_silent_differ() -> None:
    """The silent have 1.8 times the odds of those who answer: chance alone misses the truth, the margin does not."""
    rng = np.random.default_rng(7)
    answers, leavers, told = 120, 600, 0.6
    silent = 1.8 * told / (1 - told + 1.8 * told)
    truth = (answers * told + (leavers - answers) * silent) / leavers
    hits = {"chance": 0, "widened": 0}
    for yes in rng.binomial(answers, told, 400):
        found = rating.avoidable_and_not(RATE, int(yes), int(answers - yes), leavers)
        assert found is not None
        hits["chance"] += found.share.low <= truth <= found.share.high
        hits["widened"] += found.widened.low <= truth <= found.widened.high
    assert hits["widened"] >= 0.95 * 400
    assert hits["chance"] < 0.6 * 400


def test_some_people_are_numbered_anew() -> None:
    three = lives((0, 10, 20, 15), (0, 30, -1, 90), (1, 5, -1, 80), (2, 7, 50, 40))
    some = three.of(np.array([True, False, True]))
    assert some.person.tolist() == [0, 0, 1]
    assert some.ended.tolist() == [20, -1, 50]
    assert some.is_first.tolist() == [True, False, True]


def test_nobody_at_all_gives_no_rate_and_no_error() -> None:
    nobody = lives()
    assert rating.month_rates(nobody, [(1, 30)])[0].share.estimate is None
    assert rating.mean_rate(nobody, [(1, 30)]).share.estimate is None
    assert rating.against_past(nobody, [(31, 60)], [(1, 30)]) is None


def test_stays_end_on_the_day_after_the_last_visit_and_nobody_is_seen_beyond_the_cut() -> None:
    people = lives((0, 100, 250, 150), (1, 100, -1, 990), (2, 100, 950, 850), (3, 950, -1, 990))
    stays = surviving.first_stays(people, np.array([-1, 40, -1, -1]), data_from=0, rule_days=200)
    assert stays.person.tolist() == [0, 1, 2]
    assert stays.durations.exit.tolist() == [51, 761, 701]
    assert stays.durations.left.tolist() == [True, False, False]


def test_a_group_that_differs_is_found_among_many_and_chance_is_not() -> None:
    rng = np.random.default_rng(3)
    group = np.repeat(np.arange(12), 300)
    false = 0
    for _ in range(100):
        rows = standing_out.groups_against_others(group, rng.random(len(group)) < 0.2)
        false += any(row.p is not None and row.p <= 0.05 for row in rows)
    assert false <= 12
    planted = standing_out.groups_against_others(group, rng.random(len(group)) < np.where(group == 4, 0.4, 0.2))
    assert [row.group for row in planted if row.p is not None and row.p <= 0.05 and row.share.estimate > 0.3] == [4]
    few = standing_out.groups_against_others(np.array([0] * 5 + [1] * 90), np.zeros(95, dtype=bool))
    assert few[0].p is None


def test_a_month_is_judged_against_a_past_that_varies() -> None:
    steady = [50] * 18
    assert standing_out.month_against_past([*steady, 90], [1000] * 19).p < 0.001
    assert standing_out.month_against_past([*steady, 55], [1000] * 19).p > 0.3
    wild = [20, 80] * 9
    assert standing_out.month_against_past([*wild, 90], [1000] * 19).p > 0.05
    assert standing_out.month_against_past([1] * 19, [20] * 19).p is None
    assert standing_out.month_against_past([5, 5], [100, 100]).p is None
    with pytest.raises(ValueError, match="month"):
        standing_out.month_against_past([], [])


def test_a_month_like_its_past_lies_in_its_band_95_times_in_100() -> None:
    rng = np.random.default_rng(11)
    inside = 0
    for _ in range(600):
        rate = rng.beta(40, 760, 19)  # varies more than chance: a factor of about 2
        left = rng.binomial(800, rate)
        band = standing_out.month_against_past(left.tolist(), [800] * 19)
        inside += band.low <= left[-1] / 800 <= band.high
    assert 0.92 * 600 <= inside <= 0.98 * 600


def test_lines_of_the_funnel_lie_around_the_rate_and_narrow() -> None:
    unit, stratum = np.repeat(np.arange(5), 2), np.tile(np.arange(2), 5)
    at_risk = np.array([200, 100, 400, 200, 800, 400, 300, 300, 90, 60], dtype=np.float64)
    left = np.round(at_risk * np.where(stratum == 0, 0.1, 0.2))
    found = standing_out.funnel(unit, stratum, left, at_risk)
    assert found is not None
    for _size, lowest, low, high, highest in found.lines:
        assert lowest <= low <= found.overall <= high <= highest
    widths = [line[4] - line[1] for line in found.lines]
    assert widths[-1] < widths[0]
    assert all(row.outside == 0 for row in found.rows)
    assert standing_out.funnel(unit, stratum, left * 0, at_risk * 0) is None


def test_what_is_real_among_many() -> None:
    assert standing_out.real_ones([0.001, 0.04, None, 0.9]) == [True, False, False, False]


def test_days_until_known() -> None:
    assert rating.days_until_known(lives((0, 1, 101, 50), (1, 1, 131, 50), (2, 1, -1, 990))) == 81
    assert rating.days_until_known(lives((0, 1, -1, 990))) == 0
