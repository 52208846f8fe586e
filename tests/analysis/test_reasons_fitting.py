"""How labels of people are learnt: the manner that foretells best, and rare reasons that can be the likeliest."""

import numpy as np

from analysis.reasons.calibrating import Ground, Seen, calibrate
from analysis.reasons.encoder import CharacterEncoder, encoder
from analysis.reasons.examples import Examples
from analysis.reasons.features import PREPROCESSING, mark_weights
from analysis.reasons.fitting import fit
from analysis.reasons.model import ReasonModel
from analysis.reasons.reading import read
from analysis.reasons.scoring import rows_of
from analysis.reasons.starter import starter_corpus
from analysis.reasons.vocabulary import vocabulary_of, without_marks
from analysis.reasons.weights import Weights

SHARES = np.array([0.6, 0.34, 0.06])
KINDS = ("restaurant", "bank", "telecom", "insurer", "hotel")


def examples_of_businesses(number: int) -> Examples:
    """Answers labelled by the kind of business, which is no reason of ours: words tell it, our word lists do not."""
    chosen = [example for example in starter_corpus() if example.business in KINDS][:number]
    labels = np.array([[example.business == kind for kind in KINDS] for example in chosen])
    return Examples(
        readings=read([e.text for e in chosen], [e.language for e in chosen], encoder(CharacterEncoder.id)),
        labels=labels,
        weights=np.full(labels.shape, 3.0, np.float32),
        groups=np.arange(len(chosen)),
        reasons=KINDS,
        trusted=np.ones(len(chosen), dtype=bool),
        private=np.ones(len(chosen), dtype=bool),
    )


def test_many_labels_move_more_than_few_do() -> None:
    few, many = (fit(examples_of_businesses(number), 1).model for number in (200, 1_500))
    assert few.weights.about["strength"] < many.weights.about["strength"]


def test_a_vocabulary_without_marks_keeps_every_word() -> None:
    examples = examples_of_businesses(100)
    rows = rows_of(examples.readings, CharacterEncoder.id, examples.readings[0].vectors.shape[1])
    whole = vocabulary_of(rows, examples, None)
    words = without_marks(whole)
    is_mark = mark_weights()[whole.ids] > 0
    assert is_mark.any()
    assert words.ids.tolist() == whole.ids[~is_mark].tolist()
    assert words.idf.tolist() == whole.idf[~is_mark].tolist()


def rare_reasons(answers: int = 4_000) -> tuple[Seen, np.ndarray]:
    """Logits of three exclusive reasons that overlap, one of them rare; and which each answer gives."""
    draw = np.random.default_rng(20_261_126)
    truth = draw.choice(3, answers, p=SHARES)
    labels = np.eye(3, dtype=bool)[truth]
    logits = draw.normal(np.where(labels, 0.8, -0.8), 1.0)
    everyone = np.ones(answers, dtype=bool)
    return Seen(logits, np.ones(answers, np.int64), labels, np.ones((answers, 3)), everyone, Ground()), truth


def test_a_rare_reason_can_be_the_likeliest() -> None:
    seen, truth = rare_reasons()
    model = ReasonModel(calibrate(raw_weights(), seen, {}))
    probabilities = seen.probabilities(model.weights)
    plain, found = probabilities.argmax(axis=1), model.given(probabilities).argmax(axis=1)
    rare = truth == 2
    assert (found[rare] == 2).mean() > 1.5 * (plain[rare] == 2).mean()
    assert (found == truth).mean() > (plain == truth).mean() - 0.03


def test_exactly_one_exclusive_reason_is_given() -> None:
    seen, _ = rare_reasons()
    model = ReasonModel(calibrate(raw_weights(), seen, {}))
    assert (model.given(seen.probabilities(model.weights)).sum(axis=1) == 1).all()


def raw_weights() -> Weights:
    """Of a model that has learnt nothing yet."""
    return Weights(
        reasons=("common", "usual", "rare"),
        encoder_id=CharacterEncoder.id,
        preprocessing=PREPROCESSING,
        ids=np.empty(0, np.uint32),
        idf=np.empty(0, np.float32),
        unknown_idf=np.ones(1, np.float32),
        vector_weights=np.zeros((4, 3), np.float32),
        term_weights=np.zeros((0, 3), np.float32),
        intercept=np.zeros(3, np.float32),
        calibration=np.array([[1.0] * 3, [0.0] * 3, [0.0] * 3], np.float32),
        thresholds=np.full(3, 0.5, np.float32),
        about={},
    )
