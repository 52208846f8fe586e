"""Training on human labels: honest scores, a gate, any taxonomy, the same bytes twice."""

import numpy as np
import pytest

import analysis
from analysis.reasons.examples import folds
from analysis.reasons.gate import score
from analysis.reasons.starter import starter_corpus
from analysis.reasons.training import TrainingReport, train

PARKING = [
    "Nergens parkeerplek", "Je kunt er je auto niet kwijt", "Parkeren is een drama", "Geen plaats voor de auto",
    "Altijd zoeken naar een parkeerplaats", "Parkeergarage vol", "Betaald parkeren overal", "No parking at all",
    "Nowhere to leave my car", "The car park is always full", "Parking takes half an hour", "Parking is impossible",
]  # fmt: skip
DOGS = [
    "Mijn hond mocht niet mee naar binnen", "Honden zijn er verboden", "Met een hond word je weggestuurd",
    "Geen huisdieren toegestaan", "De puppy moest buiten blijven", "Ze houden niet van honden", "Dogs are not allowed",
    "I had to leave my dog outside", "No pets allowed", "They sent my puppy away", "Not a place for dog owners",
    "My labrador was refused",
]  # fmt: skip
TEXTS = [*PARKING, *DOGS]
LABELS = [("parking",)] * len(PARKING) + [("dogs",)] * len(DOGS)


@pytest.fixture(scope="module")
def report() -> TrainingReport:
    return train(TEXTS, LABELS, seed=5)


def test_any_taxonomy_is_learnt(report: TrainingReport) -> None:
    assert report.model.reasons == ("dogs", "parking")
    assert report.model.predict(["Waar laat ik mijn auto?", "My terrier could not come in"]) == [
        ("parking",),
        ("dogs",),
    ]


def test_the_report_says_how_good_it_is(report: TrainingReport) -> None:
    assert report.scores["parking"].answers == len(PARKING)
    assert report.macro_f1 == pytest.approx(np.mean([each.f1 for each in report.scores.values()]))
    assert report.macro_f1 > 0.8
    assert report.passed_gate
    assert report.refusals == ()
    assert f"{report.macro_f1:.3f}" in report.verdict


def test_the_same_answers_and_seed_give_the_same_model(report: TrainingReport) -> None:
    again = analysis.train(TEXTS, LABELS, seed=5)
    assert again.model.id == report.model.id
    assert again.scores == report.scores
    assert train(TEXTS, LABELS, seed=6).model.id != report.model.id


def test_noise_does_not_look_good() -> None:
    examples = [example for example in starter_corpus() if len(example.reasons) == 1][::9]
    texts = [example.text for example in examples]
    draw = np.random.default_rng(3)
    labels = [("heads",) if heads else ("tails",) for heads in draw.integers(0, 2, len(texts))]
    report = train(texts, labels, seed=1)
    assert all(each.precision < 0.65 for each in report.scores.values())


def test_weights_count(report: TrainingReport) -> None:
    light = train(TEXTS, LABELS, weights=[1.0] * len(PARKING) + [0.01] * len(DOGS), seed=5)
    text = ["Geen huisdieren"]
    assert light.model.predict_proba(text)[0, 0] < report.model.predict_proba(text)[0, 0]


def test_a_reason_that_nobody_gave_is_never_found() -> None:
    report = train(TEXTS, LABELS, reasons=("dogs", "parking", "weather"), languages=["nl"] * len(TEXTS), seed=5)
    assert report.scores["weather"].answers == 0
    assert all("weather" not in given for given in report.model.predict(TEXTS))


def test_answers_may_give_several_reasons_or_none() -> None:
    texts = [*TEXTS, "Prima tent", "Alles goed", "Geen parkeerplek en geen honden", "Nice place"]
    report = train(texts, [*LABELS, (), (), ("parking", "dogs"), ()], seed=5)
    assert report.scores["dogs"].answers == len(DOGS) + 1


@pytest.mark.parametrize(
    ("texts", "labels", "more", "said"),
    [
        (["a"], [], {}, "one list of reasons"),
        (["a"], [("x",)], {"weights": [1.0, 2.0]}, "one weight"),
        (["a"], [("x",)], {"reasons": ("y",)}, "not among the reasons: x"),
        (["a"], [()], {}, "there are no reasons"),
        (["te duur"] * 30, [("x",)] * 30, {}, "too few to learn from"),
        ([""] * 30, [("x",)] * 30, {}, "too few to learn from"),
    ],
)
def test_what_cannot_be_learnt_from_is_refused_in_words(
    texts: list[str], labels: list[tuple[str, ...]], more: dict[str, object], said: str
) -> None:
    with pytest.raises(ValueError, match=said):
        train(texts, labels, seed=1, **more)


def test_score_counts_hits() -> None:
    found, truth = np.array([1, 1, 1, 0, 0], bool), np.array([1, 0, 0, 1, 0], bool)
    one = score(found, truth)
    assert (one.precision, one.recall, one.f1, one.answers) == pytest.approx((1 / 3, 1 / 2, 0.4, 2))
    assert score(np.zeros(3, bool), np.zeros(3, bool)).f1 == 0


def test_a_group_is_never_on_both_sides_of_a_fold() -> None:
    groups = np.repeat(np.arange(12), 3)
    tested: list[int] = []
    for known, held_out in folds(groups, seed=2):
        assert not set(groups[known]) & set(groups[held_out])
        tested += held_out.tolist()
    assert sorted(tested) == list(range(36))
