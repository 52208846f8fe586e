"""Weights for those who did not answer: what they restore, and what they cannot."""

import numpy as np
import pytest
from scipy.special import expit
from sklearn.linear_model import LogisticRegression

import analysis
from analysis.weighting import bands

WAYS = ("logistic", "raking")


def people(rng, n=6_000):
    """Segment and tenure, on which both the reason and answering depend."""
    segment, tenure = rng.choice(["private", "business"], n), rng.choice(["0", "1", "2"], n)
    push = 1.0 * (segment == "business") + 0.4 * tenure.astype(int)
    answered = rng.random(n) < expit(-1.8 + push)
    truth = rng.random(n) < expit(-1.8 + push)
    return {"segment": segment.tolist(), "tenure": tenure.tolist()}, answered, truth


@pytest.mark.parametrize("way", WAYS)
def test_the_answers_come_to_look_like_all_defectors(way):
    characteristics, answered, truth = people(np.random.default_rng(1))
    found = analysis.response_weights(characteristics, answered, way=way)
    weights = found.weights
    assert weights.sum() == pytest.approx(len(answered))
    assert found.response_rate == pytest.approx(answered.mean())
    assert found.effective_size == pytest.approx(weights.sum() ** 2 / (weights**2).sum())
    assert max(abs(each.before) for each in found.balance) > 0.15
    assert max(abs(each.after) for each in found.balance) < (0.02 if way == "logistic" else 1e-6)
    plain, weighted = truth[answered].mean(), weights @ truth[answered] / weights.sum()
    assert abs(plain - truth.mean()) > 0.05
    assert abs(weighted - truth.mean()) < 0.02


def test_propensities_are_those_of_scikit_learn():
    characteristics, answered, _ = people(np.random.default_rng(2), 1_500)
    columns = [np.array(values) for values in characteristics.values()]
    design = np.column_stack([column == value for column in columns for value in np.unique(column)]).astype(float)
    model = LogisticRegression(C=1.0, tol=1e-10, max_iter=5_000).fit(design, answered)
    raw = 1 / model.predict_proba(design[answered])[:, 1]
    found = analysis.response_weights(characteristics, answered, trim=1e6)
    assert found.weights == pytest.approx(raw * len(answered) / raw.sum(), rel=1e-4)


def test_raking_by_hand():
    """Deming and Stephan: two of four cells answered once, and the margins are met."""
    characteristics = {"a": list("xxyyxxyy"), "b": list("pqpqpqpq")}
    answered = [1, 1, 1, 1, 1, 0, 0, 0]
    found = analysis.response_weights(characteristics, answered, way="raking")
    # twice x and p, once each of the others: margins 4 and 4
    assert found.weights.sum() == pytest.approx(8)
    margins = {(each.characteristic, each.value): each.weighted for each in found.balance}
    assert all(share == pytest.approx(0.5) for share in margins.values())
    assert found.weights[0] == pytest.approx(found.weights[4])


@pytest.mark.parametrize("way", WAYS)
def test_large_weights_are_cut(way):
    kind = ["often"] * 900 + ["rarely"] * 100
    answered = np.r_[np.ones(800), np.zeros(100), np.ones(2), np.zeros(98)]
    loose = analysis.response_weights({"kind": kind}, answered, way=way, trim=100)
    cut = analysis.response_weights({"kind": kind}, answered, way=way)
    assert (loose.trimmed, cut.trimmed) == (0, 2)
    assert cut.weights.max() == pytest.approx(5 * np.median(cut.weights))
    assert cut.weights.sum() == pytest.approx(1_000)
    assert cut.effective_size > loose.effective_size
    rare = {each.value: each for each in cut.balance}["rarely"]
    assert rare.everyone == pytest.approx(0.1)
    assert abs(rare.after) < abs(rare.before)


@pytest.mark.parametrize("way", WAYS)
def test_of_whom_nobody_answered_is_said(way):
    kind = ["a"] * 50 + ["b"] * 50
    found = analysis.response_weights({"kind": kind}, [1] * 25 + [0] * 75, way=way)
    assert found.unreached == (("kind", "b"),)
    assert found.weights == pytest.approx(np.full(25, 4.0))


@pytest.mark.parametrize("way", WAYS)
def test_where_all_answered_all_count_once(way):
    found = analysis.response_weights({"kind": list("abab")}, [1, 1, 1, 1], way=way)
    assert found.weights == pytest.approx(np.ones(4))
    assert (found.response_rate, found.effective_size) == (1.0, pytest.approx(4))
    without = analysis.response_weights({}, [1, 0, 1, 0], way=way)
    assert without.weights == pytest.approx([2.0, 2.0])


def test_a_second_stage_stands_upon_the_first():
    """Those who ticked stand for all; those who also wrote, by what they ticked, for those who ticked."""
    rng = np.random.default_rng(3)
    characteristics, ticked, truth = people(rng, 20_000)
    wrote = rng.random(ticked.sum()) < np.where(truth[ticked], 0.6, 0.2)
    first = analysis.response_weights(characteristics, ticked)
    second = analysis.response_weights({"tick": truth[ticked].astype(str).tolist()}, wrote, base=first.weights)
    assert second.weights.sum() == pytest.approx(20_000)
    share = second.weights @ truth[ticked][wrote] / second.weights.sum()
    assert share == pytest.approx(truth.mean(), abs=0.015)


def test_bounds_of_non_response():
    found = analysis.widest_bounds([0.2, 0.0], [0.3, 1.0], 0.15)
    assert found.low == pytest.approx([0.03, 0.0])
    assert found.high == pytest.approx([0.895, 1.0])
    assert analysis.widest_bounds(0.2, 0.2, 1.0) == (pytest.approx(0.2), pytest.approx(0.2))
    for wrong in ((0.3, 0.2, 0.5), (0.1, 0.2, 1.5), (-0.1, 0.2, 0.5), (float("nan"), 0.2, 0.5)):
        with pytest.raises(ValueError, match="between 0 and 1"):
            analysis.widest_bounds(*wrong)


def test_where_the_reason_itself_decides_who_answers_bounds_hold_the_truth():
    rng = np.random.default_rng(4)
    characteristics, _, truth = people(rng)
    answered = rng.random(len(truth)) < np.where(truth, 0.3, 0.1)
    found = analysis.response_weights(characteristics, answered)
    weighted = found.weights @ truth[answered] / found.weights.sum()
    assert weighted > truth.mean() + 0.1
    plain = truth[answered].mean()
    low, high = analysis.widest_bounds(plain, plain, found.response_rate)
    assert low <= truth.mean() <= high


def test_numbers_become_bands():
    assert bands([1, 2, 3, 4, 5, float("nan")], 5) == ["1", "2", "3", "4", "5", ""]
    assert len(set(bands(np.zeros(10)))) == 1
    assert bands([float("nan")]) == [""]
    assert bands([]) == []
    counts = np.unique(bands(np.random.default_rng(5).random(1_000), 4), return_counts=True)[1]
    assert counts.tolist() == [250] * 4


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"answered": [0, 0]}, "Nobody answered"),
        ({"answered": []}, "for every defector"),
        ({"answered": [1, float("nan")]}, "yes or no"),
        ({"characteristics": {"a": ["x"]}}, "for every defector"),
        ({"base": [1, 0]}, "above 0"),
        ({"trim": 0.5}, "below it"),
    ],
)
def test_what_cannot_be_is_refused_in_words(arguments, words):
    given = {"characteristics": {"a": ["x", "y"]}, "answered": [1, 0], **arguments}
    with pytest.raises(ValueError, match=words):
        analysis.response_weights(**given)


def test_a_value_that_everybody_has_is_in_balance_whatever_the_rounding():
    rng = np.random.default_rng(5)
    for n in range(20, 60):
        answered, tenure = rng.random(n) < 0.4, rng.choice(["0", "1", "2"], n).tolist()
        found = analysis.response_weights({"group": ["1"] * n, "tenure": tenure}, answered | (np.arange(n) == 0))
        assert {each.after for each in found.balance if each.characteristic == "group"} <= {0.0}
