"""Detection against the slow telling of the same rules, and what must hold whatever the data."""

import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import analysis
from analysis.defection.decline import Decline
from analysis.defection.lapse import Lapse
from tests.analysis import slow_defection as slow

DAY = st.integers(-20, 160).filter(lambda day: day != -1)  # -1 stands for `still gone`
VISITS = st.dictionaries(DAY, st.floats(-50, 200).map(lambda x: round(x, 2)), min_size=1, max_size=14)
CUSTOMERS = st.lists(VISITS, min_size=1, max_size=5)
LAPSES = st.builds(
    Lapse,
    days=st.integers(1, 60),
    times_usual=st.none() | st.floats(1, 5),
    prior_weight=st.sampled_from([0.0, 0.5, 2.0]),
) | st.builds(Lapse, times_usual=st.floats(1, 5), prior_weight=st.sampled_from([0.0, 2.0]))
DECLINES = st.builds(
    Decline,
    measure=st.sampled_from(["frequency", "spend"]),
    window_days=st.integers(1, 40),
    share=st.sampled_from([0.25, 0.5, 0.7, 1.0]),
    earlier_days=st.integers(1, 50),
    earlier_visits=st.integers(1, 4),
    level=st.sampled_from(["average", "highest"]),
)
INTERVALS = st.none() | st.floats(1, 60)


def histories_of(customers):
    rows = [(7 + 3 * n, day, amount) for n, visits in enumerate(customers) for day, amount in visits.items()]
    return analysis.Histories.of(*(np.array(column) for column in zip(*rows, strict=True)))


def rows_of(episodes):
    columns = (
        episodes.customer,
        episodes.number,
        episodes.last_visit_day,
        episodes.defected_day,
        episodes.returned_day,
    )
    return list(zip(*(column.tolist() for column in columns), strict=True))


def slowly(customers, holds, as_of):
    known = [sorted((d, a) for d, a in visits.items() if d <= as_of) for visits in customers]
    return [
        (7 + 3 * n, *episode)
        for n, visits in enumerate(known)
        if visits
        for episode in slow.episodes_of(visits, lambda day, v=visits: holds(v, day), as_of)
    ]


@settings(max_examples=120, deadline=None)
@given(CUSTOMERS, LAPSES, INTERVALS, st.integers(-5, 200))
def test_lapse_equals_the_slow_telling(customers, rule, interval, as_of):
    used = interval if interval is not None else _mean_interval(customers, as_of)
    expected = slowly(customers, lambda v, day: slow.lapse_holds(v, rule, day, used), as_of)
    assert rows_of(analysis.detect(histories_of(customers), rule, as_of, interval)) == expected


@settings(max_examples=120, deadline=None)
@given(CUSTOMERS, DECLINES, st.integers(-5, 220))
def test_decline_equals_the_slow_telling(customers, rule, as_of):
    expected = slowly(customers, lambda v, day: slow.decline_holds(v, rule, day), as_of)
    assert rows_of(analysis.detect(histories_of(customers), rule, as_of)) == expected


@settings(max_examples=80, deadline=None)
@given(CUSTOMERS, LAPSES | DECLINES, INTERVALS, st.integers(0, 200))
def test_later_days_do_not_change_what_held_on_a_day(customers, rule, interval, as_of):
    whole = histories_of(customers)
    before = analysis.detect(whole, rule, as_of, interval)
    assert rows_of(before) == rows_of(analysis.detect(whole.until(as_of), rule, as_of, interval))
    if interval is not None:
        later = rows_of(analysis.detect(whole, rule, 400, interval))
        seen = [(*row[:4], row[4] if row[4] <= as_of else -1) for row in later if row[3] <= as_of]
        assert rows_of(before) == seen


@settings(max_examples=100, deadline=None)
@given(CUSTOMERS, LAPSES | DECLINES, st.floats(1, 60), st.integers(0, 200))
def test_batches_agree_with_the_whole(customers, rule, interval, as_of):
    whole = histories_of(customers)
    parts = []
    for one in np.unique(whole.customer):
        mine = whole.customer == one
        part = analysis.Histories(whole.customer[mine], whole.day[mine], whole.amount[mine])
        parts += rows_of(analysis.detect(part, rule, as_of, interval))
    assert rows_of(analysis.detect(whole, rule, as_of, interval)) == parts


@settings(max_examples=100, deadline=None)
@given(CUSTOMERS, LAPSES | DECLINES, st.randoms(use_true_random=False))
def test_the_order_of_rows_changes_nothing(customers, rule, random):
    rows = [(n, day, amount) for n, visits in enumerate(customers) for day, amount in visits.items()]
    shuffled = random.sample(rows, len(rows))
    first, second = (analysis.Histories.of(*map(np.array, zip(*r, strict=True))) for r in (rows, shuffled))
    assert rows_of(analysis.detect(first, rule, 200)) == rows_of(analysis.detect(second, rule, 200))


def test_a_lapse_begins_on_the_day_itself():
    visits = analysis.Histories.of([1, 1, 1], [0, 30, 200], [10.0, 10.0, 10.0])
    found = analysis.detect(visits, Lapse(days=100), 400)
    assert rows_of(found) == [(1, 1, 30, 130, 200), (1, 2, 200, 300, -1)]
    assert found.is_open.tolist() == [False, True]
    assert len(analysis.detect(visits, Lapse(days=100), 129)) == 0
    assert rows_of(analysis.detect(visits, Lapse(days=100), 199)) == [(1, 1, 30, 130, -1)]


def test_a_visit_on_the_last_allowed_day_is_in_time():
    visits = analysis.Histories.of([1, 1], [0, 100], [1.0, 1.0])
    assert len(analysis.detect(visits, Lapse(days=100), 150)) == 0


def test_a_short_history_leans_on_the_population():
    # One interval of 60 days seen, two of 40 held beforehand: (80 + 60) / 3 = 46.7 days usual, times 3 is 140.
    visits = analysis.Histories.of([1, 1], [0, 60], [1.0, 1.0])
    rule = Lapse(times_usual=3, prior_weight=2)
    assert analysis.detect(visits, rule, 500, interval=40.0).defected_day.tolist() == [60 + 140]


def test_a_quick_second_visit_does_not_bring_the_day_nearer():
    # The second visit alone would allow 3 x (80 + 10) / 3 = 90 days, to day 100; the first one allowed 120.
    visits = analysis.Histories.of([1, 1, 2], [0, 10, 0], [1.0, 1.0, 1.0])
    found = analysis.detect(visits, Lapse(times_usual=3, prior_weight=2), 500, interval=40.0)
    assert found.defected_day.tolist() == [120, 120]


def test_nothing_is_said_of_a_usual_interval_nobody_knows():
    visits = analysis.Histories.of([1, 2], [0, 5], [1.0, 1.0])
    assert len(analysis.detect(visits, Lapse(times_usual=3), 5000)) == 0
    assert len(analysis.detect(visits, Lapse(days=90, times_usual=3), 5000)) == 2


def test_less_than_half_the_visits_is_a_decline_and_more_is_not():
    # Every 10 days until day 300, then every 16 (more than half) or every 25 (less).
    more = list(range(0, 300, 10)) + list(range(300, 500, 16))
    less = list(range(0, 300, 10)) + list(range(300, 500, 25))
    who = [1] * len(more) + [2] * len(less)
    visits = analysis.Histories.of(who, more + less, [5.0] * len(who))
    found = analysis.detect(visits, Decline("frequency", window_days=100), 499)
    # On day 375 four visits lie in the last 100 days, where 100 / 9.8 / 2 would be half.
    assert set(found.customer.tolist()) == {2}


def test_time_alone_brings_nobody_back():
    # After day 100 a visit every 50 days: the level falls below half, and the earlier level falls with it.
    days = [*range(0, 100, 10), 150, 200]
    visits = analysis.Histories.of([1] * len(days), days, [5.0] * len(days))
    found = analysis.detect(visits, Decline("frequency", window_days=60, earlier_days=60), 3000)
    assert found.returned_day.tolist() == [-1]


def test_spending_less_per_visit_is_a_decline_of_spend_only():
    days = list(range(0, 600, 10))
    visits = analysis.Histories.of([1] * 60, days, [50.0] * 40 + [10.0] * 20)
    rule = {"window_days": 90, "earlier_days": 180}
    assert len(analysis.detect(visits, Decline("frequency", **rule), 590)) == 0
    found = analysis.detect(visits, Decline("spend", **rule), 590)
    # On day 449 four of nine visits in the window were at the old price: 250 against an expected 450 - not
    # yet half gone; one visit later 210 of 450 is.
    assert rows_of(found) == [(1, 1, 450, 450, -1)]


def test_a_short_history_is_not_judged():
    visits = analysis.Histories.of([1] * 3, [0, 10, 20], [5.0] * 3)
    assert len(analysis.detect(visits, Decline("frequency", window_days=30), 2000)) == 0
    enough = analysis.Histories.of([1] * 4, [0, 10, 20, 30], [5.0] * 4)
    found = analysis.detect(enough, Decline("frequency", window_days=30), 2000)
    assert found.defected_day.tolist() == [0 + 180 - 1 + 30]


def test_no_customers_no_episodes():
    empty = analysis.Histories.of(np.array([], dtype=int), np.array([], dtype=int), [])
    for rule in (Lapse(days=10), Lapse(times_usual=2), Decline("spend", window_days=30)):
        assert len(analysis.detect(empty, rule, 100)) == 0


@pytest.mark.parametrize("rule", [Lapse(days=90), Lapse(times_usual=3), Decline("spend", window_days=90)])
def test_a_hundred_thousand_customers_take_a_moment(rule):
    rng = np.random.default_rng(5)
    who = np.repeat(np.arange(100_000), 10)
    histories = analysis.Histories.of(who, rng.integers(0, 1500, who.size), rng.gamma(2, 20, who.size))
    start = time.process_time()
    found = analysis.detect(histories, rule, 1500)
    assert time.process_time() - start < 1.5
    assert len(found) > 1000


def _mean_interval(customers, as_of):
    means = []
    for visits in customers:
        days = sorted(day for day in visits if day <= as_of)
        if len(days) > 1:
            means.append((days[-1] - days[0]) / (len(days) - 1))
    return float(np.mean(means)) if means else None
