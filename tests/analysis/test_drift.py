"""The drift watch: quiet while nothing changes, heard when something does, silent where it cannot know."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import chi2

from analysis import Audit, ReadAnswers, Watch, watch_accuracy, watch_reading

REASONS = ("price", "errors", "premises", "other")


def _answers(rng, days, per_day, *, spread=0.0, unsure=0.2, unknown=0.05, shift=0.0):
    """Answers of `days` days, about `per_day` each; days differ by `spread` (in logits) in everything."""
    day = np.repeat(np.arange(days), np.maximum(rng.poisson(per_day, days), 1))
    n, mood = len(day), rng.normal(0, spread, days)[day]
    words = 1 + rng.poisson(12, n)
    person = rng.normal(0, 0.5, n)
    scores = _chance(rng.normal(-2, 1.5, (n, len(REASONS))) + (shift + mood + rng.normal(0, 0.5, n))[:, None])
    return ReadAnswers(
        day=day,
        words=words,
        unknown=rng.binomial(words, _chance(_logit(unknown) + mood + person)),
        unsure=rng.random(n) < _chance(_logit(unsure) + mood),
        scores=scores,
    )


def _chance(logit):
    return 1 / (1 + np.exp(-logit))


def _logit(share):
    return np.log(share / (1 - share))


def _by_name(watches):
    found = {}
    for watch in watches:
        found.setdefault(watch.name, []).append(watch)
    return found


@pytest.mark.parametrize("spread", [0.0, 0.3])
@pytest.mark.parametrize(("days", "window_days", "per_day"), [(30, 7, 12), (45, 7, 25), (28, 1, 60), (90, 28, 8)])
def test_false_alarms_are_about_one_in_a_hundred(days, window_days, per_day, spread):
    """Per measure, all reasons of a measure together. 160 windows each; 1 in 100 and its binomial error."""
    rng, alarms = np.random.default_rng(days), {"unknown_words": 0, "unsure": 0, "score_shift": 0}
    for _ in range(160):
        reference = _answers(rng, days, per_day, spread=spread)
        watches = watch_reading(reference, _answers(rng, window_days, per_day, spread=spread), REASONS)
        for name, found in _by_name(watches).items():
            alarms[name] += any(watch.is_outside for watch in found)
    assert all(count <= 5 for count in alarms.values()), alarms


@pytest.mark.parametrize(
    ("change", "name"),
    [({"unsure": 0.4}, "unsure"), ({"unsure": 0.05}, "unsure"), ({"unknown": 0.12}, "unknown_words")]
    + [({"shift": 1.5}, "score_shift")],
)
def test_a_change_is_heard_and_nothing_else(change, name):
    rng = np.random.default_rng(2)
    reference = _answers(rng, 60, 20, spread=0.1)
    window = _answers(rng, 7, 20, spread=0.1, **change)
    outside = {watch.name for watch in watch_reading(reference, window, REASONS) if watch.is_outside}
    assert outside == {name}


def test_a_word_and_an_unsure_answer_that_never_came_before():
    """A reference without a single one leaves a narrow band, not one of no width."""
    rng = np.random.default_rng(3)
    reference = _answers(rng, 30, 20)
    none = np.zeros(len(reference.day), int)
    quiet = replace(reference, unknown=none, unsure=none)
    window = _answers(rng, 7, 20)
    once = np.arange(len(window.day)) == 0
    for now, is_outside in ((once, False), (np.arange(len(window.day)) % 5 == 0, True)):
        watches = watch_reading(quiet, replace(window, unknown=now.astype(int), unsure=now), REASONS)
        assert [watch.is_outside for watch in watches[:2]] == [is_outside, is_outside]


def test_days_that_differ_widen_the_band():
    rng = np.random.default_rng(5)
    window = _answers(rng, 7, 30)
    calm, lively = (watch_reading(_answers(rng, 60, 30, spread=s), window, REASONS) for s in (0.0, 0.8))
    for a, b in zip(calm[:2], lively[:2], strict=True):
        assert b.high - b.low > 1.5 * (a.high - a.low)
    assert all(b.high > a.high for a, b in zip(calm[2:], lively[2:], strict=True))


def test_the_index_and_its_band_are_the_published_ones():
    """Days of equal composition, so that the band is chi-square alone."""
    scores = np.tile(np.arange(20) / 20, 50)[:, None]
    day = np.repeat(np.arange(50), 20)
    ones = np.ones(1000, int)
    reference = ReadAnswers(day, ones, 0 * ones, 0 * ones, scores)
    skewed = np.r_[np.repeat(np.arange(20) / 20, 6), np.zeros(30)][:, None]
    n = len(skewed)
    window = ReadAnswers(np.zeros(n), np.ones(n, int), np.zeros(n, int), np.zeros(n, int), skewed)
    shift = watch_reading(reference, window, ["price"])[2]
    q = np.array([42, *[12] * 9]) + 0.5
    q /= q.sum()
    assert shift.value == pytest.approx(((q - 0.1) * np.log(q / 0.1)).sum(), rel=1e-6)
    assert shift.high == pytest.approx(chi2.isf(0.01, 9) * (1 / 1000 + 1 / n), rel=0.01)
    assert (shift.name, shift.reason, shift.low, shift.n, shift.is_outside) == ("score_shift", "price", 0.0, n, True)


def test_a_small_shift_is_no_alarm_however_many_answers_show_it():
    rng = np.random.default_rng(6)
    reference, window = _answers(rng, 30, 700), _answers(rng, 7, 1500, shift=0.15)
    shifts = _by_name(watch_reading(reference, window, REASONS))["score_shift"]
    assert {watch.high for watch in shifts} == {0.1}
    assert not any(watch.is_outside for watch in shifts)


@pytest.mark.parametrize(("days", "per_day", "window_days"), [(28, 10, 7), (27, 100, 7), (30, 30, 1)])
def test_of_too_little_nothing_is_said(days, per_day, window_days):
    """Too few answers before, too few days before, too few answers now."""
    rng = np.random.default_rng(7)
    watches = watch_reading(_answers(rng, days, per_day), _answers(rng, window_days, per_day), REASONS)
    assert [watch.name for watch in watches] == ["unknown_words", "unsure", *["score_shift"] * 4]
    assert {(watch.low, watch.high, watch.is_outside) for watch in watches} == {(None, None, None)}
    assert watches[0].value is not None


def test_nothing_at_all_is_no_error():
    nothing = ReadAnswers([], [], [], [], np.zeros((0, 4)))
    rng = np.random.default_rng(8)
    for pair in ((nothing, nothing), (_answers(rng, 30, 30), nothing), (nothing, _answers(rng, 7, 30))):
        assert all(watch.is_outside is None for watch in watch_reading(*pair, REASONS))


def test_scores_that_are_all_the_same_and_words_that_are_none():
    rng = np.random.default_rng(9)
    before, now = (
        replace(a, scores=np.full((len(a.day), 4), 0.3), words=0 * a.words, unknown=0 * a.words)
        for a in (_answers(rng, 30, 20), _answers(rng, 7, 20))
    )
    watches = watch_reading(before, now, REASONS)
    assert [watch.is_outside for watch in watches] == [None, False, None, None, None, None]
    few = replace(before, scores=np.where(rng.random((len(before.day), 4)) < 0.5, 0.3, 0.7))
    assert [w.is_outside for w in watch_reading(few, now, REASONS)[2:]] == [True] * 4


def test_the_order_of_answers_and_the_names_of_days_do_not_matter():
    rng = np.random.default_rng(10)
    reference, window = _answers(rng, 30, 20, spread=0.2), _answers(rng, 7, 20)
    order = rng.permutation(len(reference.day))
    parts = [getattr(reference, part)[order] for part in ("words", "unknown", "unsure", "scores")]
    mixed = ReadAnswers(reference.day[order] * 3 + 20_000, *parts)
    for a, b in zip(watch_reading(reference, window, REASONS), watch_reading(mixed, window, REASONS), strict=True):
        assert (a.value, a.low, a.high) == pytest.approx((b.value, b.low, b.high))


def _audit(rng, n, recall, precision, share=0.25):
    truth = rng.random((n, len(REASONS))) < share
    wrong = share * recall * (1 - precision) / precision / (1 - share)
    inclusion = rng.choice([0.1, 0.5], n)
    return Audit(rng.random(truth.shape) < np.where(truth, recall, wrong), truth, inclusion)


def test_false_alarms_about_accuracy_are_about_one_in_a_hundred():
    rng = np.random.default_rng(11)
    alarms = [
        any(w.is_outside for w in watch_accuracy(_audit(rng, before, 0.8, 0.8), _audit(rng, now, 0.8, 0.8), REASONS))
        for before, now in [(400, 100)] * 250 + [(150, 150)] * 250
    ]
    assert sum(alarms) <= 11


def test_a_fall_of_accuracy_is_heard_and_a_rise_is_not():
    rng = np.random.default_rng(12)
    before, worse, better = (_audit(rng, 500, *both) for both in ((0.85, 0.85), (0.5, 0.5), (0.98, 0.98)))
    assert [w.is_outside for w in watch_accuracy(before, worse, REASONS)] == [True] * 4
    assert [w.is_outside for w in watch_accuracy(before, better, REASONS)] == [False] * 4


def test_of_a_small_audit_nothing_is_said():
    rng = np.random.default_rng(13)
    large, small = _audit(rng, 400, 0.8, 0.8), _audit(rng, 15, 0.8, 0.8)
    for before, now in ((small, large), (large, small)):
        watches = watch_accuracy(before, now, REASONS)
        assert [(w.name, w.reason, w.low, w.is_outside) for w in watches] == [
            ("accuracy", r, None, None) for r in REASONS
        ]


def test_the_edges_of_the_band_are_inside():
    assert Watch("unsure", None, 0.2, 0.1, 0.2, 50).is_outside is False
    assert Watch("unsure", None, 0.21, 0.1, 0.2, 50).is_outside is True
    assert Watch("unsure", None, None, 0.1, 0.2, 50).is_outside is None


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"words": [3]}, "Read answers need"),
        ({"scores": [0.1, 0.2]}, "Read answers need"),
        ({"scores": [[np.nan], [0.2]]}, "missing"),
        ({"unknown": [0, 9]}, "more unknown words"),
    ],
)
def test_what_does_not_fit_is_refused(change, words):
    parts = {"day": [1, 2], "words": [3, 4], "unknown": [0, 1], "unsure": [True, False], "scores": [[0.1], [0.2]]}
    with pytest.raises(ValueError, match=words):
        ReadAnswers(**{**parts, **change})
    with pytest.raises(ValueError, match="2 reasons"):
        watch_reading(ReadAnswers(**parts), ReadAnswers(**parts), ["price", "errors"])
