"""Did it work: the comparison against closed forms, an independent fit, and businesses of which the truth is known."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize

from analysis import Defections, Investment, InvestmentSettings
from analysis.investment.defections import TARGETED
from analysis.investment.effect import choose_controls, compare, effect, trend_before, volumes
from analysis.investment.fitting import Problem, fit
from analysis.investment.periods import overlapping, periods, touched_branches, touched_reasons
from analysis.investment.series import Series, interrupted
from analysis.investment.substitution import total

START = 600


def plan(**changes):
    return Investment(
        **{
            "name": "training",
            "reasons": ("rude_staff",),
            "start": START,
            "one_off": 100.0,
            "expected_fall": (0.2, 0.4),
            **changes,
        }
    )


def defections(counts, at_risk=1000.0, first=START - 12, variance=None):
    """From an array (months, reasons, branches); the first reason is the one targeted."""
    counts = np.asarray(counts, dtype=float)
    month, reason, branch = np.indices(counts.shape).reshape(3, -1)
    names = np.array(["rude_staff", "price", "errors"])
    return Defections(
        month=month + first,
        reason=names[reason],
        branch=branch + 1,
        count=counts.reshape(-1),
        at_risk=np.broadcast_to(at_risk, counts.shape).reshape(-1),
        variance=None if variance is None else np.broadcast_to(variance, counts.shape).reshape(-1),
    )


def compared(data, controls, investment=None):
    investment = investment or plan()
    table = data.table(investment.reasons, set(data.reasons) - set(investment.reasons))
    treated = np.array([investment.is_at(branch) for branch in table.branches.tolist()])
    return compare(table, periods(investment, table.months), treated, controls)


def test_other_reasons_give_the_ratio_of_ratios():
    counts = np.full((20, 2, 1), 40.0)
    counts[:, 0, 0] = 10
    counts[12:, 0, 0] = 7
    counts[12:, 1, 0] = 32
    found = effect(compared(defections(counts), "reasons"))
    a, b, c, d = 120, 56, 480, 256
    assert found.rate_ratio == pytest.approx((b / a) / (d / c))
    assert found.error == pytest.approx(np.sqrt(1 / a + 1 / b + 1 / c + 1 / d))
    assert found.low == pytest.approx(found.rate_ratio * np.exp(-1.959964 * found.error), rel=1e-6)
    assert found.dispersion == 1


def test_other_branches_give_the_ratio_of_rates_at_risk():
    counts = np.full((20, 1, 2), 20.0)
    counts[12:, 0, 0] = 12
    at_risk = np.full((20, 1, 2), 1000.0)
    at_risk[12:, 0, 0] = 800  # a fifth fewer customers there: a fall of a quarter in the rate, not of two fifths
    found = effect(compared(defections(counts, at_risk), "branches", plan(branches=(1,))))
    assert found.rate_ratio == pytest.approx(12 / 20 / 0.8)


def test_triple_difference_takes_off_what_befell_the_branch_and_the_reason():
    counts = np.full((20, 2, 2), 100.0)
    counts[12:, :, 0] *= 0.5  # a quiet time at the first branch
    counts[12:, 0, :] *= 0.8  # the reason is offered less prominently in the form
    counts[12:, 0, 0] *= 0.7  # the effect
    data, investment = defections(counts), plan(branches=(1,))
    assert effect(compared(data, "both", investment)).rate_ratio == pytest.approx(0.7, rel=1e-6)
    assert effect(compared(data, "reasons", investment)).rate_ratio == pytest.approx(0.56, rel=1e-6)
    assert effect(compared(data, "branches", investment)).rate_ratio == pytest.approx(0.35, rel=1e-6)


def test_levels_of_strata_need_not_be_fitted_one_by_one():
    """The same coefficients and errors as Poisson regression with a parameter for each month."""
    rng = np.random.default_rng(3)
    months, x = 9, rng.normal(size=(9, 3, 2))
    exposure = rng.uniform(50, 100, (9, 3))
    y = rng.poisson(exposure * np.exp(x @ [0.3, -0.2] - 1.5)).astype(float)
    found = fit(Problem(y, exposure, x, np.zeros_like(y)))
    full = np.concatenate([x.reshape(-1, 2), np.repeat(np.eye(months), 3, axis=0)], axis=1)

    def unlikely(beta):
        eta = full @ beta + np.log(exposure.reshape(-1))
        return (np.exp(eta) - y.reshape(-1) * eta).sum()

    start = np.concatenate([np.zeros(2), np.full(months, -1.5)])
    other = minimize(unlikely, start, method="BFGS", options={"gtol": 1e-7}).x
    mean = np.exp(full @ other) * exposure.reshape(-1)
    covariance = np.linalg.inv(full.T @ (mean[:, None] * full))[:2, :2]
    assert found.coefficients == pytest.approx(other[:2], abs=1e-5)
    assert found.covariance / found.dispersion == pytest.approx(covariance, rel=1e-4)


def test_answers_that_stand_for_several_widen_the_interval():
    rng = np.random.default_rng(5)
    counts = rng.poisson(10, (23, 2, 1)).astype(float)
    alone = effect(compared(defections(counts), "reasons"))
    weighted = effect(compared(defections(counts * 4), "reasons"))
    assert weighted.rate_ratio == pytest.approx(alone.rate_ratio)
    assert weighted.dispersion > 2.5
    # four times the counts of a true Poisson would halve the error; weights do not make anyone surer
    assert weighted.error > 0.75 * alone.error


def test_variance_of_estimated_counts_widens_the_interval():
    counts = np.full((20, 2, 1), 40.0)
    alone = effect(compared(defections(counts), "reasons"))
    unsure = effect(compared(defections(counts, variance=40.0), "reasons"))
    assert unsure.error == pytest.approx(alone.error * np.sqrt(2))


def test_a_reason_that_vanished_altogether_has_an_effect_and_an_interval():
    counts = np.full((24, 2, 1), 20.0)
    counts[12:, 0, 0] = 0
    found = effect(compared(defections(counts), "reasons"))
    assert found.rate_ratio < 0.05
    assert np.isfinite([found.low, found.high]).all()
    assert found.p_value < 0.001


def test_what_was_falling_before_is_seen():
    counts = np.full((36, 2, 1), 100.0)
    counts[:, 0, 0] = np.round(100 * 0.8 ** (np.arange(36) / 12))
    steady = np.full((36, 2, 1), 100.0)
    falling = trend_before(compared(defections(counts, first=START - 24), "reasons"))
    assert falling.rate_ratio == pytest.approx(0.8, abs=0.01)
    assert falling.p_value < 0.001
    assert trend_before(compared(defections(steady, first=START - 24), "reasons")).p_value > 0.9
    assert trend_before(compared(defections(steady[:20], first=START - 8), "reasons")) is None


def test_a_branch_that_opened_later_is_compared_while_it_is_open():
    counts = np.full((24, 1, 3), 50.0)
    data = defections(counts)
    kept = (data.branch != 3) | (np.asarray(data.month) >= START + 2)
    opened = Defections(
        *(np.asarray(c)[kept] for c in (data.month, data.reason, data.branch, data.count, data.at_risk))
    )
    found = effect(compared(opened, "branches", plan(branches=(1,))))
    assert found.rate_ratio == pytest.approx(1)
    table = opened.table(("rude_staff",), ())
    assert (table.at_risk[:14, 2] == 0).all()
    assert (table.at_risk[14:, 2] > 0).all()


def test_controls_are_chosen_by_customers_at_risk_not_by_outcome():
    counts = np.full((24, 2, 2), 50.0)
    one = plan(branches=(1,))
    table = defections(counts).table(one.reasons, {"price"})
    first = np.array([True, False])
    assert choose_controls(table, first) == "both"
    assert choose_controls(table, np.array([True, True])) == "reasons"
    assert choose_controls(defections(counts).table(one.reasons, ()), first) == "branches"
    small = np.full((24, 2, 2), 1000.0)
    small[..., 1] = 900
    assert choose_controls(defections(counts, small).table(one.reasons, {"price"}), first) == "reasons"


def test_volumes_are_those_of_each_corner():
    counts = np.zeros((20, 2, 1))
    counts[:12, 0], counts[12:, 0], counts[:12, 1], counts[12:, 1] = 1, 2, 3, 4
    assert volumes(compared(defections(counts), "reasons")).tolist() == [12, 16, 36, 32]


def test_volumes_count_answers_not_those_they_stand_for():
    """12 answers that stand for 5 departures each are as sure as 12 departures that were counted."""
    counts = np.full((20, 2, 1), 5.0)
    found = volumes(compared(defections(counts, variance=5.0 * (5 - 1)), "reasons"))
    assert found == pytest.approx([12, 8, 12, 8])


def test_other_branches_hold_it_up_where_no_other_reason_is_left():
    counts = np.full((20, 1, 2), 5.0)
    table = defections(counts, np.stack([np.full((20, 1), 900.0), np.full((20, 1), 100.0)], axis=2)).table(
        ("rude_staff",), set()
    )
    assert choose_controls(table, np.array([True, False])) == "branches"
    assert choose_controls(table, np.array([True, True])) == "reasons"


def test_wash_in_end_and_the_window_it_was_chosen_on_are_left_out():
    months = np.arange(START - 12, START + 12)
    when = periods(plan(wash_in=2, end=START + 5, chosen_on=(START - 6, START - 1)), months)
    assert months[when.before].tolist() == list(range(START - 12, START - 6))
    assert months[when.after].tolist() == list(range(START + 2, START + 6))
    short = periods(plan(), months, InvestmentSettings(longest_before=3))
    assert months[short.before].tolist() == [START - 3, START - 2, START - 1]


@pytest.mark.parametrize(
    ("change", "stands_in_the_way"),
    [
        ({}, True),
        ({"reasons": ("price",)}, False),
        ({"branches": (9,)}, False),
        ({"start": START - 30}, False),  # acted all the while
        ({"start": START - 30, "end": START + 3}, True),  # ended meanwhile
        ({"start": START - 30, "wash_in": 20}, True),  # was washing in
        ({"start": START + 12}, False),  # came after
    ],
)
def test_overlap(change, stands_in_the_way):
    mine = plan(branches=(1, 2))
    other = plan(**{"name": "other", "branches": (2, 3), "reasons": ("rude_staff", "errors"), **change})
    assert bool(overlapping(mine, [other], range(START - 12, START + 12))) is stands_in_the_way


def test_what_others_touched_is_no_control():
    mine, when = plan(branches=(1,)), range(START - 12, START + 12)
    here = plan(name="price", reasons=("price",), branches=(1, 2))
    there = plan(name="there", branches=(3,))
    assert touched_reasons(mine, [here, there], when) == {"price"}
    assert touched_branches(mine, [here, there], when, (1, 2, 3, 4)) == {3}


def test_series_finds_a_step_beside_trend_and_season():
    month = np.arange(START - 36, START + 24)
    years = (month - month[0]) / 12
    mean = 200 * np.exp(-0.05 * years + 0.2 * np.sin(2 * np.pi * month / 12) + 0.1 * np.cos(4 * np.pi * month / 12))
    after = month >= START
    found = interrupted(Series(month, mean * np.where(after, 0.8, 1.0), np.ones(len(month)), after))
    assert found.rate_ratio == pytest.approx(0.8, rel=1e-6)
    assert found.controls == "series"
    assert interrupted(Series(month[:30], mean[:30], np.ones(30), after[:30])) is None


def test_substitution_is_proved_only_against_other_branches():
    counts = np.full((36, 2, 2), 100.0)
    counts[12:, 0, 0], counts[12:, 1, 0] = 50, 150
    one = plan(branches=(1,))
    whole = compared(defections(counts), "branches", one)
    found = effect(compared(defections(counts), "reasons", one))
    moved = total(whole, found)
    assert moved.effect.rate_ratio == pytest.approx(1)
    assert moved.expected == pytest.approx(1 - 0.5 * (1 - found.rate_ratio))
    assert moved.is_proof
    everywhere = compared(defections(counts[:, :, :1]), "branches", plan())
    alone = total(everywhere, found)
    assert alone.has_moved
    assert not alone.is_proof
    real = counts.copy()
    real[12:, 1, 0] = 100
    fell = effect(compared(defections(real), "both", one))
    assert not total(compared(defections(real), "branches", one), fell).has_moved


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10_000), factor=st.floats(0.1, 10))
def test_order_of_rows_split_rows_and_unit_of_risk_change_nothing(seed, factor):
    rng = np.random.default_rng(seed)
    data = defections(rng.poisson(15, (24, 2, 3)), first=START - 12)
    order = rng.permutation(len(data.count))
    halves = np.concatenate([order, order])
    other = Defections(
        *(np.asarray(column)[halves] for column in (data.month, data.reason, data.branch)),
        np.asarray(data.count)[halves] / 2,
        np.asarray(data.at_risk)[halves] * factor,
    )
    one = plan(branches=(1,))
    for controls in ("reasons", "branches", "both"):
        first, second = (effect(compared(each, controls, one)) for each in (data, other))
        assert first.rate_ratio == pytest.approx(second.rate_ratio, rel=1e-6)
        assert first.p_value == pytest.approx(second.p_value, abs=1e-6)
        assert 0 < first.low <= first.rate_ratio <= first.high


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from(["reasons", "branches", "both"]))
def test_sparse_and_strange_counts_never_break(seed, controls):
    rng = np.random.default_rng(seed)
    counts = rng.poisson(rng.choice([0.05, 0.5, 3]), (20, 2, 2)) * rng.choice([1, 0.37, 5])
    counts[0, 0, 0] += 1
    found = effect(compared(defections(counts), controls, plan(branches=(1,))))
    assert found.low <= found.rate_ratio <= found.high
    assert 0 <= found.p_value <= 1


def test_interval_covers_as_often_as_it_says():
    rng, inside, runs = np.random.default_rng(11), 0, 300
    for _ in range(runs):
        mean = np.broadcast_to(np.array([20.0, 80.0])[None, :, None], (36, 2, 1)).copy()
        mean[24:, 0] *= 0.7
        found = effect(compared(defections(rng.poisson(mean), first=START - 24), "reasons"))
        inside += found.low <= 0.7 <= found.high
    assert 0.91 <= inside / runs <= 0.985


@pytest.mark.parametrize(
    "change", [{"count": [-1.0]}, {"at_risk": [0.0]}, {"count": [np.nan]}, {"reason": ["a", "b"]}, {"variance": [-1.0]}]
)
def test_impossible_defections_are_refused(change):
    usual = {"month": [1], "reason": ["a"], "branch": [1], "count": [1.0], "at_risk": [10.0]}
    with pytest.raises(ValueError, match=r"Defections need|must be at least"):
        Defections(**{**usual, **change})


def test_reasons_without_a_row_were_given_by_nobody():
    data = Defections([1, 1, 2], ["a", "b", "b"], [7, 7, 7], [3.0, 2.0, 1.0], [10.0, 10.0, 9.0])
    table = data.table(("a",), ("b",))
    assert table.counts[:, 0, TARGETED].tolist() == [3, 0]
    assert table.at_risk[:, 0].tolist() == [10, 9]
    assert replace(data, variance=[1.0, 1.0, 2.0]).table(("a",), ("b",)).variance.sum() == 4
