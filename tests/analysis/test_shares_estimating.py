"""Shares corrected by what people found: by hand, at the edges, and how often they hold the truth."""

import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit, logit, ndtri

import analysis
from analysis.shares.choosing import choose
from analysis.shares.post_stratified import ends, post_stratified, split_in_classes
from analysis.shares.reviewed import reviewed_answers


def business(share, rng, answers=3_000):
    """Labels and the probabilities of a classifier with an area under the curve of .92, off by .7 on the logit."""
    truth = rng.random(answers) < share
    apart = np.sqrt(2) * ndtri(0.92)
    score = rng.normal(size=answers) + apart * truth
    return truth.astype(float), expit(logit(share) + apart * score - apart**2 / 2 + 0.7)


def uniform(said, size, rng):
    n = len(said)
    return rng.choice(n, size, replace=False), np.full(size, size / n)


def doubtful(said, size, rng):
    doubt = np.sqrt(said * (1 - said))
    chance = np.minimum(1, size * doubt / doubt.sum())
    at = np.flatnonzero(rng.random(len(said)) < chance)
    return at, chance[at]


def one(said, at, labels, **more):
    found = analysis.estimate_shares(said[:, None], at, labels[:, None], **more)
    return found, float(found.low[0]), float(found.high[0])


@pytest.mark.parametrize(
    ("share", "size", "draw", "weighted"),
    [
        (0.20, 100, uniform, False),
        (0.20, 200, doubtful, True),
        (0.05, 100, uniform, True),
        (0.05, 200, doubtful, False),
        (0.02, 100, uniform, False),
        (0.02, 400, uniform, True),
        (0.02, 100, doubtful, False),
    ],
)
def test_intervals_hold_the_truth_as_often_as_they_say(share, size, draw, weighted):
    rng = np.random.default_rng(11)
    runs, held, counted = 200, 0, 0
    for _ in range(runs):
        truth, said = business(share, rng)
        weights = np.exp(0.5 * rng.normal(size=len(said))) if weighted else None
        at, chance = draw(said, size, rng)
        _, low, high = one(said, at, truth[at], inclusion=chance, weights=weights)
        held += low <= share <= high
        plain = analysis.wilson(int((said >= 0.5).sum()), len(said))
        counted += float(plain.low) <= share <= float(plain.high)
    # 99.9 % of 200 runs of a coverage of .93, and what plain counting comes to
    assert held / runs > 0.87
    assert counted / runs < 0.3


def test_it_is_a_fifth_narrower_than_labels_alone():
    rng = np.random.default_rng(3)
    ours, alone = 0.0, 0.0
    for _ in range(60):
        truth, said = business(0.2, rng)
        at, _ = uniform(said, 200, rng)
        found, low, high = one(said, at, truth[at])
        assert found.method == ("difference",)
        ours += high - low
        by_labels = analysis.wilson(truth[at].sum(), len(at))
        alone += float(by_labels.high - by_labels.low)
    assert ours < 0.8 * alone


def test_a_worthless_model_costs_next_to_nothing():
    rng = np.random.default_rng(4)
    truth = (rng.random(3_000) < 0.4).astype(float)
    noise = (rng.random(3_000) < 0.5).astype(float)
    at, _ = uniform(noise, 300, rng)
    _, low, high = one(noise, at, truth[at])
    by_labels = analysis.wilson(truth[at].sum(), 300)
    assert high - low < 1.05 * float(by_labels.high - by_labels.low)


def test_the_difference_estimator_by_hand():
    # 20 of 40 reviewed and each slope 1: nothing is left of errors where the model is right about every reviewed one.
    said = np.repeat([1.0, 0.0], [30, 70])
    at = np.r_[0:20, 30:50]
    found, low, high = one(said, at, said[at])
    assert found.method == ("difference",)
    assert found.estimate[0] == pytest.approx(0.3)
    # A model that says 1 of everything is corrected by as much as people disagree.
    wrong, _, _ = one(np.ones(100), at, said[at])
    assert wrong.estimate[0] == pytest.approx(0.5)


def test_weights_and_inclusion_count_the_rare_ones_more():
    """Half of 100 has the reason; they were drawn four times as often, and the audit shows it in 4 of 5."""
    said = np.zeros(100)
    labels, at = np.repeat([1.0, 0.0], [40, 10]), np.r_[0:40, 50:60]
    chance = np.repeat([0.8, 0.2], [40, 10])
    found, low, high = one(said, at, labels, inclusion=chance)
    assert found.estimate[0] == pytest.approx(0.5)
    assert low < 0.5 < high
    weights = np.repeat([3.0, 1.0], 50)
    weighted, _, _ = one(said, at, labels, inclusion=chance, weights=weights)
    assert weighted.estimate[0] == pytest.approx(0.75)


def test_what_was_learnt_is_read_again_by_models_that_did_not():
    """A model that learnt its own audit by heart is right there and nowhere else."""
    rng = np.random.default_rng(5)
    truth, honest = business(0.3, rng, 2_000)
    at, _ = uniform(honest, 200, rng)
    learnt = honest.copy()
    learnt[at] = truth[at]
    fooled, low, high = one(learnt, at, truth[at])
    assert not low <= 0.3 <= high
    crossed, low, high = one(learnt, at, truth[at], out_of_fold=honest[at, None])
    assert low <= 0.3 <= high
    plain, _, _ = one(honest, at, truth[at])
    assert crossed.estimate[0] == pytest.approx(plain.estimate[0])


@pytest.mark.parametrize(
    ("positives", "size", "drawn", "method"),
    [
        (15, 100, "alike", "difference"),
        (14, 100, "alike", "post_stratified"),
        (5, 100, "alike", "post_stratified"),
        (4, 100, "alike", "labels"),
        (0, 100, "alike", "labels"),
        (4, 29, "alike", "too_few"),
        (14, 100, "unlike", "difference"),
        (3, 100, "unlike", "difference"),
        (2, 100, "unlike", "labels"),
        (96, 100, "alike", "labels"),
    ],
)
def test_which_estimator_a_reason_gets(positives, size, drawn, method):
    labels = (np.arange(size) < positives).astype(float)[:, None]
    chance = np.full(size, 0.2)
    if drawn == "unlike":
        chance[::2] = 0.19
    answers = reviewed_answers(np.full((500, 1), 0.1), np.arange(size), labels, inclusion=chance)
    assert choose(answers).tolist() == [method]
    assert analysis.shares_of(answers).method == (method,)


def test_answers_that_count_for_nothing_are_not_counted_as_found():
    labels = np.ones((20, 1))
    labels = np.vstack([labels, np.zeros((60, 1))])
    weights = np.full(500, 1.0)
    weights[0] = 100.0
    answers = reviewed_answers(np.full((500, 1), 0.1), np.arange(80), labels, weights=weights)
    assert choose(answers).tolist() == ["too_few"]


def test_how_many_more_to_review():
    labels = np.zeros((60, 3))
    labels[:10, 0] = 1
    labels[:30, 1] = 1
    found = analysis.estimate_shares(np.full((200, 3), 0.2), np.arange(60), labels)
    assert found.more.tolist() == [60, 0, 400]  # 20 / (10 / 60) - 60; enough; 20 / (3 / 60)
    assert found.at_least.tolist() == [False, False, True]


def test_together_is_wider_and_holds_for_all_at_once():
    rng = np.random.default_rng(6)
    held, runs, share = 0, 100, np.array([0.05, 0.1, 0.2, 0.3])
    for _ in range(runs):
        columns = [business(each, rng, 1_500) for each in share]
        truth, said = (np.column_stack([column[i] for column in columns]) for i in (0, 1))
        at, _ = uniform(said, 150, rng)
        found = analysis.estimate_shares(said, at, truth[at])
        assert (found.together.low <= found.low).all()
        assert (found.together.high >= found.high).all()
        held += bool(((found.together.low <= share) & (share <= found.together.high)).all())
    assert held / runs > 0.87


def test_the_quadrature_agrees_with_drawing_at_random():
    rng = np.random.default_rng(7)
    said = rng.random((400, 1)) ** 6
    at = np.arange(80)
    labels = (rng.random((80, 1)) < said[at]).astype(float)
    classes = split_in_classes(reviewed_answers(said, at, labels), np.array([True]))
    draws = 400_000
    c = rng.beta(classes.share * classes.size + 0.5, (1 - classes.share) * classes.size + 0.5, draws)
    p1 = rng.beta(classes.taken_hits + 0.5, classes.taken_rest + 0.5, draws)
    p0 = rng.beta(classes.other_hits + 0.5, classes.other_rest + 0.5, draws)
    drawn = (1 - c) * p0 + c * p1
    for level, part in ((0.8, 0.01), (0.95, 0.01), (0.99, 0.02)):
        found = ends(post_stratified(classes), level)
        low, high = np.quantile(drawn, [(1 - level) / 2, (1 + level) / 2])
        assert found.low[0] == pytest.approx(low, abs=part * (high - low))
        assert found.high[0] == pytest.approx(high, abs=part * (high - low))
    assert found.estimate[0] == pytest.approx(drawn.mean(), abs=0.001)


def test_nothing_reviewed_leaves_everything_possible():
    for index, labels in (([], np.zeros((0, 2))), ([], [])):
        found = analysis.estimate_shares(np.full((5, 2), 0.5), index, labels)
        assert np.isnan(found.estimate).all()
        assert (found.low.tolist(), found.high.tolist()) == ([0, 0], [1, 1])
        assert found.method == ("too_few", "too_few")
        assert found.more.tolist() == [20, 20]
    assert analysis.estimate_shares(np.zeros((0, 2)), [], []).method == ("too_few", "too_few")


def test_one_answer_says_next_to_nothing():
    found = analysis.estimate_shares(np.full((50, 2), 0.5), [7], [[1, 0]])
    assert found.estimate.tolist() == [1.0, 0.0]
    assert found.low[0] < 0.25
    assert found.high[1] > 0.75
    assert found.method == ("too_few", "too_few")


def test_where_all_were_reviewed_the_model_is_not_asked():
    rng = np.random.default_rng(8)
    labels = (rng.random((90, 1)) < 0.4).astype(float)
    by_labels = analysis.wilson(labels.sum(), 90)
    for said in (rng.random((90, 1)), np.zeros((90, 1)), labels):
        found = analysis.estimate_shares(said, np.arange(90), labels)
        assert found.estimate[0] == pytest.approx(labels.mean())
        assert found.low[0] == pytest.approx(float(by_labels.low), abs=0.01)
        assert found.high[0] == pytest.approx(float(by_labels.high), abs=0.01)


@pytest.mark.parametrize("label", [0.0, 1.0])
def test_all_alike_is_not_all_there_is(label):
    found = analysis.estimate_shares(np.full((200, 1), 0.5), np.arange(60), np.full((60, 1), label))
    assert found.estimate[0] == label
    assert 0.03 < found.high[0] - found.low[0] < 0.08


GOOD = {"probabilities": np.full((9, 2), 0.5), "audit_index": [1, 4], "audit_labels": [[1, 0], [0, 0]]}
NAN = float("nan")


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"audit_index": [4, 4]}, "named twice"),
        ({"audit_index": [4, 9]}, "one of the 9 answers"),
        ({"audit_index": [4, -1]}, "counted from 0"),
        ({"audit_index": [4.0, 1.0]}, "positions"),
        ({"audit_labels": [[1, 0]]}, "a row for each"),
        ({"audit_labels": [[1, 0], [0, NAN]]}, "yes or no"),
        ({"audit_labels": [[1, 0], [0, 0.5]]}, "yes or no"),
        ({"probabilities": np.full((9, 2), NAN)}, "between 0 and 1"),
        ({"probabilities": np.full((9, 2), 1.5)}, "between 0 and 1"),
        ({"probabilities": np.full(9, 0.5)}, "a column for each reason"),
        ({"inclusion": [0.5, 0.0]}, "with which it was drawn"),
        ({"inclusion": [0.5, NAN]}, "with which it was drawn"),
        ({"weights": np.zeros(9)}, "not all be 0"),
        ({"weights": np.full(9, -1)}, "not below 0"),
        ({"weights": np.ones(8)}, "a weight"),
        ({"out_of_fold": [[0.5, 0.5]]}, "out of the folds"),
        ({"level": 1.0}, "level"),
    ],
)
def test_what_cannot_be_is_refused_in_words(wrong, words):
    with pytest.raises(ValueError, match=words):
        analysis.estimate_shares(**{**GOOD, **wrong})


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 10**6), n=st.integers(1, 60), k=st.integers(1, 4), weighted=st.booleans())
def test_every_answer_has_an_interval_around_its_estimate(seed, n, k, weighted):
    rng = np.random.default_rng(seed)
    said = np.round(rng.random((n, k)), rng.integers(0, 3))
    at = rng.permutation(n)[: rng.integers(1, n + 1)]
    labels = (rng.random((len(at), k)) < rng.random()).astype(float)
    inclusion = rng.uniform(0.1, 1, len(at)) if rng.random() < 0.5 else None
    weights = rng.exponential(size=n) if weighted else None
    found = analysis.estimate_shares(said, at, labels, inclusion=inclusion, weights=weights)
    assert (found.low >= 0).all()
    assert (found.low <= found.estimate + 1e-12).all()
    assert (found.estimate <= found.high + 1e-12).all()
    assert (found.high <= 1).all()
    # The order of the audit and the scale of the weights say nothing.
    order = rng.permutation(len(at))
    again = analysis.estimate_shares(
        said,
        at[order],
        labels[order],
        inclusion=None if inclusion is None else inclusion[order],
        weights=None if weights is None else 7 * weights,
    )
    assert again.low == pytest.approx(found.low)
    assert again.high == pytest.approx(found.high)
    assert again.method == found.method


def test_the_same_twice_and_fast():
    rng = np.random.default_rng(9)
    said = rng.random((200_000, 12), dtype=np.float32) ** np.linspace(1, 60, 12, dtype=np.float32)
    at = rng.choice(len(said), 400, replace=False)
    labels = rng.random((400, 12)) < said[at]
    start = time.process_time()
    first = analysis.estimate_shares(said, at, labels)
    assert time.process_time() - start < 2
    second = analysis.estimate_shares(said, at, labels)
    assert set(first.method) == {"difference", "post_stratified"} or "labels" in first.method
    assert (first.low == second.low).all()
    assert (first.high == second.high).all()


def test_some_of_the_answers_keep_their_chances_and_weights():
    rng = np.random.default_rng(10)
    said, weights = rng.random((100, 2)), rng.random(100)
    at = np.arange(0, 100, 2)
    labels = (rng.random((50, 2)) < 0.5).astype(float)
    whole = reviewed_answers(said, at, labels, inclusion=np.linspace(0.2, 0.9, 50), weights=weights)
    part = whole.among(np.arange(100) >= 60)
    direct = reviewed_answers(
        said[60:], np.arange(0, 40, 2), labels[30:], inclusion=np.linspace(0.2, 0.9, 50)[30:], weights=weights[60:]
    )
    assert analysis.shares_of(part).low == pytest.approx(analysis.shares_of(direct).low)
    with pytest.raises(ValueError, match="among the chosen"):
        whole.among([True])
