"""Quality against scikit-learn's weighted scores; its intervals against simulated audits."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import precision_recall_fscore_support

from analysis import answers_needed, wilson
from analysis.quality import quality

MEASURES = ("precision", "recall", "f1")

rows = st.lists(
    st.tuples(st.booleans(), st.booleans(), st.floats(0.01, 1.0, allow_subnormal=False)), min_size=1, max_size=40
)


@given(rows)
@settings(max_examples=80, deadline=None)
def test_the_figures_are_those_of_scikit_learn_with_weights(answers):
    found, truth, inclusion = (np.array(column) for column in zip(*answers, strict=True))
    one = quality(found[:, None], truth[:, None], inclusion)[0]
    *expected, _ = precision_recall_fscore_support(
        truth, found, average="binary", sample_weight=1 / inclusion, zero_division=np.nan
    )
    for name, figure in zip(MEASURES, expected, strict=True):
        estimate = getattr(one, name)
        assert estimate.value == pytest.approx(figure) if estimate.value is not None else np.isnan(figure)
        assert 0 <= estimate.low <= (estimate.value or 0) + 1e-12
        assert (1 if estimate.value is None else estimate.value) - 1e-12 <= estimate.high <= 1
    assert one.positives == truth.sum()


def _audit(tp, fp, fn, tn):
    found = np.repeat([True, True, False, False], [tp, fp, fn, tn])[:, None]
    truth = np.repeat([True, False, True, False], [tp, fp, fn, tn])[:, None]
    return found, truth


@pytest.mark.parametrize("inclusion", [1.0, 0.02])
def test_drawn_uniformly_it_is_the_interval_of_wilson(inclusion):
    found, truth = _audit(18, 4, 9, 69)
    one = quality(found, truth, np.full(100, inclusion))[0]
    for estimate, total in ((one.precision, 22), (one.recall, 27)):
        expected = wilson(18, total)
        assert (estimate.low, estimate.high) == pytest.approx((float(expected.low), float(expected.high)))
        assert (estimate.value, estimate.answers) == (pytest.approx(18 / total), total)
    jaccard = wilson(18, 31)
    assert one.f1.low == pytest.approx(float(2 * jaccard.low / (1 + jaccard.low)))
    assert one.f1.high == pytest.approx(float(2 * jaccard.high / (1 + jaccard.high)))
    assert one.f1.value == pytest.approx(36 / 49)


def test_of_nothing_nothing_is_known():
    one = quality(*_audit(0, 0, 0, 30), np.ones(30))[0]
    for name in MEASURES:
        estimate = getattr(one, name)
        assert (estimate.value, estimate.low, estimate.high, estimate.answers) == (None, 0.0, 1.0, 0)
    nobody = quality(np.zeros((0, 2), bool), np.zeros((0, 2), bool), np.zeros(0))
    assert [one.f1.value for one in nobody] == [None, None]


def test_all_right_and_all_wrong_still_leave_doubt():
    right, wrong = (quality(*_audit(*cells), np.full(40, 0.5))[0] for cells in ((10, 0, 0, 30), (0, 5, 5, 30)))
    assert right.f1.value == right.f1.high == 1
    assert 0.5 < right.f1.low < 0.9
    assert wrong.f1.value == wrong.f1.low == 0
    assert 0.1 < wrong.f1.high < 0.6


def test_reasons_do_not_touch_each_other():
    rng = np.random.default_rng(4)
    found, truth, inclusion = rng.random((80, 5)) < 0.3, rng.random((80, 5)) < 0.3, rng.uniform(0.05, 1, 80)
    together = quality(found, truth, inclusion)
    for k in range(5):
        alone = quality(found[:, [k]], truth[:, [k]], inclusion)[0]
        for name in MEASURES:
            one, same = getattr(alone, name), getattr(together[k], name)
            assert (one.value, one.low, one.high) == pytest.approx((same.value, same.low, same.high))
            assert one.answers == same.answers


def test_errors_where_few_were_drawn_widen_the_interval():
    """Kish's size alone knows the weights, not that the errors carry them."""
    found, truth = _audit(40, 0, 4, 60)
    rare = np.where(truth[:, 0] & ~found[:, 0], 0.05, 0.5)
    often = np.full(104, 0.5)
    width = [q.recall.high - q.recall.low for q in (quality(found, truth, rare)[0], quality(found, truth, often)[0])]
    assert width[0] > 2 * width[1]


@pytest.mark.parametrize(("share", "recall", "precision"), [(0.3, 0.8, 0.85), (0.1, 0.7, 0.8), (0.05, 0.9, 0.9)])
@pytest.mark.parametrize("design", ["uniform", "uncertain", "confident"])
@pytest.mark.parametrize("reviewed", [100, 400])
def test_the_interval_covers_the_truth_about_as_often_as_it_says(share, recall, precision, design, reviewed):
    """Half of the review drawn uniformly, half by the model's doubt, which the errors have ("uncertain") or what is
    right has ("confident": the model is wrong where it is sure). Audits of 2,000 answers each.

    Over 1,000 audits each of these lies between .924 and .986; the bounds leave room for the error of 200.
    """
    rng = np.random.default_rng(reviewed)
    truth_is = {"precision": precision, "recall": recall, "f1": 2 * precision * recall / (precision + recall)}
    tp, given = share * recall, share * recall / precision
    hits = {name: [] for name in MEASURES}
    for _ in range(200):
        kind = rng.choice(4, 2_000, p=[tp, given - tp, share - tp, 1 - given - share + tp])
        is_wrong = (kind == 1) | (kind == 2)
        inclusion = _inclusion(design, is_wrong, reviewed, rng)
        drawn = rng.random(2_000) < inclusion
        found, truth = (kind[drawn] <= 1)[:, None], (kind[drawn] % 2 == 0)[:, None]
        one = quality(found, truth, inclusion[drawn])[0]
        for name in MEASURES:
            estimate = getattr(one, name)
            if estimate.value is not None:
                hits[name].append(estimate.low <= truth_is[name] <= estimate.high)
    covered = {name: float(np.mean(hit)) for name, hit in hits.items()}
    assert all(0.89 <= share <= 0.998 for share in covered.values()), covered


def _inclusion(design, is_wrong, reviewed, rng):
    n = len(is_wrong)
    if design == "uniform":
        return np.full(n, reviewed / n)
    doubts = is_wrong if design == "uncertain" else ~is_wrong
    doubt = np.where(doubts, rng.beta(3, 3, n), rng.beta(1, 5, n))
    return np.minimum(1.0, reviewed * (0.5 / n + 0.5 * doubt / doubt.sum()))


@pytest.mark.parametrize(
    ("positives", "reviewed", "more"),
    [(10, 100, 100), (1, 50, 950), (20, 300, 0), (35, 300, 0), (19, 19, 1), (3, 10, 57), (7, 300, 558)],
)
def test_answers_needed_by_the_share_so_far(positives, reviewed, more):
    needed = answers_needed(positives, reviewed)
    assert (needed.more, needed.at_least) == (more, more)
    assert positives + more * positives / reviewed >= 20 - 1e-9
    assert more == 0 or positives + (more - 1) * positives / reviewed < 20


@pytest.mark.parametrize(("reviewed", "at_least"), [(0, 20), (2, 20), (3, 20), (30, 200), (300, 2_000)])
def test_without_a_positive_only_a_bound_is_known(reviewed, at_least):
    assert answers_needed(0, reviewed) == type(answers_needed(0, 0))(None, at_least)


@pytest.mark.parametrize("counts", [(5, 4), (-1, 4), (0, -1), (1, 2, 0)])
def test_impossible_counts_are_refused(counts):
    with pytest.raises(ValueError, match="Positives"):
        answers_needed(*counts)


@pytest.mark.parametrize(
    ("found", "truth", "inclusion", "words"),
    [
        ([[1]], [[1]], [0.0], "above 0"),
        ([[1]], [[1]], [1.5], "at most 1"),
        ([[1]], [[1]], [np.nan], "above 0"),
        ([[1], [0]], [[1]], [1.0], "one shape"),
        ([1], [1], [1.0], "one shape"),
        ([[1]], [[1]], [1.0, 1.0], "for each"),
        ([[0.4]], [[1]], [1.0], "yes or no"),
        ([[1]], [[np.nan]], [1.0], "yes or no"),
    ],
)
def test_what_does_not_fit_is_refused(found, truth, inclusion, words):
    with pytest.raises(ValueError, match=words):
        quality(found, truth, inclusion)
