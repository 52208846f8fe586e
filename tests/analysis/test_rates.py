"""The defection rate and its honest intervals, and the funnel of branches."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis import funnels
from analysis.defection.spells import Spells
from analysis.funnels import Cells, funnel, standardised
from analysis.rates import (
    Known,
    Periods,
    against_past,
    apart,
    grouped_counts,
    known,
    period_rates,
    rates,
    repeated_rate,
    rolling_rate,
    stopped,
)
from analysis.shares import rate_difference, wilson


def spells(rows, as_of=1_000):
    """From (person, began, ended or -1)."""
    columns = np.array(sorted(rows), dtype=np.int64).reshape(-1, 3).T
    return Spells(columns[0], columns[0], columns[1], columns[2], as_of)


def periods(*pairs):
    return Periods(np.array([a for a, _ in pairs]), np.array([b for _, b in pairs]))


some_spells = st.lists(st.tuples(st.integers(1, 40), st.integers(1, 40), st.integers(0, 2)), min_size=1, max_size=25)


def lives(parts):
    """Three spells a person at most, one after the other."""
    rows = []
    for person, (start, length, more) in enumerate(parts):
        day = start
        for _ in range(more):
            rows.append((person, day, day + length))
            day += length + start
        rows.append((person, day, -1))
    return spells(rows)


@given(some_spells)
def test_period_rates_are_those_of_plain_counting(parts):
    all_spells, asked = lives(parts), periods((10, 19), (20, 29), (10, 40), (0, 0))
    found = period_rates(all_spells, asked)
    for n, (first, last) in enumerate(zip(asked.first, asked.last, strict=True)):
        there = [row for row in zip(all_spells.began, all_spells.ended, strict=True) if row[0] < first]
        there = [row for row in there if row[1] == -1 or row[1] >= first]
        assert found.at_risk[n] == len(there)
        assert found.left[n] == sum(first <= ended <= last for _, ended in there)


@given(some_spells)
def test_counts_by_group_are_those_of_each_group_alone(parts):
    all_spells, asked = lives(parts), periods((10, 19), (20, 29), (10, 40), (0, 0))
    group = all_spells.person % 3
    left, at_risk = grouped_counts(all_spells, asked, group, 4)
    for n in range(4):
        rows = group == n
        columns = (all_spells.customer, all_spells.person, all_spells.began, all_spells.ended)
        alone = period_rates(Spells(*(column[rows] for column in columns), all_spells.as_of_day), asked)
        assert left[n].tolist() == alone.left.tolist()
        assert at_risk[n].tolist() == alone.at_risk.tolist()


@given(some_spells)
def test_the_rolling_rate_adds_up_the_periods(parts):
    all_spells, asked = lives(parts), periods((10, 19), (20, 29), (30, 39))
    each, together = period_rates(all_spells, asked), rolling_rate(all_spells, asked)
    assert together.left == each.left.sum()
    assert together.at_risk == each.at_risk.sum()
    assert 0 <= together.low <= together.high <= 1


def test_where_nobody_is_at_risk_nothing_is_known():
    found = rates([0], [0])
    assert np.isnan(found.estimate[0])
    assert (found.low[0], found.high[0]) == (0, 1)


def test_one_period_each_gives_wilsons_interval():
    found = repeated_rate([1] * 8 + [0] * 92, [1] * 100)
    low, high = wilson(8, 100)
    # Wider by what eight who left are worth as a measure of the spread.
    assert 0.97 * low > found.low > 0.8 * low
    assert 1.02 * high < found.high < 1.2 * high


def test_customers_who_leave_again_and_again_widen_the_interval():
    # 24 departures in 1,200 customer-months, by 24 customers or by 4.
    many = repeated_rate([1] * 24 + [0] * 76, [12] * 100)
    few = repeated_rate([6] * 4 + [0] * 96, [12] * 100)
    assert many.estimate == few.estimate == 0.02
    assert few.high - few.low > 2 * (many.high - many.low)


def test_nobody_left_counts_people_and_not_months():
    assert repeated_rate([0] * 30, [12] * 30).high == pytest.approx(wilson(0, 30).high)
    with pytest.raises(ValueError, match="more often"):
        repeated_rate([2], [1])


def test_the_past_of_other_customers_is_newcombes_difference():
    rows = [(n, 0, 15 if n < 20 else 60) for n in range(100)] + [
        (100 + n, 100, 115 if n < 8 else 400) for n in range(80)
    ]
    found = against_past(spells(rows), periods((110, 120)), periods((10, 20)))
    newcombe = rate_difference((8, 80), (20, 100))
    assert found.estimate == pytest.approx(-0.1)
    assert (found.low, found.high) == pytest.approx((float(newcombe.low), float(newcombe.high)), abs=0.01)


def test_periods_taken_together_must_not_overlap():
    with pytest.raises(ValueError, match="overlap"):
        rolling_rate(spells([(0, 5, -1)]), periods((10, 19), (19, 25)))


def test_a_comparison_without_customers_is_refused():
    with pytest.raises(ValueError, match="at risk"):
        against_past(spells([(0, 50, -1)]), periods((60, 70)), periods((10, 20)))


def test_periods_that_cannot_be_known_are_called_so():
    asked = periods((0, 29), (90, 119), (980, 1_009))
    assert known(asked, as_of_day=1_000, data_from=0, rule_days=90) == [Known.TOO_OLD, Known.WHOLE, Known.RUNNING]
    with pytest.raises(ValueError, match="before it begins"):
        periods((5, 4))


def test_the_newest_stops_are_bounds_and_not_a_fall():
    # Ten stop on day 850 and are found by a rule of 90 days; ten were last seen on day 950, and nobody knows yet.
    rows = [(n, 0, 940) for n in range(10)] + [(n, 0, -1) for n in range(10, 40)]
    last_visit = [850] * 10 + [950] * 10 + [1_000] * 20
    found = stopped(spells(rows), last_visit, periods((840, 869), (930, 959)), 90)
    assert found.gone.tolist() == [10, 0]
    assert found.waiting.tolist() == [0, 10]
    assert found.at_risk.tolist() == [40, 30]
    assert found.known == [Known.WHOLE, Known.TOO_NEW]
    assert found.high[1] == pytest.approx(wilson(10, 30).high)
    assert found.low[1] == 0


def test_avoidable_and_unavoidable_add_up_to_the_rate():
    avoidable, rest = apart((0.04, 0.03, 0.05), (0.75, 0.6, 0.9))
    assert avoidable.estimate == pytest.approx(0.03)
    assert avoidable.estimate + rest.estimate == pytest.approx(0.04)
    assert avoidable.low < 0.03 < avoidable.high < 0.05
    # The wider of two distances never shrinks by adding the other.
    assert avoidable.low < 0.04 * 0.6
    assert apart((0.04, 0.03, 0.05), (1.0, 0.9, 1.0))[1].high == pytest.approx(0.005)
    with pytest.raises(ValueError, match="within its interval"):
        apart((0.04, 0.05, 0.06), (0.5, 0.4, 0.6))


def cells(unit, stratum, left, at_risk):
    return Cells(np.array(unit), np.array(stratum), np.array(left, float), np.array(at_risk, float))


def test_expected_counts_allow_for_whom_a_branch_serves():
    # New customers leave at 20 %, old ones at 5 %. Branch 1 serves mostly new ones, at just their usual rate.
    found = funnel(cells([0, 0, 1, 1], [0, 1, 0, 1], [10, 45, 180, 5], [50, 900, 900, 100]))
    assert found.expected == pytest.approx([55, 185])
    assert found.rate == pytest.approx([found.overall] * 2)
    assert found.at_risk.tolist() == [950, 1_000]
    assert found.outside.tolist() == [0, 0]


def test_the_lines_are_the_exact_ones():
    # Ten units of 100 at 10 %. Binomial(100, .1): P(X <= 4) = .0237, P(X <= 5) = .0576: the 2.5 % line lies between.
    found = funnel(cells(range(10), [0] * 10, [10] * 10, [100] * 10))
    assert 0.03 < found.warning_low[0] < 0.05
    assert 0.15 < found.warning_high[0] < 0.17
    assert found.action_low[0] < found.warning_low[0] < found.warning_high[0] < found.action_high[0]
    assert found.dispersion == 1


def test_small_units_are_not_drawn_and_are_told_how_many_more():
    found = funnel(cells([0, 1, 2, 3], [0] * 4, [10, 10, 10, 4], [100, 100, 100, 20]))
    assert found.drawn.tolist() == [True, True, True, False]
    assert found.outside[3] == 0
    assert found.needed[3] == np.ceil((5 - 20 * 34 / 320) / (34 / 320))


def test_chance_alone_stays_inside_and_a_bad_branch_does_not():
    inside, caught, runs = [], [], 150
    for seed in range(runs):
        draw = np.random.default_rng((2, seed))
        at_risk = draw.integers(100, 800, 30)
        left = draw.binomial(at_risk, 0.08)
        left[0] = draw.binomial(at_risk[0], 0.08)
        fair = funnel(cells(range(30), [0] * 30, left, at_risk))
        inside.append(((fair.rate >= fair.warning_low) & (fair.rate <= fair.warning_high)).mean())
        at_risk[0], left[0] = 600, draw.binomial(600, 0.16)
        caught.append(funnel(cells(range(30), [0] * 30, left, at_risk)).outside[0] == 1)
    assert np.mean(inside) == pytest.approx(0.95, abs=0.02)
    assert np.mean(caught) > 0.9


def test_units_that_vary_more_than_chance_widen_the_funnel():
    draw = np.random.default_rng(6)
    at_risk = np.full(60, 2_000)
    left = draw.binomial(at_risk, np.clip(draw.normal(0.1, 0.02, 60), 0.01, 1))
    found = funnel(cells(range(60), [0] * 60, left, at_risk))
    # Variance of chance .1 * .9 / 2000, of branches .02 squared: (.000045 + .0004) / .000045 = 9.9
    assert 5 < found.dispersion < 16
    assert (found.outside != 0).mean() < 0.05


def test_small_branches_are_shrunk_more():
    found = funnel(cells([0, 1, 2, 3], [0] * 4, [20, 200, 100, 60], [100, 1_000, 1_000, 1_000]))
    assert found.overall < found.shrunk[0] < found.shrunk[1] < 0.2
    assert ((found.shrunk_low < found.shrunk) & (found.shrunk < found.shrunk_high)).all()


@settings(max_examples=50)
@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 3), st.integers(0, 50), st.integers(0, 50)), min_size=1))
def test_any_cells_give_finite_figures(rows):
    table = [(u, s, min(a, b), b) for u, s, a, b in rows]
    made = cells(*zip(*table, strict=True))
    if made.at_risk.sum() == 0:
        with pytest.raises(ValueError, match="at risk"):
            funnel(made)
        return
    found = funnel(made)
    assert standardised(made)[2].sum() == pytest.approx(made.left.sum())
    for name in ("rate", "warning_low", "warning_high", "action_low", "action_high", "shrunk", "shrunk_high"):
        assert np.isfinite(getattr(found, name)).all(), name
    assert (found.warning_low <= found.warning_high + 1e-12).all()
    assert set(found.outside.tolist()) <= {-1, 0, 1}


def test_more_left_than_at_risk_is_refused():
    with pytest.raises(ValueError, match="between 0 and its total"):
        cells([0], [0], [2], [1])


def test_the_correction_of_winsorising_is_right():
    z = np.random.default_rng(7).standard_normal(400_000)
    pulled = np.clip(z, *np.quantile(z, [0.1, 0.9]))
    assert funnels._pulled_in_by_chance() == pytest.approx((pulled**2).mean(), abs=0.004)
