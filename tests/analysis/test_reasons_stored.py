"""Answers as they are stored, put together without making a Reading of each; and products of float16."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from analysis.reasons.half import product, widened
from analysis.reasons.model import ReasonModel
from analysis.reasons.reading import Reading
from analysis.reasons.scoring import Scored, rows_of
from analysis.reasons.starter import starter_model
from analysis.reasons.stored import rows_of_stored

TEXTS = ("Veel te duur. De monteur was onbeschoft! En alles was vies.", "", "rude staff", "Nooit meer.")
FINITE = st.floats(width=16, allow_nan=False, allow_infinity=False)


@pytest.fixture(scope="module")
def model() -> ReasonModel:
    return starter_model()


@pytest.fixture(scope="module")
def stored(model: ReasonModel) -> list[bytes]:
    return [reading.to_bytes() for reading in model.read(TEXTS)]


def test_the_same_rows_as_from_readings(model: ReasonModel, stored: list[bytes]) -> None:
    together = rows_of_stored(stored * 3, model.weights)
    one_by_one = rows_of([Reading.from_bytes(each) for each in stored * 3], model.encoder_id, 512)
    for name in ("vectors", "ids", "counts", "offsets", "starts"):
        assert np.array_equal(getattr(together, name), getattr(one_by_one, name))


def test_none_at_all(model: ReasonModel) -> None:
    assert Scored.of_rows(rows_of_stored([], model.weights), model.weights).probabilities.shape == (0, 11)


def test_an_answer_comes_out_the_same_whoever_stands_beside_it(model: ReasonModel, stored: list[bytes]) -> None:
    alone = Scored.of_rows(rows_of_stored(stored[:1], model.weights), model.weights)
    among = Scored.of_rows(rows_of_stored(stored * 100, model.weights), model.weights)
    assert (among.logits[::4] == alone.logits[0]).all()
    assert (among.probabilities[::4] == alone.probabilities[0]).all()


@pytest.mark.parametrize("reasons", [1, 3, 11, 12, 16, 30])
def test_a_product_does_not_depend_on_the_place_of_the_row(reasons: int) -> None:
    draw = np.random.default_rng(reasons)
    vectors = np.repeat(draw.normal(size=(1, 512)).astype(np.float16), 37, axis=0)
    found = product(vectors, draw.normal(size=(512, reasons)).astype(np.float32))
    assert found.shape == (37, reasons)
    assert (found == found[0]).all()


@given(at=st.integers(0, 10_000), byte=st.integers(0, 255), cut=st.integers(0, 10_000))
@settings(max_examples=200, deadline=None)
def test_damaged_bytes_are_refused_or_harmless(
    model: ReasonModel, stored: list[bytes], at: int, byte: int, cut: int
) -> None:
    """What `Reading.from_bytes` refuses is refused here too, and nothing else happens than a ValueError."""
    whole = stored[0]
    spoilt = bytearray(whole)
    spoilt[at % len(whole)] = byte
    for damaged in (bytes(spoilt), whole[: cut % len(whole)]):
        try:
            Reading.from_bytes(damaged)
            refused = False
        except ValueError:
            refused = True
        if refused:
            with pytest.raises(ValueError, match="."):
                rows_of_stored([whole, damaged], model.weights)
        else:
            try:
                rows = rows_of_stored([whole, damaged], model.weights)
            except ValueError:
                continue
            assert len(rows.starts) == 3


def test_what_another_encoder_made_is_refused(model: ReasonModel, stored: list[bytes]) -> None:
    foreign = stored[0].replace(model.encoder_id.encode(), b"x" * len(model.encoder_id))
    with pytest.raises(ValueError, match="another encoder"):
        rows_of_stored([stored[0], foreign], model.weights)


@given(arrays.arrays(np.float16, st.tuples(st.integers(0, 5), st.integers(1, 9)), elements=FINITE))
def test_float16_becomes_the_same_number(vectors: np.ndarray) -> None:
    assert np.array_equal(widened(vectors), vectors.astype(np.float32))


@pytest.mark.parametrize(("n", "d", "k"), [(0, 3, 2), (1, 512, 11), (300, 512, 11), (257, 4, 1), (3, 4000, 200)])
def test_products(n: int, d: int, k: int) -> None:
    draw = np.random.default_rng(1)
    vectors = (draw.normal(size=(n, d)) / np.sqrt(d)).astype(np.float16)
    weights = draw.normal(size=(d, k)).astype(np.float32)
    assert product(vectors, weights) == pytest.approx(vectors.astype(float) @ weights, abs=1e-5)
