"""Trying a definition: every count against one made by hand or by walking over the rows."""

import numpy as np
import pytest

import analysis
from analysis.defection.contracts import ContractEnded
from analysis.defection.decline import Decline
from analysis.defection.histories import NEVER
from analysis.defection.known import Contracts, Known
from analysis.defection.lapse import Lapse
from analysis.defection.trying import Worth
from tests.analysis.test_detection import rows_of

DAY = 1461  # 1974-01-01
BUSINESS = np.random.default_rng(11)


def business(customers=400, days=1400):
    """Regulars who come every 5 to 60 days until they stop, at a moment of their own or never."""
    who, when = [], []
    for one in range(customers):
        every, stops = BUSINESS.uniform(5, 60), BUSINESS.uniform(100, 2 * days)
        came = np.cumsum(BUSINESS.exponential(every, 400))
        came = np.unique(came[came < min(stops, days)].astype(int))
        who += [one] * len(came)
        when += came.tolist()
    return analysis.Histories.of(np.array(who), np.array(when), BUSINESS.gamma(2, 20, len(who)))


SHOP = business()


def by_hand(rule, as_of):
    return rows_of(analysis.detect(SHOP, rule, as_of))


@pytest.mark.parametrize("rule", [Lapse(days=100), Lapse(times_usual=3), Decline("frequency", 120)])
def test_counts_are_those_of_the_episodes(rule):
    rows, tried = by_hand(rule, 1400), analysis.try_definition(SHOP, rule, 1400)
    assert tried.customers == SHOP.size
    assert tried.gone_now == sum(row[4] == -1 for row in rows) > 50
    early = [row for row in rows if row[3] <= 1310]
    assert tried.false_alarms.began == len(early)
    assert tried.false_alarms.came_back == sum(row[4] != -1 and row[4] - row[3] <= 90 for row in early) > 0
    assert tried.false_alarms.too_recent == len(rows) - len(early) > 0
    assert tried.delay.times == len(rows)
    assert tried.delay_gone.median == pytest.approx(np.median([row[3] - row[2] for row in rows if row[4] == -1]))


def test_months_are_of_the_calendar():
    rows, tried = by_hand(Lapse(days=100), DAY + 45), analysis.try_definition(SHOP, Lapse(days=100), DAY + 45)
    assert tried.month.tolist() == list(range(26, 50))  # March 1972 to February 1974
    began = [np.datetime64(row[3], "D").astype("datetime64[M]").astype(int) for row in rows]
    assert tried.new.tolist() == [began.count(month) for month in range(26, 50)]
    assert tried.new.sum() > 20


def test_it_is_held_against_a_year_away():
    worth = Worth(np.arange(SHOP.size), np.arange(SHOP.size) * 1.5)
    quick, slow = (analysis.try_definition(SHOP, Lapse(days=days), 1400, worth=worth) for days in (100, 500))
    away = [row for row in by_hand(Lapse(days=365), 1400) if row[4] == -1]
    assert quick.against_year.gone == quick.against_year.in_time == len(away) > 20
    assert quick.against_year.lead == (len(away), 265, 265, 265)
    assert quick.against_year.value == quick.against_year.value_in_time == sum(row[0] * 1.5 for row in away)
    assert slow.against_year.in_time == 0
    assert slow.against_year.lead == (0, None, None, None)
    assert slow.against_year.value_in_time == 0


def test_value_that_is_not_given_is_what_was_spent():
    visits = analysis.Histories.of([1, 1, 2], [0, 10, 300], [5.0, 7.0, 9.0])
    tried = analysis.try_definition(visits, Lapse(days=90), 310)
    assert (tried.value_gone, tried.value_all) == (12.0, 21.0)
    some = analysis.try_definition(visits, Lapse(days=90), 310, worth=Worth([2], [50.0]))
    assert (some.value_gone, some.value_all) == (0.0, 50.0)


def test_examples_are_a_spread_of_twenty_different_people():
    tried = analysis.try_definition(SHOP, Lapse(days=60), 1400)
    shown = tried.examples
    assert len(shown) == len({one.customer for one in shown}) == 20
    assert [one.why for one in shown] == [
        why for why in ("biggest", "false_alarm", "just_gone", "long_gone") for _ in range(5)
    ]
    for one in shown:
        assert one.last_visit_day == max(day for day in one.visit_days if day <= one.defected_day)
        assert (one.returned_day == -1) == (one.why != "false_alarm")
        assert list(one.visit_days) == SHOP.day[SHOP.customer == one.customer].tolist()
    gone = {row[0]: row for row in by_hand(Lapse(days=60), 1400) if row[4] == -1}
    worth = {who: SHOP.amount[SHOP.customer == who].sum() for who in gone}
    assert [one.customer for one in shown[:5]] == sorted(gone, key=worth.get, reverse=True)[:5]
    assert tried.examples == analysis.try_definition(SHOP, Lapse(days=60), 1400).examples


def test_few_times_gone_are_all_shown():
    visits = analysis.Histories.of([1, 1, 2, 3], [0, 400, 5, 399], [5.0] * 4)
    shown = analysis.try_definition(visits, Lapse(days=200), 410).examples
    assert [(one.customer, one.why) for one in shown] == [(2, "biggest"), (1, "other")]


def test_a_contract_without_visits_is_shown_without_a_strip():
    nobody = analysis.Histories.of(np.array([], int), np.array([], int), [])
    tried = analysis.try_definition(nobody, ContractEnded(), 400, Known(contracts=Contracts([8], [0], [99], [NEVER])))
    assert (tried.customers, tried.gone_now, tried.value_all) == (1, 1, 0.0)
    assert [(one.customer, one.visit_days) for one in tried.examples] == [(8, ())]


def test_nobody_is_nothing():
    nobody = analysis.Histories.of(np.array([], int), np.array([], int), [])
    tried = analysis.try_definition(nobody, Lapse(days=9), 400)
    assert (tried.customers, tried.gone_now, tried.new.sum(), tried.examples) == (0, 0, 0, ())
    assert tried.delay == (0, None, None, None)


def test_values_are_refused_in_words():
    with pytest.raises(ValueError, match="named once"):
        Worth([1, 1], [2.0, 3.0])
    with pytest.raises(ValueError, match="missing"):
        Worth([1], [float("nan")])
