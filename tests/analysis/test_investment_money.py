"""Could it pay back, is the money where the causes are, what could be seen at all."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import analysis
from analysis import Drawing, Investment, InvestmentSettings, LostValue
from analysis.investment.alignment import aim
from analysis.investment.ceiling import annuity, ceiling
from analysis.investment.effect import Effect
from analysis.investment.power import DEVIATES
from analysis.investment.profit import measured_profit

REASONS = ("statements", "rude_staff", "price", "moved")


def plan(**changes):
    usual = {"name": "it", "reasons": ("rude_staff",), "start": 1, "one_off": 100.0, "expected_fall": (0.2, 0.4)}
    return Investment(**{**usual, **changes})


def exactly(*yearly, influenceable=(True, True, True, False)):
    """Lost value known without any doubt."""
    value = np.array(yearly, dtype=float)
    return LostValue(REASONS, value, np.tile(value, (200, 1)), np.array(influenceable))


def test_a_year_of_money_counts_from_its_middle():
    assert annuity(1, 0.21) == pytest.approx(1 / 1.1)
    assert annuity(2, 0.21) == pytest.approx(1 / 1.1 + 1 / 1.331)
    assert annuity(1.5, 0) == pytest.approx(1.5)
    assert annuity(0.5, 0.1) == pytest.approx(0.5 / 1.1**0.25)


def test_the_ceiling_is_everything_lost_for_the_reason():
    found = ceiling(plan(one_off=150, yearly=10, years=2), exactly(0, 60, 30, 5), InvestmentSettings(discount=0))
    assert found.gain == (120, 120, 120)
    assert found.cost == 170
    assert not found.can_pay_back
    assert found.fall_needed == pytest.approx(170 / 120)
    assert ceiling(plan(reasons=("rude_staff", "price"), years=2), exactly(0, 60, 30, 5)).can_pay_back


def test_nothing_lost_means_that_nothing_can_be_earned():
    found = ceiling(plan(reasons=("statements",)), exactly(0, 60, 30, 5))
    assert found.fall_needed == float("inf")
    assert not found.can_pay_back


def test_doubt_about_the_loss_is_doubt_about_the_ceiling():
    lost = analysis.lost_from_counts(REASONS, [1, 27, 50, 22], (True,) * 4, (1000, 200))
    found = ceiling(plan(reasons=("statements",), one_off=70, years=1), lost, InvestmentSettings(discount=0))
    assert found.gain.low < found.gain.value == 10 < found.gain.high
    assert found.gain.value < found.cost < found.gain.high or not found.can_pay_back


def test_mismatch_is_the_spend_that_would_have_to_move():
    lost = exactly(0, 60, 40, 100)
    assert analysis.align([0, 6, 4, 0], lost).mismatch == (0, 0, 0)
    assert analysis.align([10, 0, 0, 0], lost).mismatch.value == 1
    found = analysis.align([5, 5, 0, 0], lost)
    assert found.mismatch.value == pytest.approx(0.5)
    assert [row.reason for row in found.rows] == ["rude_staff", "price", "statements", "moved"]
    ratio = {row.reason: row.ratio for row in found.rows}
    assert ratio == {"rude_staff": pytest.approx(0.5 / 0.6), "price": 0, "statements": None, "moved": None}


def test_spend_on_what_cannot_be_influenced_is_all_mismatch():
    assert analysis.align([0, 0, 0, 1], exactly(1, 1, 1, 100)).mismatch.value == 1


@given(st.lists(st.tuples(st.floats(0, 1e6), st.floats(1, 1e6)), min_size=4, max_size=4), st.integers(0, 99))
def test_mismatch_lies_between_nothing_and_one(pairs, seed):
    spend, counts = np.array(pairs).T
    spend[0] += 1
    lost = analysis.lost_from_counts(REASONS, counts, (True, True, True, False), (100, 10), Drawing(200, seed))
    found = analysis.align(spend, lost)
    assert 0 <= found.mismatch.low <= found.mismatch.high <= 1 + 1e-12
    assert 0 <= found.mismatch.value <= 1 + 1e-12
    assert sum(row.spend_share for row in found.rows) == pytest.approx(1)
    assert sum(row.value_share.value for row in found.rows) == pytest.approx(1)


def test_spend_is_spread_over_the_reasons_of_each():
    both = plan(reasons=("price", "rude_staff"), one_off=100, yearly=20)
    assert analysis.spread_spend([both, plan(one_off=10)], REASONS, years=2).tolist() == [0, 80, 70, 0]
    with pytest.raises(ValueError, match="not among the reasons"):
        analysis.spread_spend([both], ("price",))


def test_a_bank_aims_at_what_hardly_anyone_left_for():
    lost = analysis.lost_from_counts(REASONS, [2, 90, 100, 8], (True, True, True, False), (1e6, 1e5))
    assert not aim(("statements",), lost).is_cause
    assert aim(("rude_staff",), lost).is_cause
    assert not aim(("moved",), lost).is_cause
    few = analysis.lost_from_counts(REASONS, [0, 3, 4, 1], (True, True, True, False), (1e6, 1e5))
    assert aim(("statements",), few).is_cause, "of eight answers nothing can be said"


def test_profit_of_a_unit_of_money():
    lost, settings = exactly(0, 100, 0, 0), InvestmentSettings(discount=0)
    sure = analysis.expected_profit(plan(expected_fall=(0.5, 0.5), years=4), lost, settings)
    assert sure.per_euro == pytest.approx((1, 1, 1))
    assert sure.probability == 1
    wide = analysis.expected_profit(plan(expected_fall=(0, 1), years=2), exactly(0, 100, 0, 0), settings)
    assert wide.probability == pytest.approx(0.5, abs=0.12)
    assert wide == analysis.expected_profit(plan(expected_fall=(0, 1), years=2), lost, settings), "a seed, one result"
    cheap = analysis.expected_profit(plan(name="cheap", one_off=10), lost, settings)
    assert [profit.name for profit in analysis.rank_profits([wide, cheap])] == ["cheap", "it"]


def test_profit_by_what_was_measured():
    found = Effect(0.5, 0.49, 0.51, 1e-6, 0.0, "reasons", 1.0, np.inf)
    profit = measured_profit(plan(years=1, one_off=25), exactly(0, 100, 0, 0), found, InvestmentSettings(discount=0))
    assert profit.per_euro.value == pytest.approx(1, abs=1e-4)
    assert profit.basis == "measured"


def test_draws_have_the_mean_and_the_width_they_are_given():
    lost = analysis.lost_from_intervals(
        REASONS, [(100, 80, 120), (50, 50, 50), (0, 0, 0), (10, 0, 30)], (True,) * 4, drawing=Drawing(20_000, 1)
    )
    assert lost.draws.mean(axis=0) == pytest.approx([100, 50, 0, 10], rel=0.03, abs=1e-9)
    assert lost.draws[:, 0].std() == pytest.approx(40 / (2 * 1.96), rel=0.03)
    assert (lost.draws[:, 1] == 50).all()
    never = analysis.lost_from_intervals(("a", "b"), [(0, 0, 30), (5, 5, 5)], (True, True), drawing=Drawing(20_000, 1))
    assert np.quantile(never.draws[:, 0], 0.975) == pytest.approx(30, rel=0.05), "given by nobody is not known to be 0"
    shares = analysis.lost_from_counts(REASONS, [10, 20, 30, 40], (True,) * 4, (1000, 50), Drawing(20_000, 1))
    assert shares.draws.sum(axis=1).std() == pytest.approx(50, rel=0.03)
    assert shares.draws.mean(axis=0) == pytest.approx([103, 201, 299, 397], rel=0.02)  # half a count added to each


def test_smallest_fall_as_the_plan_has_it():
    assert pytest.approx(2.80, abs=0.005) == DEVIATES
    # 20 a month, others four times as many, 24 months before and 12 after: 22 %
    assert analysis.smallest_fall([480, 240, 1920, 960]) == pytest.approx(0.22, abs=0.003)
    assert analysis.smallest_fall([480, 240, 1920, 960], 4) > 0.38
    assert analysis.smallest_fall([480, 0, 1920, 960]) == 1
    with pytest.raises(ValueError, match="Volumes"):
        analysis.smallest_fall([-1, 1, 1, 1])


@given(st.integers(2, 500), st.integers(1, 5000))
def test_answers_to_halve_do_halve(answers, more):
    departures = answers + more
    needed = answers + analysis.answers_to_halve(answers, departures)
    assert needed <= departures

    def variance(n):
        return 1 / n - 1 / departures

    assert variance(needed) <= variance(answers) / 4 + 1e-12 < variance(needed - 1) + 2e-12
    assert analysis.answers_to_halve(answers) == 3 * answers


def test_everybody_answered_leaves_nothing_to_halve():
    assert analysis.answers_to_halve(10, 10) is None
    with pytest.raises(ValueError, match="no more answers"):
        analysis.answers_to_halve(11, 10)


def test_the_worst_returns_to_the_common_rate_where_all_are_alike():
    rng = np.random.default_rng(1)
    foreseen, came = [], []
    for _ in range(400):
        first, second = rng.poisson(60, (2, 8))
        found = analysis.return_of_the_worst(first)
        foreseen.append(found.by_itself)
        came.append(1 - second[found.worst] / first[found.worst])
    assert np.mean(came) > 0.1
    assert np.mean(foreseen) == pytest.approx(np.mean(came), abs=0.04)


def test_the_worst_does_not_return_where_it_truly_is_worse():
    found = analysis.return_of_the_worst([400, 100, 90, 110])
    assert found.worst == 0
    assert found.by_itself < 0.02
    by_rate = analysis.return_of_the_worst([40, 50], exposure=[100, 1000])
    assert by_rate.worst == 0


@pytest.mark.parametrize(
    "change",
    [
        {"reasons": ()},
        {"expected_fall": (0.4, 0.2)},
        {"one_off": 0.0},
        {"one_off": -1.0},
        {"years": 0.0},
        {"wash_in": -1},
        {"end": 0},
        {"chosen_on": (5, 4)},
    ],
)
def test_impossible_investments_are_refused(change):
    with pytest.raises(ValueError, match=r"investment|fall|years|months"):
        plan(**change)


def test_unknown_reasons_and_impossible_values_are_refused():
    with pytest.raises(ValueError, match="No lost value is known for weather"):
        exactly(1, 1, 1, 1).at(["weather"])
    with pytest.raises(ValueError, match="below nothing"):
        exactly(-1, 1, 1, 1)
    with pytest.raises(ValueError, match="within its interval"):
        analysis.lost_from_intervals(REASONS, [(1, 2, 3)] * 4, (True,) * 4)
    with pytest.raises(ValueError, match="Spend by reason"):
        analysis.align([0, 0, 0, 0], exactly(1, 1, 1, 1))
    with pytest.raises(ValueError, match="No value is lost"):
        analysis.align([1, 0, 0, 0], exactly(0, 0, 0, 1))
